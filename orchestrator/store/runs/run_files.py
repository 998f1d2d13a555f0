"""Reading back the files of a run: whole and of the form that we write, or refused with the file,
the key and what was expected. Whatever a file holds, nothing but RunError comes of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.errors import RunError
from orchestrator.here import regular_file
from orchestrator.here.local_fault import is_a_limit, told
from orchestrator.store.runs import bounds, upgrade
from orchestrator.store.runs.naming import CARD as CARD
from orchestrator.store.runs.naming import is_id
from orchestrator.values.command import typed
from orchestrator.values.job import JobEnd
from orchestrator.values.price import Price
from orchestrator.values.run import RunCard
from remote_payload.contract import codec
from remote_payload.contract.layout import END, REQUEST, RESULT
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import SCHEMA

PRICE = "price.json"
# In a run's folder: the run on another host whose counters it borrowed.
LENT = "lent"
# The raw samples of ten thousand cases take some ten MB.
LIMIT_BYTES = 256 << 20
_AGAIN = "Fetch it again with `orchestrator attach {}`, or repeat the run."
# Only the card knows the host, and whose the job is.
_ANEW = (
    "Bring the run home anew with `orchestrator runs rm {0}`, then "
    "`orchestrator attach {1} --host NAME`, or repeat it."
)
# Characters of a name that is none.
_SHOWN = 60
T = TypeVar("T")


def card(folder: Path) -> RunCard:
    """What the command knew that made the run. Its names go into commands and paths."""
    made = _read(RunCard, folder / CARD)
    if not is_id(made.run_id):
        raise corrupt(folder / CARD, f"run_id: {_short(made.run_id)} is no run id")
    if "\0" in made.host:
        raise corrupt(folder / CARD, f"host: {_short(made.host)} holds a NUL, which no name does")
    return made


def _short(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")


def request(folder: Path) -> Request:
    """What was asked; RunError also where it was asked by a newer version."""
    return _read_of_schema(Request, folder / REQUEST)


def result(folder: Path) -> Result | None:
    """What came back; None if nothing did."""
    path = folder / RESULT
    return result_at(path) if _is_there(path) else None


def result_at(path: Path) -> Result:
    """The result in a file, of whatever schema there was."""
    return _read_of_schema(Result, path)


def end(folder: Path) -> JobEnd | None:
    """How the job ended; None while nobody knows."""
    path = folder / END
    return _read(JobEnd, path) if _is_there(path) else None


def price(folder: Path) -> Price | None:
    """What it cost; None where nobody asked."""
    path = folder / PRICE
    return _read(Price, path) if _is_there(path) else None


def _is_there(path: Path) -> bool:
    """Also a link that leads nowhere: somebody put it there, and it is no file of ours."""
    return os.path.lexists(path)


def _read(kind: type[T], path: Path) -> T:
    return _decoded(kind, path, _document(path))


def _read_of_schema(kind: type[T], path: Path) -> T:
    document = _document(path)
    schema = document.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise RunError(
            f"{path}: schema: written by a newer version (schema {schema}, "
            f"this version reads up to {SCHEMA})",
            hint="Update the orchestrator; the run is untouched.",
        )
    if type(schema) is not int or schema > 1:
        return _decoded(kind, path, document)
    if schema < 1:
        raise corrupt(path, f"schema: {schema:.6g}, expected at least 1")
    try:
        upgraded: T = _UPGRADES[kind](document)
        return upgraded
    except RecursionError:
        raise corrupt(path, "nested too deeply") from None
    except codec.CodecError as exc:
        raise corrupt(path, str(exc)) from exc


# From schema 1, the only older one.
_UPGRADES: dict[Any, Callable[[dict[str, Any]], Any]] = {
    Request: upgrade.request,
    Result: upgrade.result,
}


def _decoded(kind: type[T], path: Path, document: Any) -> T:
    try:
        return bounds.checked(codec.decode(kind, document))
    except codec.CodecError as exc:
        raise corrupt(path, str(exc) if exc.key else exc.problem) from exc


def _document(path: Path) -> dict[str, Any]:
    try:
        document = codec.parse(_bytes(path).decode("utf-8"))
        if isinstance(document, dict):
            return document
        raise corrupt(path, f"not valid JSON of ours (a {type(document).__name__}, no object)")
    except codec.CodecError as exc:
        raise corrupt(path, exc.problem) from exc
    except UnicodeDecodeError as exc:
        raise corrupt(path, f"it is no UTF-8 text from byte {exc.start} on") from exc
    except OSError as exc:
        if is_a_limit(exc):
            raise told(exc) from exc
        raise _not_read(path, exc) from exc


def _bytes(path: Path) -> bytes:
    """The file's bytes; a device, a pipe or a folder in its place is not waited for."""
    with regular_file.opened(path) as source:
        size = os.fstat(source.fileno()).st_size
        if size > LIMIT_BYTES:
            raise OSError(
                f"it has {size / 1e6:.0f} MB, and none of ours more than {LIMIT_BYTES / 1e6:.0f} MB"
            )
        return source.read(size + 1)  # room for more would be taken from a machine that has none


def _not_read(path: Path, exc: OSError) -> RunError:
    """What lies there is damaged; what is missing, or may not be read, is not."""
    problem = exc.strerror or str(exc)
    if exc.errno is None or isinstance(exc, regular_file.NotRegular):
        return corrupt(path, problem)
    again = "" if exc.errno != errno.ENOENT else f" {_again(path)}"
    return RunError(f"{path}: {problem}", hint=f"{told(exc).hint}{again}".strip())


def corrupt(path: Path, problem: str) -> RunError:
    """What to say of a file of a run that is not as we write it."""
    return RunError(
        f"{path}: {problem}",
        hint=f"The file is damaged and was left as it is. {_again(path)}",
    )


def _again(path: Path) -> str:
    name = typed(path.parent.name)
    if path.name != CARD:
        return _AGAIN.format(name)
    return _ANEW.format(name, typed(known_as(path.parent)))


def known_as(folder: Path) -> str:
    """What its host calls a run whose card tells nothing: as it was asked for, else as the folder
    is called, which may have been renamed."""
    with suppress(RunError):
        if is_id(asked := request(folder).run_id):
            return asked
    return folder.name
