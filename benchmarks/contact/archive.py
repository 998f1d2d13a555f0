"""One archive of all that a contact with a GPU machine has brought so far, whole at any moment.

Such a machine may be taken away between two seconds, and its files may come home only from a flat
folder, and only up to a size. So everything lies in one file, replaced by rename.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

LIMIT_BYTES = 15 << 20  # of the archive, compressed
TEXT_LIMIT_CHARACTERS = 2 << 20
FASTEST = 1  # of gzip: the machine has better things to do
LEFT_OUT, RUNS = "left-out.txt", "runs"
# Of a job's folder: what is being written, and what stages work in and remove.
_UNFINISHED = (".partial", ".lock")
_SCRATCH = ("inputs/", "prove-", "ncu-")


class Archive:
    """Gathers files under `name`/ in `path`.

    Kinds of files go in by worth: texts and results before what a profiler wrote. What would make
    it larger than limit_bytes is left out, and LEFT_OUT says so.
    """

    def __init__(self, path: Path, name: str, limit_bytes: int = LIMIT_BYTES) -> None:
        self.path, self._name, self._limit_bytes = path, name, limit_bytes
        self._texts: dict[str, str] = {}
        self._folders: dict[str, tuple[Path, ...]] = {}
        self._packed: dict[Path, tuple[float, int]] = {}  # when a file was weighed, and its weight
        path.parent.mkdir(parents=True, exist_ok=True)

    def text(self, name: str, text: str) -> None:
        """Keep a text under this name from the next writing on; of a huge one, both its ends."""
        half = TEXT_LIMIT_CHARACTERS // 2
        huge = len(text) > TEXT_LIMIT_CHARACTERS
        self._texts[name] = f"{text[:half]}\n[...]\n{text[-half:]}" if huge else text

    def folder(self, name: str, *folders: Path) -> None:
        """Keep all files of these folders, laid over each other, the first on top."""
        self._folders[name] = folders

    def write(self) -> None:
        """Gather all as it is now; a file that vanishes meanwhile is passed over."""
        partial = self.path.with_name(self.path.name + ".partial")
        left_out: list[str] = []
        with (
            partial.open("wb") as raw,
            gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=FASTEST) as packed,
            tarfile.open(fileobj=packed, mode="w") as tar,
        ):
            for name, text in list(self._texts.items()):
                self._add(tar, name, text.encode())
            for name, path in sorted(self._files(), key=_worth):
                data = _read(path)
                if data is not None and raw.tell() + self._weigh(path, data) <= self._limit_bytes:
                    self._add(tar, name, data)
                else:
                    left_out.append(name)
            if left_out:
                self._add(tar, LEFT_OUT, "\n".join(left_out).encode())
        partial.replace(self.path)

    def _files(self) -> Iterator[tuple[str, Path]]:
        for name, folders in list(self._folders.items()):
            found: dict[str, Path] = {}
            for folder in reversed(folders):
                for path in folder.rglob("*"):
                    inside = path.relative_to(folder).as_posix()
                    passed_over = inside.startswith(_SCRATCH) or inside.endswith(_UNFINISHED)
                    if not passed_over and path.is_file() and not path.is_symlink():
                        found[inside] = path
            yield from ((f"{name}/{inside}", path) for inside, path in found.items())

    def _weigh(self, path: Path, data: bytes) -> int:
        """The file's size in the archive; packed to find out only once while it stays as it is."""
        changed, weight = self._packed.get(path, (0.0, 0))
        try:
            now = path.stat().st_mtime
        except OSError:
            now = 0.0
        if not weight or changed != now:
            weight = len(zlib.compress(data, FASTEST)) + tarfile.RECORDSIZE
            self._packed[path] = (now, weight)
        return weight

    def _add(self, tar: tarfile.TarFile, name: str, data: bytes) -> None:
        entry = tarfile.TarInfo(f"{self._name}/{name}")
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))


def unpack_runs(path: Path, runs: Path) -> tuple[Path, ...]:
    """Put the run folders of an archive under `runs`; returns them. ValueError: it has none."""
    names: dict[str, None] = {}
    try:
        with tarfile.open(path) as tar:
            for entry in tar:
                _, kind, *inside = PurePosixPath(entry.name).parts or ("", "")
                if kind == RUNS and entry.isfile() and len(inside) > 1:
                    entry.name = "/".join(inside)
                    tar.extract(entry, runs, filter="data")
                    names[inside[0]] = None
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError) as exc:
        raise ValueError(f"{path} is no archive of a contact: {exc}") from exc
    if not names:
        raise ValueError(f"{path} holds no run; its log.txt says how far the contact came")
    return tuple(runs / name for name in names)


def _worth(file: tuple[str, Path]) -> tuple[bool, int]:
    """Small before large, and the profiler's own format after all text."""
    name, path = file
    try:
        return name.endswith(".ncu-rep"), path.stat().st_size
    except OSError:
        return True, 0


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
