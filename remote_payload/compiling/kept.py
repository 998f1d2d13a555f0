"""Keep what a compiler made, and find it again by all that went into it.

The one key of every compile here. What is made lies in `<prefix><inputs><recipe>/`: the recipe is
how the compiler was called (flags, architecture, toolkit, host compiler, environment), the inputs
are the digests of every file it read, by its own list of dependencies. Which files those are is
known only once they were read, so that list lies beside what was made, in `inputs.json`; something
is found again if a folder of the same recipe read files that are all still the same. So an edit to
anything that was included makes it anew, and no other edit does; nor one of comments of ours that
moves no line (`comments`).

A new file can also change what an `#include` finds, by standing earlier in the search. So can the
answer of `__has_include`. Therefore the names count, too, of all files that are called like one of
those that were read or asked for (`names`): under csrc/, beside whoever was read, and in the
folders that were searched.

A folder appears by one rename, so it is either whole or absent, and any number of builders may run
at once. Size and sha256 of each file lie beside it as well: what was cut short or altered later is
made again, for a library that lacks its end kills whoever loads it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from remote_payload.compiling import comments
from remote_payload.compiling.names import Names
from remote_payload.processes.snapshot import remove_all

INPUTS = "inputs.json"
FOLDER = "csrc"
_DIGITS = 16
_STALE_PARTIAL_S = 3600.0
_UNUSED_S = 30 * 86400.0
_INCLUDE = re.compile(rb"^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\n]+)[>\"]", re.MULTILINE)

_HELD: Dict[str, int] = {}
_TURN = threading.Lock()


class Kept:
    """What was made under `builds` of files below `root`.

    folder: of the root, whose files count by name as well; "" for none. One object looks at each
    file once: make a new one for every build.
    """

    def __init__(self, builds: Path, root: Path, folder: str = FOLDER) -> None:
        self.builds, self.root, self.folder = builds, root, folder
        self._digests: Dict[str, str] = {}
        self._names = Names(root, folder)

    def find(self, prefix: str, recipe: str, *names: str) -> Optional[Path]:
        """The folder of what was made by this recipe of files that are all still the same.

        names: the files that are wanted of it; one that is not recorded there may be anything.
        """
        for folder in sorted(self.builds.glob(f"{prefix}{'?' * _DIGITS}{recipe}")):
            if self._is_current(folder, names):
                with contextlib.suppress(OSError):
                    os.utime(str(folder))  # used now
                return folder
        return None

    def size_bytes(self, prefix: str, recipe: str, name: str) -> int:
        """Of the largest file of that name that this recipe has made of whatever files; 0 where it
        has made none: how long it will take again goes by that."""
        found = 0
        for folder in self.builds.glob(f"{prefix}{'?' * _DIGITS}{recipe}"):
            with contextlib.suppress(OSError):
                found = max(found, (folder / name).stat().st_size)
        return found

    def partial(self, prefix: str) -> Path:
        """A folder to make something in; whoever asks publishes or removes it."""
        self.builds.mkdir(parents=True, exist_ok=True)
        _sweep(self.builds)
        made = tempfile.mkdtemp(prefix=f"{prefix}new.", suffix=".partial", dir=str(self.builds))
        _hold(made)
        return Path(made)

    def key(self, recipe: str, read: Iterable[str], searched: Sequence[str] = ()) -> str:
        """Names what is made by this recipe of these files."""
        return _key(recipe, self._inputs(read, searched))

    def publish(
        self,
        partial: Path,
        prefix: str,
        recipe: str,
        read: Iterable[str],
        searched: Sequence[str] = (),
    ) -> Path:
        """Rename `partial` into place; if another builder was first, its work counts.

        read: the files that the compiler read, absolute or relative to the root. searched: folders
        outside csrc/ in which it looked for headers before those of the system.
        """
        inputs = self._inputs(read, searched)
        made = {path.name: content_of(path) for path in partial.iterdir()}
        text = json.dumps({"made": made, **inputs}, indent=0, sort_keys=True)
        (partial / INPUTS).write_text(text, encoding="utf-8")
        final = self.builds / f"{prefix}{_key(recipe, inputs)}"
        for _ in range(2):
            try:
                os.rename(str(partial), str(final))
                return final
            except OSError:
                if self._is_current(final, made):
                    return final
                # Something unusable is in the way, say a build whose library somebody deleted.
                clear(final)
        os.rename(str(partial), str(final))
        return final

    def read_by(self, folder: Path) -> Tuple[List[str], List[str]]:
        """(the files that went into what lies in `folder`, the folders that were searched)."""
        kept = json.loads(_read(folder / INPUTS))
        return list(kept["read"]), list(kept["searched"])

    def everything(self) -> List[str]:
        """All files of the folder, relative to the root: for a compiler that lists nothing."""
        return self._names.all()

    def named_by(self, read: Iterable[str], searched: Sequence[str]) -> List[str]:
        """These files, and all that our own among them name by #include, whatever #if says; our
        own are also those in the folders that were searched.

        For a compiler whose list may leave out what it read, in another of its passes or because
        it takes it for the system's.
        """
        found = dict.fromkeys(self._relative(path) for path in read)
        ours = tuple(f"{self._relative(folder)}/" for folder in searched)
        seen = {self._place(path) for path in found}
        waiting = list(found)
        while waiting:
            path = waiting.pop()
            if os.path.isabs(path) and not path.startswith(ours):
                continue
            with contextlib.suppress(OSError):
                for name in _INCLUDE.findall(_read(self.root / path)):
                    for folder in (os.path.dirname(path), self.folder, *searched):
                        header = self._relative(os.path.join(folder, os.fsdecode(name)))
                        if header in found or not os.path.isfile(self.root / header):
                            continue
                        if (place := self._place(header)) not in seen:
                            seen.add(place)
                            found[header] = None
                            waiting.append(header)
        return list(found)

    def _is_current(self, folder: Path, names: Iterable[str]) -> bool:
        try:
            kept: Dict[str, Any] = json.loads(_read(folder / INPUTS))
            made = kept["made"].items()
            whole = all(content_of(folder / name) == was for name, was in made)
            whole = whole and kept["made"].keys() >= set(names)
            same = all(self._digest(path) == was for path, was in kept["read"].items())
            rivals = self._names.rivals(kept["read"], kept["searched"])
            return whole and same and kept["rivals"] == rivals
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return False

    def _inputs(self, read: Iterable[str], searched: Sequence[str]) -> Dict[str, Any]:
        names = {self._relative(path) for path in read}
        if missing := {path for path in names if not self._digest(path)}:
            called = map(self._relative, self._names.called_by_lines(names - missing))
            if missing.difference(called):  # a name that a list could not tell
                names.update(self.everything())
        digests = {path: self._digest(path) for path in sorted(names)}
        folders = sorted({self._relative(folder) for folder in searched})
        return {
            "read": digests,
            "searched": folders,
            "rivals": self._names.rivals(digests, folders),
        }

    def _relative(self, path: str) -> str:
        """As it is recorded: a path below the root without it, for that of the next run differs.
        `..` stays: behind a link it leads to where that leads."""
        root = os.path.abspath(str(self.root))
        whole = os.path.join(root, path)
        if ".." not in path.split("/"):
            whole = os.path.normpath(whole)
        inside = whole[len(root) + 1 :] if whole.startswith(f"{root}/") else ".."
        return whole if os.path.normpath(inside).startswith("..") else inside

    def _place(self, path: str) -> str:
        """Where it lies, by whatever way it was reached: the same for `a.h` and `part/../a.h`."""
        folder, name = os.path.split(self.root / path)
        return os.path.join(os.path.realpath(folder), name)

    def _digest(self, path: str) -> str:
        """Of what counts of a file, empty if it cannot be read: of ours, all but its comments."""
        if path not in self._digests:
            try:
                self._digests[path] = self._counted(path)
            except OSError:
                self._digests[path] = ""
        return self._digests[path]

    def _counted(self, path: str) -> str:
        if not os.path.isabs(path) and path.endswith(comments.SUFFIXES):
            left = comments.without(_read(self.root / path))
            if left is not None:
                return hashlib.sha256(left).hexdigest()
        return str(content_of(self.root / path)[1])


def content_of(path: Path) -> List[Any]:
    """What a file holds, for comparing: [size in bytes, sha256]. OSError, also for what is none."""
    _require_file(path)
    total, size_bytes = hashlib.sha256(), 0
    with open(str(path), "rb") as handle:
        for block in iter(lambda: handle.read(1 << 20), b""):
            total.update(block)
            size_bytes += len(block)
    return [size_bytes, total.hexdigest()]


def clear(path: Path) -> None:
    """Remove what lies there, if it can be: a folder with all that is in it, a link as such."""
    with contextlib.suppress(OSError):
        remove_all(str(path))


def _read(path: Path) -> bytes:
    _require_file(path)
    return path.read_bytes()


def _require_file(path: Path) -> None:
    if not path.is_file():  # a FIFO would be waited for without end
        raise OSError(errno.EINVAL, "is not a regular file", str(path))


def digest(text: str) -> str:
    """The part of a key that stands for `text`."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]


