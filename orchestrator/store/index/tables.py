"""The file of the index: its tables, how it is opened, and what is done where that goes wrong.

It holds nothing that the folders of the runs do not hold, so whatever is the matter with it, it is
thrown away and made anew; where it cannot be kept at all, it is made in memory.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import suppress
from pathlib import Path

from orchestrator.store.runs.naming import INDEX as NAME

# Raised with every change of the tables, or of what is kept in them.
VERSION = 3
# The place of a folder's name in SQL: it is bytes, which need not be UTF-8.
A_NAME = "CAST(? AS TEXT)"
_OURS = 0x0B5D_1DE8
BUSY_S = 3.0
_DONE = 101  # SQLITE_DONE, which Python names from 3.11 on
# What comes of an index in which a byte is another one: SQLite keeps no digests of its pages, so
# texts and kinds may be wrong where all else is whole.
DAMAGED = (sqlite3.Error, ValueError, TypeError, LookupError, AttributeError)
_TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, card INTEGER NOT NULL,
    beside INTEGER, place INTEGER NOT NULL,
    run_id TEXT NOT NULL, at TEXT NOT NULL, after TEXT NOT NULL,
    before_at TEXT NOT NULL, before_number INTEGER NOT NULL,
    verb TEXT NOT NULL, host TEXT NOT NULL, tags TEXT NOT NULL, commits TEXT NOT NULL,
    created_at TEXT NOT NULL, operator TEXT NOT NULL, cases TEXT NOT NULL,
    "commit" TEXT NOT NULL, committed_at TEXT NOT NULL, is_clean INTEGER, branch TEXT NOT NULL,
    note TEXT NOT NULL,
    status TEXT, reason TEXT, changed TEXT, verdict TEXT, machine TEXT, gpu TEXT, providers TEXT
);
CREATE INDEX runs_seen ON runs(place, name, card, beside);
CREATE TABLE series(
    id INTEGER PRIMARY KEY, provider TEXT NOT NULL, "case" TEXT NOT NULL, method TEXT NOT NULL,
    dtype TEXT NOT NULL, per INTEGER NOT NULL, unit TEXT NOT NULL, baseline TEXT NOT NULL,
    UNIQUE(provider, "case", method, dtype, per, unit, baseline)
);
CREATE TABLE figures(
    series INTEGER NOT NULL, run INTEGER NOT NULL, median_us REAL NOT NULL, low_us REAL,
    high_us REAL, starts INTEGER NOT NULL, ratio REAL, ratio_low REAL, ratio_high REAL,
    verdict TEXT NOT NULL, refuted INTEGER NOT NULL, revision TEXT, PRIMARY KEY(series, run)
) WITHOUT ROWID;
"""


def opened(root: Path, make: bool) -> sqlite3.Connection | None:
    """The index of a folder of runs as it lies there; one that is damaged, or of another version,
    begins anew. make: also where there is none yet. None where none can be kept, or read."""
    path = root / NAME
    for _ in range(2):
        try:
            if make and not os.path.lexists(path):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        except FileExistsError:  # another process was quicker
            pass
        except OSError:
            return None
        if not _is_plain(path):
            return None
        try:
            return _ready(_connected(f"{path.absolute().as_uri()}?mode=rw"))
        except sqlite3.OperationalError:  # locked, or not ours to write
            return None
        except (sqlite3.DatabaseError, UnicodeDecodeError):  # also a message may be of its bytes
            discard(root)
    return None


def discard(root: Path) -> None:
    """Remove one that is damaged; where that cannot be, it is no index all the same."""
    for rest in ("", "-journal", "-wal", "-shm"):
        with suppress(OSError):
            (root / f"{NAME}{rest}").unlink()


def _ready(base: sqlite3.Connection) -> sqlite3.Connection:
    """Its tables as we know them; whoever comes second finds them made."""
    try:
        if not _is_ours(base):
            base.execute("BEGIN IMMEDIATE")
            if not _is_ours(base):
                _fill(base)
            base.execute("COMMIT")
        return _understood(base)
    except BaseException:
        base.close()
        raise


def in_memory(like: sqlite3.Connection | None = None) -> sqlite3.Connection:
    """One that nobody keeps. like: what it knows from the start, as far as that can be read before
    others have held it for BUSY_S: of itself a backup waits for ever."""
    base, until = _connected("file::memory:"), time.monotonic() + BUSY_S

    def hurry(state: int, left: int, pages: int) -> None:
        if state != _DONE and time.monotonic() > until:  # one that is whole is not thrown away
            raise sqlite3.OperationalError("it is held by somebody else")

    if like is not None:
        with suppress(sqlite3.Error):
            like.backup(base, progress=hurry)
            if _is_ours(base):
                return _understood(base)
    base.close()
    base = _connected("file::memory:")
    _fill(base)
    return base


def is_kept(base: sqlite3.Connection) -> bool:
    """Whether it is a file, not one in memory."""
    return bool(base.execute("PRAGMA database_list").fetchone()[2])


def with_any_name(base: sqlite3.Connection) -> None:
    """From now on this index holds names of folders that are no UTF-8. Within a transaction."""
    base.execute("INSERT OR IGNORE INTO meta VALUES('names', 'bytes')")
    _understood(base)


def _understood(base: sqlite3.Connection) -> sqlite3.Connection:
    """Only where it has to be: to read each text by a call of ours takes a third of a list."""
    if base.execute("SELECT 1 FROM meta WHERE key = 'names'").fetchone():
        base.text_factory = os.fsdecode
    return base


def _connected(uri: str) -> sqlite3.Connection:
    base = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
    base.execute("PRAGMA page_size = 16384")  # of a new one: rows are read by the thousand
    base.execute("PRAGMA synchronous = NORMAL")
    base.execute("PRAGMA cache_size = -16384")  # KiB
    return base


def _fill(base: sqlite3.Connection) -> None:
    """Make the tables, within a transaction, in the place of all that there are."""
    there = base.execute(
        "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'sqlite_%'"
    )
    for kind, name in there.fetchall():
        quoted = name.replace('"', '""')
        base.execute(f'DROP {kind} "{quoted}"')
    for statement in filter(str.strip, _TABLES.split(";")):
        base.execute(statement)
    base.execute(f"PRAGMA application_id = {_OURS}")
    base.execute(f"PRAGMA user_version = {VERSION}")


def _is_ours(base: sqlite3.Connection) -> bool:
    asked = ("PRAGMA application_id", "PRAGMA user_version")
    return [base.execute(one).fetchone()[0] for one in asked] == [_OURS, VERSION]


def _is_plain(path: Path) -> bool:
    """Whether a file of ours alone lies there: what others may write says nothing."""
    with suppress(OSError):
        there = path.lstat()
        mine = there.st_uid == os.getuid() and not there.st_mode & 0o022
        return stat.S_ISREG(there.st_mode) and mine
    return False
