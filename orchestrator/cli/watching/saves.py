"""Who notices that something was saved: the kernel's word for it, and a look now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from orchestrator.here.aside import begun
from orchestrator.workflows.watch.reading import Stamps, stamps

# Editors rename, write and rename again: what comes closer together than this is one save.
_TOGETHER_MS, _AT_MOST_MS = 10, 100
_LOOK_MS = 1000


class Saves:
    """folders: in which a change may matter; files: whose change does, wherever they lie. saved:
    called from another thread, at once for all that belongs together."""

    def __init__(self, saved: Callable[[], None]) -> None:
        self._saved = saved
        self._folders: frozenset[Path] = frozenset()
        self._stop = threading.Event()
        self._stamps: Stamps = {}

    def follow(self, folders: frozenset[Path], files: Iterable[Path]) -> bool:
        """From now on these are looked at; whether any was not before, so that nobody knows of a
        save of it until now."""
        before = self._stamps
        self._stamps = {file: before.get(file) for file in files}
        new = self._stamps.keys() - before.keys()
        self._stamps.update(stamps(new))
        self._listen_to(folders)
        return bool(new)

    def _listen_to(self, folders: frozenset[Path]) -> None:
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
        self._stamps = stamps(before)
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