def _key(recipe: str, inputs: Dict[str, Any]) -> str:
    """The first digits are of all that counts, the last ones are the recipe."""
    return digest(json.dumps([recipe, inputs])) + recipe


def listed(text: str) -> Tuple[str, ...]:
    """The files in a compiler's list of dependencies: what `-MD` writes, a rule of make.

    make's escapes are undone: a blank and # by a backslash, $ by another $. nvcc does not write
    them all (13.0 leaves $ and # as they are), so a $ alone is a $.
    """
    joined = text.replace("\\\r\n", " ").replace("\\\n", " ")
    _, _, after = joined.partition(": ")
    words = re.findall(r"(?:\\[ #\\]|[^\s])+", after)
    return tuple(dict.fromkeys(re.sub(r"\\([ #])", r"\1", w).replace("$$", "$") for w in words))


def _sweep(builds: Path) -> None:
    """Remove what builders that were killed left behind, and what nobody has used for long."""
    for pattern, age_s in (("*.partial", _STALE_PARTIAL_S), (f"*/{INPUTS}", _UNUSED_S)):
        for path in builds.glob(pattern):
            folder = path.parent if path.name == INPUTS else path
            with contextlib.suppress(OSError):
                is_old = time.time() - folder.stat().st_mtime > age_s
                if is_old and (path.name == INPUTS or not _is_held(folder)):
                    clear(folder)


def _hold(partial: str) -> None:
    """Until this process ends, where the disk can: a clock may say that it is old. What became of
    others by now needs no hold any more, and a process that lives on runs out of descriptors."""
    with _TURN:
        for path in [path for path in _HELD if not os.path.isdir(path)]:
            os.close(_HELD.pop(path))
        with contextlib.suppress(OSError):
            _HELD[partial] = os.open(partial, os.O_RDONLY)
            fcntl.flock(_HELD[partial], fcntl.LOCK_EX)


def _is_held(partial: Path) -> bool:
    """Whether whoever makes something in it still lives."""
    handle = os.open(str(partial), os.O_RDONLY | os.O_NONBLOCK)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
