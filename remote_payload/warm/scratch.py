"""The folder of one warm process, for as long as it lives: `code` leads to the snapshot of the
turn, `snapshot` names it for those who remove old ones, `lock` is held, each turn has a folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from pathlib import Path

from remote_payload.contract.layout import SNAPSHOTS, WARM
from remote_payload.processes.snapshot import remove_all

_LOCK, _NEW = "lock", ".new-"
_TAKES_S = 60.0  # at most, to make a folder


class Scratch:
    """Made anew; what others left that were killed goes. OSError: there is no room, or no right."""

    def __init__(self, workspace: Path) -> None:
        self._store = workspace / SNAPSHOTS
        places = workspace / WARM
        places.mkdir(mode=0o700, parents=True, exist_ok=True)
        _prune(places)
        name = f"{os.getpid()}-{secrets.token_hex(4)}"
        draft = places / (_NEW + name)
        draft.mkdir(0o700)
        self._lock = os.open(str(draft / _LOCK), os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.folder = places / name
        draft.rename(self.folder)

    @property
    def code(self) -> Path:
        """Where the payload finds itself, whichever snapshot that is at the time."""
        return self.folder / "code"

    def enter(self, digest: str) -> Path:
        """From now on that snapshot is in use; its folder."""
        (self.folder / "snapshot").write_text(digest + "\n")
        draft = self.folder / "code.new"
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
        draft.symlink_to(self._store / digest)
        os.replace(str(draft), str(self.code))
        return self._store / digest

    def turn(self, run_id: str) -> Path:
        """A new empty folder of one turn."""
        folder = self.folder / os.path.basename(run_id)
        remove_all(str(folder))
        folder.mkdir(0o700)
        return folder

    def remove(self) -> None:
        """All of it."""
        remove_all(str(self.folder))
        os.close(self._lock)


def _prune(places: Path) -> None:
    for entry in os.scandir(places):
        with contextlib.suppress(OSError):
            if _is_left(entry):
                remove_all(entry.path)


def _is_left(entry: os.DirEntry[str]) -> bool:
    """Whether nobody holds it: the kernel drops a lock with its holder."""
    try:
        handle = os.open(os.path.join(entry.path, _LOCK), os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > _TAKES_S
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
