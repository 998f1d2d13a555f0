"""What the user's OpenSSH client would do for a host: its whole configuration, by `ssh -G`.

It is asked instead of a parser of ours or Paramiko's (which ignores Include and most of Match):
nobody reads ssh_config(5) better, it takes 20 ms, and it runs while Paramiko loads.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import children, shared_file
from orchestrator.here.hearing import heard_out
from orchestrator.values.command import Command
from orchestrator.values.host import Host

_SYSTEM_CONFIG = "/etc/ssh/ssh_config"
_LIMIT_S = 20.0  # a `Match exec` may look at the network
_TOKEN = re.compile(r"\$\{([^}]*)\}|%(.?)", re.DOTALL)


@dataclass(frozen=True)
class Said:
    """The answer of `ssh -G`: for each keyword, in small letters, its lines in their order."""

    values: Mapping[str, tuple[str, ...]]

    def one(self, keyword: str) -> str | None:
        """The first value; None where there is none, or `none`."""
        value = self.all(keyword)[:1] or ("none",)
        return None if value[0] in ("", "none") else value[0]

    def all(self, keyword: str) -> tuple[str, ...]:
        """Every value, `none` among them."""
        return self.values.get(keyword, ())


def ask(host: Host) -> Said:
    """What `ssh` would use for host; the inventory's port and user are told to it.

    UsageError: a configuration that it does not read, or no whole answer in time.
    """
    assert host.address is not None
    with _configuration() as file:
        words = ["ssh", "-G", "-T", "-F", file]
        words += ["-p", str(host.port)] if host.port else []
        words += ["-l", host.user] if host.user else []
        words += ["--", host.address]
        with children.started(words) as ssh:
            told, complaint = _heard(host, ssh)
        if ssh.returncode != 0:
            raise _refused(host, complaint, file)
    said: dict[str, tuple[str, ...]] = {}
    for line in os.fsdecode(told).split("\n"):
        keyword, _, value = line.partition(" ")
        said[keyword] = (*said.get(keyword, ()), value)
    return _whole(host, Said(said))


def _whole(host: Host, said: Said) -> Said:
    """The same; UsageError where it is not what every OpenSSH says."""
    port, limit = said.one("port") or "", said.one("connecttimeout") or "0"
    numbers = port.isdecimal() and 0 < int(port) < 1 << 16 and limit.isdecimal()
    if said.one("hostname") and numbers:
        return said
    raise UsageError(
        f"`ssh -G` does not say how to reach {host.where}: it lacks a hostname or a number",
        hint="`type ssh` shows which program answers in OpenSSH's place; try "
        f"`{Command(('ssh', '-G', host.address or ''))}`.",
    )


def _heard(host: Host, ssh: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """What ssh tells and complains of to its end; UsageError where it comes to none."""
    try:
        return heard_out(ssh, b"", time.monotonic() + _LIMIT_S)
    except TimeoutError as error:
        raise UsageError(
            f"the OpenSSH client does not say within {_LIMIT_S:g} s how to reach {host.where}",
            hint="Does a `Match exec` of ~/.ssh/config hang? Try "
            f"`{Command(('ssh', '-G', host.address or ''))}`.",
        ) from error


def _refused(host: Host, stderr: bytes, file: str) -> UsageError:
    lines = [line.strip() for line in os.fsdecode(stderr).splitlines()]
    why = "; ".join(line for line in lines if line and not line.startswith(file))
    bad = re.search(
        r"(?:Bad owner or permissions on|Can't open user config file) (/.*?)(?::|$)", why
    )
    hint = f"Try `{Command(('ssh', '-G', host.address or ''))}`, and correct ~/.ssh/config or the "
    hint = hint + "address."
    if bad and "Bad owner" in bad[0]:
        words = Command(("chown", str(os.getuid()), bad[1]))
        hint = f"It must be yours, and nobody else may write it: `{words}`, and "
        hint += f"`{Command(('chmod', 'go-w', bad[1]))}`."
    elif bad:
        hint = shared_file.how_to_reach(Path(bad[1]))
    return UsageError(
        f"the OpenSSH client cannot tell how to reach {host.where}: {why or 'it does not say why'}",
        hint=hint,
    )


@contextmanager
def _configuration() -> Iterator[str]:
    """A file that reads the user's configuration, and then the system's.

    Not a pipe: for `Match final` and CanonicalizeHostname ssh reads it a second time. And ssh
    itself would look up the home directory in passwd, whatever $HOME says.
    """
    own = Path.home() / ".ssh" / "config"
    lines = [f"Include {_quoted(own)}\n"] if _is_there(own) else []
    with (
        tempfile.NamedTemporaryFile(prefix="ssh_config.") as file,
        children.at_the_end(Path(file.name).unlink),
    ):
        file.write(os.fsencode("".join([*lines, f"Match all\nInclude {_SYSTEM_CONFIG}\n"])))
        file.flush()
        yield file.name


def _is_there(config: Path) -> bool:
    """Whether the user has a configuration. ssh passes over a folder that it may not enter."""
    try:
        kind = shared_file.no_file(config)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise UsageError(
            f"{config} cannot be read: {error.strerror}", hint=shared_file.how_to_reach(config)
        ) from error
    if kind and not config.samefile("/dev/null"):
        raise UsageError(
            f"{config} cannot be read: it is {kind}",
            hint="Move it away, or put your configuration there.",
        )
    return True


def _quoted(path: Path) -> str:
    literal = re.sub(r"([*?\[\]\\])", r"\\\1", str(path))
    return '"' + re.sub(r'(["\\])', r"\\\1", literal) + '"'


def expanded(keyword: str, text: str, tokens: Mapping[str, str], *, variables: bool) -> str:
    """text of ssh_config with its tokens replaced, and ${VAR} where `variables`.

    UsageError: a token that means nothing there, or a variable that is not set: ssh ends there too.
    """

    def meaning(found: re.Match[str]) -> str:
        name, token = found.groups()
        if name is not None and not variables:
            return found[0]
        value = tokens.get(token) if name is None else os.environ.get(name)
        if value is not None:
            return value
        what = f"the environment variable {name} is not set" if name else f"{found[0]} is unknown"
        raise UsageError(
            f"`{keyword} {text}` of ~/.ssh/config cannot be used: {what}",
            hint=f"Set it: `export {name}=...`, or correct that line."
            if name
            else f"Correct that line; of the tokens, we know there: %{', %'.join(sorted(tokens))}.",
        )

    return _TOKEN.sub(meaning, text)
