"""What `--operator` names: one of ours, an entry of kernels.yaml, or a file of the user's.

Nothing of a user's file runs here: its text is read, so that what can be told at once is told at
once, and its host tells the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import regular_file
from orchestrator.store.kernels import reading as kernels
from orchestrator.store.kernels.users_provider import UsersProvider
from orchestrator.sync.neighbours import neighbours
from orchestrator.workflows.own import OPERATORS_FOLDER, Beside, Own
from orchestrator.workflows.problems import problems, recognise
from remote_payload.contract.case import Value
from remote_payload.contract.request import Sweep
from remote_payload.operators import registry
from remote_payload.operators.base import Axis, Operator
from remote_payload.operators.user import protocol, stated

NOTHING = Beside()
_FILE = re.compile(r"(?P<file>.+\.py)(?::(?P<part>[A-Za-z_]\w*))?\Z", re.ASCII | re.DOTALL)
_FORM = "path.py, or path.py:Class for a class in it"


@dataclass(frozen=True)
class Choice:
    """What is computed. operator: one of ours; own: the user's. Exactly one of them is there.

    providers: those that kernels.yaml knows for it.
    """

    operator: Operator | None
    own: Own | None = None
    providers: tuple[UsersProvider, ...] = ()

    @property
    def name(self) -> str:
        return self.operator.name if self.operator else self.own.name if self.own else ""

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Those that are known here; none where only the host can tell."""
        return self.operator.axes if self.operator else self.own.said.axes if self.own else ()

    @property
    def axis_names(self) -> str:
        """The axes for people; empty where only the host can tell."""
        if self.operator is not None:
            return self.operator.axis_names
        return ", ".join(axis.name for axis in self.axes)


def choose(text: str, here: Path, wanted: tuple[str, ...] = (), beside: Beside = NOTHING) -> Choice:
    """What `text` names. here: where files are looked for. wanted: providers asked for by name,
    which kernels.yaml may know. beside: what was given with a problem of another's format.
    UsageError."""
    ours = registry.known(text)
    path = here / Path(text).expanduser()
    format = "" if ours or not text else recognise.format_of(path)
    if format == "folder":
        raise UsageError(
            f"--operator: {text} is a folder",
            hint="Only check, bench and profile take many problems.",
        )
    if format:
        return Choice(None, problems.own(format, path, beside))
    if unread := beside.unread(()):
        raise UsageError(
            f"{unread} goes with a problem of another's format, and {text} is none",
            hint="docs/problem-formats.md says which formats there are.",
        )
    if ours is not None:
        strangers = [name for name in wanted if name not in ours.by_name]
        entry = kernels.find(here).entries.get(text) if strangers else None
        return Choice(ours, None, entry.providers if entry else ())
    match = _FILE.match(text)
    if match is not None:
        return Choice(
            None, _own(here / Path(match["file"]).expanduser(), match["part"] or "", text)
        )
    entries = kernels.find(here).entries
    entry = entries.get(text)
    if entry is None or entry.file is None:
        own = f"{kernels.FILE_NAME} has {', '.join(entries)}" if entries else "or a file of yours"
        raise UsageError(
            f"--operator: {text!r} is unknown; ours are {', '.join(registry.names())}; {own}",
            hint=f"A file of your own is {_FORM}; docs/operators.md says what is in it.",
        )
    return Choice(None, _own(entry.file, entry.part, str(entry.file)), entry.providers)


def _own(path: Path, part: str, shown: str) -> Own:
    """shown: the path, for messages."""
    try:
        text = regular_file.read_bytes(path)
    except OSError as exc:
        raise UsageError(
            f"--operator: {shown} cannot be read: {exc.strerror or exc}",
            hint=f"Give a path relative to where you are: {_FORM}.",
        ) from exc
    if ":" in path.name:
        raise UsageError(f"--operator: {path.name} has a colon in its name", hint="Rename it.")
    try:
        said = protocol.read(stated.from_text(text, shown, part))
    except stated.BadOperator as exc:
        raise UsageError(str(exc), hint="docs/operators.md has a complete example.") from exc
    # A folder of its own: no other file of the user's is its neighbour.
    inside = f"{OPERATORS_FOLDER}/{path.stem}"
    extra = tuple((f"{inside}/{one.name}", one) for one in (path, *neighbours(path)))
    behind = f":{part}" if part else ""
    return Own(f"{path.name}{behind}", f"{inside}/{path.name}{behind}", said, extra)


def sweeps_of(sweeps: Iterable[Mapping[str, tuple[Value, ...]]]) -> tuple[Sweep, ...]:
    """As a request has them."""
    return tuple(tuple(sweep.items()) for sweep in sweeps if sweep)
