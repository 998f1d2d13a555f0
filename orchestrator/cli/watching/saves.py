"""Who notices that something was saved: the kernel's word for it, and a look now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from orchestrator.here.aside import begun

# Editors rename, write and rename again: what comes closer together than this is one save.
_TOGETHER_MS, _AT_MOST_MS = 20, 200
_LOOK_MS = 1000


class Saves:
    """folders: in which a change may matter; files: whose change does, wherever they lie. saved:
    called from another thread, at once for all that belongs together."""

    def __init__(self, saved: Callable[[], None]) -> None:
        self._saved = saved
        self._folders: frozenset[Path] = frozenset()
        self._stop = threading.Event()
        self._stamps: dict[Path, object] = {}

    def follow(self, folders: frozenset[Path], files: Iterable[Path]) -> None:
        """From now on these are looked at."""
        self._stamps = {path: _stamp(path) for path in files}
        there = frozenset(folder for folder in folders if folder.is_dir())
        if there == self._folders:
            return
        before, self._stop, self._folders = self._stop, threading.Event(), there
        begun(partial(self._listen, there, self._stop), "watching files")
        before.set()

    def close(self) -> None:
        self._stop.set()

    def look(self) -> bool:
        """Whether a file is not what it was when it was looked at last: where folders were replaced
        or lie on another machine, nobody may have said so."""
        before = self._stamps
        self._stamps = {path: _stamp(path) for path in before}
        return self._stamps != before

    def _listen(self, folders: frozenset[Path], stop: threading.Event) -> None:
        from watchfiles import watch

        changes = watch(
            *folders,
            stop_event=stop,
            step=_TOGETHER_MS,
            debounce=_AT_MOST_MS,
            rust_timeout=_LOOK_MS,
            recursive=False,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        for _ in changes:
            self._saved()


def _stamp(path: Path) -> object:
    try:
        known = path.stat()
    except OSError:
        return None
    return known.st_mtime_ns, known.st_size, known.st_ino
