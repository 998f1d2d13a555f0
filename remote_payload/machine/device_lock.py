"""One lock for each physical device, whoever asks for it and from wherever.

A GPU is known by its UUID and not by an index, which counts what CUDA_VISIBLE_DEVICES shows. A job
locks every GPU that it may use, and shares the machine with the other jobs that know their GPUs;
one that uses none, or does not know which, has the machine alone. The files lie where all users of
the machine may write, so that jobs of several workspaces and users take turns, too.

The kernel drops a lock with its last holder, so none goes stale, and a file alone is no lock.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import stat
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from remote_payload.contract.layout import JOBS, LOCKS, WARM

# A folder of one's own choice, say one that all containers with the same GPUs mount.
NAMED = "BLACKWELL_SPARSEK_LOCKS"
# The first of these that is as it should be; nobody's identity counts, so that all choose alike.
PLACES = ("/run/lock", "/tmp")
PREFIX, MACHINE, GPU = "blackwell-sparsek-", "machine", "gpu-"
# An nvidia-smi that hangs may not hold up the job for long; then the machine is its alone.
LOOK_LIMIT_S = 5.0
# In this time every holder has looked whether its file is still there (hold).
RETAKEN_S = 0.1
_OPEN_TO_ALL = 0o1777  # everybody may make files and nobody may remove those of others
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_NAMELESS = "a job that does not give its name"


class NoPlace(Exception):
    """The folder that a variable names cannot hold locks; the text says why."""


def gpus() -> Tuple[str, ...]:
    """UUIDs of the GPUs that a job in this environment may use, sorted; empty if none is known."""
    if shutil.which("nvidia-smi") is None:
        return ()
    from remote_payload.machine import (  # a host without GPUs starts sooner without
        nvidia_smi,
        visible_gpu,
    )

    visible_gpu.settle_order()
    found = visible_gpu.reachable(nvidia_smi.cards(LOOK_LIMIT_S))
    names = [card.uuid for card in found if card.uuid]
    return tuple(sorted(set(names))) if len(names) == len(found) else ()


class DeviceLock:
    """The locks of one job. note: why it holds only against jobs of this workspace, or empty."""

    def __init__(self, workspace: Path, gpus: Sequence[str]) -> None:
        self._jobs, self._warm = workspace / JOBS, workspace / WARM
        self._wanted = [(MACHINE, fcntl.LOCK_SH if gpus else fcntl.LOCK_EX)]
        self._wanted += [(_file_of(uuid), fcntl.LOCK_EX) for uuid in gpus]
        self.folder, self.note = _place(workspace, [name for name, _ in self._wanted])
        self._kept: Dict[str, int] = {}
        self._inherited: Dict[str, int] = {}
        self._seen: Dict[str, int] = {}

    def try_take(self, owner: str) -> Optional[str]:
        """None when all locks are taken, for the life of this process; else for whom to wait.

        Then none is taken, and the words are empty where that was over at the second look. The job
        inherits what is taken: should its supervisor be killed, the device stays taken for as long
        as the job really runs. OSError: a file of the folder cannot be used.
        """
        held: List[int] = []
        for name, how in self._wanted:
            held.append(_open(self.folder, name))
            settled = self._is_settled(name, held[-1])
            taken = _locked(held[-1], how) and _still_there(held[-1], self.folder, name)
            if taken and settled:
                continue
            holder = "" if taken else self._holder(held[-1], name == MACHINE, owner)
            for handle in held:
                os.close(handle)
            return holder
        for (name, how), handle in zip(self._wanted, held):
            self._keep(name, how, handle, owner)
        self._inherited = dict(self._kept)
        return None

    def _is_settled(self, name: str, handle: int) -> bool:
        """Whether it is the file of the look before: where that was removed, whoever held it takes
        this one at once (hold), and is not to come too late."""
        now = os.fstat(handle).st_ino
        before, self._seen[name] = self._seen.get(name, now), now
        return before == now

    def _keep(self, name: str, how: int, handle: int, owner: str) -> None:
        os.set_inheritable(handle, True)
        self._kept[name] = handle
        if how == fcntl.LOCK_EX:
            os.ftruncate(handle, 0)
            with contextlib.suppress(OSError):  # a full disk: locked all the same, nameless
                os.pwrite(handle, owner.encode(), 0)

    def release(self) -> None:
        """Let go of all; what was started by then and inherited them holds them on."""
        for handle in {*self._kept.values(), *self._inherited.values()}:
            os.close(handle)
        self._kept, self._inherited = {}, {}

    def hold(self, owner: str) -> str:
        """Take again each lock whose file somebody removed; why one cannot be had, or empty.

        What the job has started by then does not inherit it: while we live, it is held.
        """
        for name, how in self._wanted:
            if _still_there(self._kept[name], self.folder, name):
                continue
            try:
                handle = _open(self.folder, name)
            except OSError as exc:
                return f"{exc.filename or self.folder}: {exc.strerror}"
            if not _locked(handle, how) or not _still_there(handle, self.folder, name):
                holder = _read(handle) or _NAMELESS
                os.close(handle)
                return f"{holder} has taken it"
            # The first one stays open: by it the job is known, should we be killed.
            if self._kept[name] != self._inherited[name]:
                os.close(self._kept[name])
            self._keep(name, how, handle, owner)
        return ""

    def _holder(self, handle: int, is_machine: bool, owner: str) -> str:
        """For people: the run that holds this lock, without where its workspace is."""
        run_id = _read(handle)
        if is_machine and _locked(handle, fcntl.LOCK_SH):
            # Those who share the machine write nothing there; the locks of their GPUs tell.
            files = sorted(self.folder.glob(f"{PREFIX}{GPU}*"))
            run_id = next(filter(None, map(_holder_of, files)), "")
            if not run_id:
                return ""
        if not _RUN_ID.fullmatch(run_id):
            return _NAMELESS
        here = (self._jobs / run_id).is_dir() or any(self._warm.glob(f"*/{run_id}"))
        is_here = run_id != owner and here  # nobody waits for himself
        return run_id if is_here else f"{run_id} of another workspace"


def _file_of(uuid: str) -> str:
    return GPU + re.sub(r"[^a-z0-9-]", "_", uuid.lower()).replace(GPU, "", 1)


def _place(workspace: Path, names: Sequence[str]) -> Tuple[Path, str]:
    """(the folder for locks of these names, "") or (one of the workspace's own, why)."""
    named = os.environ.get(NAMED)
    if named:
        if not os.path.isabs(named) or not os.path.isdir(named):
            raise NoPlace(f"{NAMED}={named} is no folder; make it, with mode 1777, or unset it")
        return Path(named), ""
    why = f"neither {' nor '.join(PLACES)} is a folder open to all"
    for place in PLACES:
        try:
            facts = os.lstat(place)
            if stat.S_ISDIR(facts.st_mode) and facts.st_mode & _OPEN_TO_ALL == _OPEN_TO_ALL:
                for name in names:
                    os.close(_open(Path(place), name))
                return Path(place), ""
        except OSError as exc:
            if exc.errno not in (errno.ENOENT, errno.EROFS):
                # Others may be luckier there, so the next place would be for us alone as well.
                why = f"{exc.filename or place}: {exc.strerror}"
                break
    own = workspace / LOCKS
    own.mkdir(parents=True, exist_ok=True)
    return own, why


def _open(folder: Path, name: str) -> int:
    """The file of a lock, made where there is none. Never through a link; OSError."""
    path = str(folder / f"{PREFIX}{name}")
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        # First without O_CREAT: with it Linux refuses files of others in such a folder
        # (Documentation/admin-guide/sysctl/fs.rst, protected_regular).
        handle = os.open(path, flags)
    except FileNotFoundError:
        mask = os.umask(0)
        try:
            handle = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            handle = os.open(path, flags)
        finally:
            os.umask(mask)
    facts = os.fstat(handle)
    # A second name would be somebody's way to have us write into another file.
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1:
        os.close(handle)
        raise OSError(errno.EPERM, "is not a plain file of its own", path)
    return handle


def _locked(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _still_there(handle: int, folder: Path, name: str) -> bool:
    """Whether others would open the same file: somebody may have cleared the folder."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(str(folder / f"{PREFIX}{name}")))
    except OSError:
        return False


def _read(handle: int) -> str:
    return os.pread(handle, 200, 0).decode("utf-8", "replace").strip()


def _holder_of(path: Path) -> str:
    """What the holder of this lock wrote; empty if nobody holds it."""
    try:
        handle = os.open(str(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        return "" if _locked(handle, fcntl.LOCK_SH) else _read(handle)
    except OSError:
        return ""
    finally:
        os.close(handle)
