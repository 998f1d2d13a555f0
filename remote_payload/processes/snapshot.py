"""Whether a published snapshot is still what its digest says.

Part of the agents `receive` and `job`, which travel, and of the supervisor. Beside `<digest>/` lies
its record, `<digest>.json`: rows [path, kind, size, content, seen], sorted. kind is f(ile),
x (executable file) or l(ink), content a sha256 or a link's target; the first four columns are the
manifest, whose sha256 is the digest. seen is what lstat told of the file when it was known to hold
what it should, [mtime_ns, ctime_ns, inode]: while that stays the same, the file is not read again.
The kernel sets the ctime at every change, so that one with the old size and time is seen, too.
"""

import contextlib
import json
import os
import stat
from typing import Any, Dict, List, NamedTuple

READ_ONLY = {"f": 0o444, "x": 0o555}
FOLDER_MODE = 0o555
Row = List[Any]


class Look(NamedTuple):
    """rows: those of the record that hold, with what was seen of them now. wrong: paths that are
    damaged or not there; extra: of what is there and is none of the snapshot's. read: whether any
    file had to be read."""

    rows: List[Row]
    wrong: List[str]
    extra: List[str]
    read: bool


def digest_of(rows: Any) -> str:
    """Of the manifest in these rows."""
    import hashlib

    text = json.dumps([row[:4] for row in rows], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def rows_of(store: str, digest: str) -> List[Row]:
    """The record of a snapshot in the folder `store`; none if it is missing or damaged."""
    record = os.path.join(store, digest + ".json")
    try:
        if not os.path.isfile(record):  # a FIFO would be waited for without end
            return []
        with open(record) as handle:
            rows = json.load(handle)
        return rows if digest_of(rows) == digest and all(len(row) == 5 for row in rows) else []
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return []


def seen(now: os.stat_result) -> List[int]:
    """What changes whenever a file does."""
    return [now.st_mtime_ns, now.st_ctime_ns, now.st_ino]


def look(store: str, digest: str) -> Look:
    """One pass over all that lies there. Modes are put right on the way, where the disk has any."""
    top = os.path.join(store, digest)
    rows, there = rows_of(store, digest), _listed(top)
    good: List[Row] = []
    wrong: List[str] = []
    read = False
    for row in rows:
        now = there.get(row[0])
        same = now is not None and _alike(row, now) and row[4] == seen(now)
        if now is not None and not same and _holds(os.path.join(top, row[0]), row, now):
            read, same = True, True
            row = [*row[:4], seen(os.lstat(os.path.join(top, row[0])))]
        if same:
            good.append(row)
        else:
            wrong.append(row[0])
    ours = waiting = {row[0] for row in rows}
    while waiting:
        waiting = {path.rpartition("/")[0] for path in waiting} - ours
        ours |= waiting
    return Look(good, wrong, sorted(there.keys() - ours), read)


def faults(store: str, digest: str) -> str:
    """What is not as the digest says, in words; empty if all is."""
    return told(look(store, digest))


def told(found: Look) -> str:
    """As `faults`, of a look that was taken."""
    if not found.rows and not found.wrong:
        return "its record is missing or damaged"
    said = [("changed or missing", found.wrong), ("added", found.extra)]
    return "; ".join(
        "%s: %s%s" % (what, ", ".join(map(repr, paths[:3])), " and more" * (len(paths) > 3))
        for what, paths in said
        if paths
    )


def remove_all(path: str) -> None:
    """A file, or a folder with all below it, also where nobody may write; gone already is well."""
    import shutil

    if os.path.islink(path) or not os.path.isdir(path):
        with contextlib.suppress(FileNotFoundError):  # a look at the host clears up after itself
            os.unlink(path)
        return None
    _let_in(path)
    return shutil.rmtree(path, ignore_errors=True)


def _let_in(path: str) -> None:
    """Give its owner every right to a folder and to those below it."""
    waiting = [path]
    while waiting:
        folder = waiting.pop()
        with contextlib.suppress(OSError):
            os.chmod(folder, 0o755)
            waiting += [one.path for one in os.scandir(folder) if one.is_dir(follow_symlinks=False)]


def _listed(top: str) -> Dict[str, os.stat_result]:
    """lstat of everything below `top` by its path there; folders are not followed by links."""
    found: Dict[str, os.stat_result] = {}
    waiting = [] if os.path.islink(top) else [""]
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(os.path.join(top, inside)) as entries:
                for entry in entries:
                    path = inside + entry.name
                    found[path] = entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(path + "/")
        except OSError:
            continue
    return found


def _alike(row: Row, now: os.stat_result) -> bool:
    if row[1] == "l":
        return stat.S_ISLNK(now.st_mode)
    return now.st_mode == stat.S_IFREG | READ_ONLY[row[1]] and now.st_size == row[2]


def _holds(path: str, row: Row, now: os.stat_result) -> bool:
    """Whether it is what the row says, by its content."""
    import hashlib

    try:
        if row[1] == "l":
            return os.readlink(path) == str(row[3])
        if not stat.S_ISREG(now.st_mode) or now.st_size != row[2]:
            return False
        total = hashlib.sha256()
        with open(path, "rb") as handle:
            for block in iter(lambda: handle.read(1 << 20), b""):
                total.update(block)
        if total.hexdigest() != row[3]:
            return False
        if stat.S_IMODE(now.st_mode) != READ_ONLY[row[1]]:
            with contextlib.suppress(OSError):
                os.chmod(path, READ_ONLY[row[1]])
        kept = bool(now.st_mode & 0o100) == (row[1] == "x")
        # Some disks (CIFS, gcsfuse) know one mode for all files, whatever is asked for.
        return kept or os.lstat(path).st_mode == now.st_mode
    except OSError:
        return False
