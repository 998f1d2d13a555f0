"""A stranger's problem is a stranger's code: on this machine it runs once somebody said yes."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from orchestrator.cli.screen import console, questions
from orchestrator.errors import UsageError
from orchestrator.here import regular_file
from orchestrator.values.host import Host, TransportKind

_FILE = ".trusted"


def require_trust(host: Host, path: Path, runs: Path, said: bool) -> None:
    """Ask before what `path` holds runs on this machine, once for each path; UsageError for a no,
    and where nobody can be asked. said: it was said on the command line."""
    if host.kind is not TransportKind.LOCAL or said:
        return
    mark = hashlib.sha256(str(path.resolve()).encode()).hexdigest()
    known = b""
    with contextlib.suppress(OSError):
        known = regular_file.read_bytes(runs / _FILE)
    if mark.encode() in known.split():
        return
    what = f"{path} is somebody's code, and would run on this machine, as you."
    if not (console.on_terminal() and questions.can_type()):
        raise UsageError(
            f"{what} Nobody can be asked whether that is all right",
            hint="Add --yes, or choose another host with --host.",
        )
    if not questions.confirm(what, "Run it here?"):
        raise UsageError("not run", hint="Choose another host with --host; --yes asks no more.")
    with contextlib.suppress(OSError):  # then it asks again
        runs.mkdir(parents=True, exist_ok=True)
        with regular_file.appended(runs / _FILE) as file:
            file.write(f"{mark}\n".encode())
