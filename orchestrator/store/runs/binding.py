"""What binds a run's folder together: its card says of each file how large it was and what its
digest, when it came home or when we wrote it.

Whoever reads a file of a run looks whether it is still that one. A file that is not is told of and
left as it is: only its host can say what it was. A card of before binds nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import RunError
from orchestrator.here import regular_file
from orchestrator.store.runs import run_files
from orchestrator.store.runs.run_files import CARD, LENT
from orchestrator.values.job import JobEnd
from orchestrator.values.run import BoundFile, Changed, Run, RunCard
from remote_payload.contract import codec, writing
from remote_payload.contract.layout import ARTIFACTS, END, LOG, REQUEST, RESULT

# What is read whenever a run is, so that its digest costs next to nothing.
_ALWAYS_READ = (REQUEST, RESULT, END)
_FROM_HOST = (RESULT, LOG)
_LENT_CARD = f"{LENT}/{CARD}"
_BLOCK_BYTES = 1 << 20
_HALF = ".partial"


def put(folder: Path, path: str, text: str) -> BoundFile:
    """Write one of our own files of a run, whole or not at all, and say what was written."""
    data = text.encode("utf-8", "backslashreplace")
    writing.write_whole(regular_file.own(folder / path), data)
    return BoundFile(path, len(data), hashlib.sha256(data).hexdigest())


def with_files(card: RunCard, files: Iterable[BoundFile]) -> RunCard:
    """The card with these files as they are now, and the others as it has them."""
    bound = {one.path: one for one in (*card.files, *files)}
    return replace(card, files=tuple(bound[path] for path in sorted(bound)))


def bind(folder: Path, files: Iterable[BoundFile]) -> None:
    """Note in the card what these files are; for whoever is alone in the folder of all runs. A card
    that nobody can read is left as it is, and binds nothing."""
    with suppress(RunError):
        card = with_files(run_files.card(folder), files)
        codec.write_atomic(regular_file.own(folder / CARD), codec.dumps(card))


def lies_there(folder: Path, path: str) -> BoundFile:
    """What a file of a run is now. OSError, ValueError: it cannot be read, or is none."""
    digest, size = hashlib.sha256(), 0
    with regular_file.opened(folder / path) as source:
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    return BoundFile(path, size, digest.hexdigest())


def changed(
    folder: Path, card: RunCard, paths: Collection[str] = _ALWAYS_READ
) -> tuple[Changed, ...]:
    """Those of the run's files that are not what its card says of them."""
    found = (_change(folder, one) for one in card.files if one.path in paths)
    return tuple(filter(None, found))


def as_read(folder: Path, card: RunCard, end: JobEnd | None) -> tuple[Changed, ...]:
    """What of a run that is read is not what came home; its result has to be, too, what its job
    had left when it ended."""
    found = changed(folder, card)
    if RESULT in [one.path for one in found] or not os.path.lexists(folder / RESULT):
        return found
    known = {one.path for one in card.files}
    if known >= {REQUEST, END} and RESULT not in known:
        return (*found, Changed(RESULT, "is not of the run's own: its job left none"))
    with suppress(OSError):
        if end and end.result_sha256 not in ("", lies_there(folder, RESULT).sha256):
            return (*found, Changed(RESULT, "is not what its job had left when it ended"))
    return found


def examined(run: Run, folder: Path) -> Run:
    """The run, with every file of its folder looked at: log and artifacts too."""
    every = [one.path for one in run.card.files]
    always = as_read(folder, run.card, run.end)
    found = (*always, *changed(folder, run.card, [p for p in every if p not in _ALWAYS_READ]))
    added = (Changed(path, "is not of the run's own") for path in _added(folder, run.card))
    return replace(run, changed=(*found, *added))


def _added(folder: Path, card: RunCard) -> Iterator[str]:
    """Artifacts that did not come home, and counters that nobody lent; of a run that is home, as
    before nobody can tell."""
    known = {one.path for one in card.files}
    if not known >= {REQUEST, END}:
        return
    if os.path.lexists(folder / _LENT_CARD) and _LENT_CARD not in known:
        yield _LENT_CARD
    for base, _, names in sorted(os.walk(folder / ARTIFACTS)):
        for name in sorted(names):
            path = Path(base, name).relative_to(folder).as_posix()
            if path not in known and not name.endswith(_HALF):
                yield path


def _change(folder: Path, bound: BoundFile) -> Changed | None:
    theirs = bound.path in _FROM_HOST or bound.path.startswith(f"{ARTIFACTS}/")
    came = "came home" if theirs else "was written"
    try:
        if not os.path.lexists(folder / bound.path):
            return Changed(bound.path, f"{came} and is gone", is_gone=True)
        size_bytes = (folder / bound.path).stat().st_size
        if size_bytes == bound.size_bytes and lies_there(folder, bound.path) == bound:
            return None
        how = f"{size_bytes:,} bytes, not {bound.size_bytes:,}"
        if size_bytes == bound.size_bytes:
            how = "as many bytes, but others"
    except (OSError, ValueError) as exc:
        how = getattr(exc, "strerror", None) or str(exc)
    return Changed(bound.path, f"is not what {came} ({how})")
