"""The OpenSSH client beside ours, in the same case: what it can do, we should."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.ssh.server import SshServer


def openssh(
    server: SshServer, *options: str, answers: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `true` on server with the user's own `ssh`; exit status 0 if it was let in.

    options: such as `-i FILE`. answers: a program that is asked what a person would be; without
    it nobody can be asked (BatchMode).
    """
    kind, blob = Path(f"{server.host_key}.pub").read_text().split()[:2]
    known = server.directory / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} {kind} {blob}\n")
    words = ["ssh", "-F", "none", "-p", str(server.port), "-o", f"UserKnownHostsFile={known}"]
    words += ["-o", f"BatchMode={'no' if answers else 'yes'}"]
    environment = dict(os.environ)
    if answers:
        environment |= {"SSH_ASKPASS": str(answers), "SSH_ASKPASS_REQUIRE": "force"}
    return subprocess.run(
        [*words, *options, "127.0.0.1", "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )


def answering(directory: Path, *answers: tuple[str, str]) -> Path:
    """A program for SSH_ASKPASS: (part of the question, answer), the first that fits."""
    lines = "\n".join(f"*{part!r}*) echo {answer!r};;" for part, answer in answers)
    program = directory / "answers"
    program.write_text(
        f'#!/bin/sh\necho "$1" >> {directory}/asked\ncase "$1" in\n{lines}\n*) exit 1;;\nesac\n'
    )
    program.chmod(0o755)
    return program
