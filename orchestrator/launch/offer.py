"""What a host says a run consists of, believed only as far as it can do no harm here.

The names become paths in the run's directory, beside files that are ours alone. An artifact whose
name could do harm stays where it is and is named; result, log and the other artifacts come home.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from orchestrator.errors import HostUnfit
from orchestrator.values.job import RemoteFile
from remote_payload.contract.layout import ARTIFACTS, LOG, RESULT

# Reports of Nsight Compute reach some hundred MB; a run of more is a mistake or an attack.
RUN_LIMIT_BYTES = 8 << 30
_SHOWN_CHARACTERS = 80
_FILES = (RESULT, LOG)
_FOLDER = ARTIFACTS
_PARTIAL = ".partial"
# 255 bytes are what file systems take, and the unfinished file has a longer name.
_MOST_NAME_BYTES = 255 - len(_PARTIAL)
_MOST_PATH_BYTES = 1000
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_LEFT = {
    "kind": "is no regular file",
    "folder": "is no folder of its own",
    "unreadable": "cannot be read there",
}
_SHOWN = 5
_HINT = "Something on the host does not keep to the rules; look into jobs/ in its workspace."
_Left = tuple[str, str]  # path, and why it stays there


def offered_files(
    where: str,
    answer: Any,
    also: tuple[str, ...] = (),
    say: Callable[[str], object] = lambda line: None,
) -> tuple[RemoteFile, ...]:
    """The files of an agent's `inventory` answer that are taken, result and log first.

    where: the host, for messages. also: files of ours that the host was asked to give back. say:
    hears what stays there, and why.

    HostUnfit: the answer has another form, names what is not a file of a run, or one twice; result
    and log have more bytes than any run; or nothing of what its job left can be taken.
    """
    entries = answer.get("files") if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        raise HostUnfit(f"{where} did not answer with a list of files", hint=_HINT)
    files = [_file(where, entry, also) for entry in entries]
    if len({file.path for file in files}) != len(files):
        raise HostUnfit(f"{where} offers the same file twice", hint=_HINT)
    first = (*_FILES, *also)
    files.sort(key=lambda file: (file.path not in first, file.path))
    left = [*_not_offered(where, answer), *_unsafe(files, first)]
    refused = {path for path, _ in left}
    taken = [file for file in files if file.path not in refused]
    odd = [path for path, _ in left if path not in also]
    if odd and not taken:
        raise HostUnfit(f"{where}: {_shown(odd[0])} is not a file of a run", hint=_HINT)
    taken, beyond = _within_limit(where, taken, first)
    if left or beyond:
        say(stays(where, [*left, *beyond]))
    return tuple(taken)


def _file(where: str, entry: Any, also: tuple[str, ...]) -> RemoteFile:
    path, size = (entry.get("path"), entry.get("size")) if isinstance(entry, dict) else (None, None)
    if type(size) is not int or size < 0:
        raise HostUnfit(f"{where} offers a file without a size: {_shown(path)}", hint=_HINT)
    if not isinstance(path, str) or not (path in _FILES or path in also or _is_below(path)):
        raise HostUnfit(f"{where}: {_shown(path)} is not a file of a run", hint=_HINT)
    return RemoteFile(path, size)


def _shown(path: Any) -> str:
    """A path in a message: cut where it is long, and named by its type where it is none."""
    if not isinstance(path, str):
        return f"a {type(path).__name__}"
    return repr(path) if len(path) <= _SHOWN_CHARACTERS else f"{path[:_SHOWN_CHARACTERS]!r}…"


def _is_below(path: str) -> bool:
    """Whether it leads to a place among the artifacts, by whatever names."""
    folder, *names = path.split("/")
    inside = folder == _FOLDER and bool(names) and ".." not in names
    return inside and str(PurePosixPath(path)) == path


def _not_offered(where: str, answer: Any) -> Iterator[_Left]:
    """What the host itself leaves out."""
    entries = answer.get("left", [])
    if not isinstance(entries, list):
        raise HostUnfit(f"{where} did not answer with a list of files", hint=_HINT)
    for entry in entries:
        path, why = entry if isinstance(entry, list) and len(entry) == 2 else (None, None)
        if not isinstance(path, str) or not isinstance(why, str) or why not in _LEFT:
            raise HostUnfit(f"{where} did not answer with a list of files", hint=_HINT)
        yield path, _LEFT[why]


def _unsafe(files: Iterable[RemoteFile], first: tuple[str, ...]) -> Iterator[_Left]:
    """Artifacts whose names could do harm here, each with the reason."""
    seen: dict[str, str] = {}
    for file in files:
        if file.path in first:
            continue
        why = _harm_of(file.path) or _clash(file.path, seen)
        if why:
            yield file.path, why


def _harm_of(path: str) -> str:
    if not path.isprintable():
        unicode = not any("\ud800" <= character <= "\udfff" for character in path)
        return "has a name that cannot be shown" if unicode else "has a name that is not UTF-8"
    names = path.split("/")[1:]
    sizes = (len(name.encode()) for name in names)
    if max(sizes) > _MOST_NAME_BYTES or len(path.encode()) > _MOST_PATH_BYTES:
        return "has a name that is too long"
    return next(filter(None, map(_harm_of_name, names)), "")


def _harm_of_name(name: str) -> str:
    if name.startswith("-"):
        return "has a name that looks like an option"
    if "\\" in name:
        return "has a backslash in its name"
    if name.endswith(_PARTIAL):
        return "has a name as our own unfinished files have"
    if name.casefold() == ".git":
        return "would be taken for a repository"
    return "has the name of a device" if _DEVICE.fullmatch(name.casefold()) else ""


def _clash(path: str, seen: dict[str, str]) -> str:
    """Why it cannot lie beside those seen; not every disk tells capitals or accents apart."""
    steps = path.split("/")
    for count in range(2, len(steps) + 1):
        place = "/".join(steps[:count])
        is_file = count == len(steps)
        key = unicodedata.normalize("NFC", place).casefold()
        before = seen.setdefault(key, place if is_file else f"{place}/")
        if before.rstrip("/") != place:
            return f"differs from {before!r} by capitals or accents alone"
        if is_file is before.endswith("/"):
            return f"shares its name with {before!r}"
    return ""


def _within_limit(
    where: str, files: list[RemoteFile], first: tuple[str, ...]
) -> tuple[list[RemoteFile], list[_Left]]:
    """What a run may weigh, and what goes beyond it."""
    taken: list[RemoteFile] = []
    beyond: list[_Left] = []
    total = 0
    for file in files:
        total += file.size_bytes
        if total <= RUN_LIMIT_BYTES:
            taken.append(file)
            continue
        if file.path in first:
            raise HostUnfit(
                f"{where} offers {total / 1e9:.1f} GB for one run; "
                f"{RUN_LIMIT_BYTES / 1e9:.1f} GB is the most that is taken",
                hint="Copy what you need of jobs/*/artifacts by hand, then remove it there.",
            )
        total -= file.size_bytes
        most = f"the {RUN_LIMIT_BYTES / 1e9:.1f} GB that are taken of a run"
        beyond.append((file.path, f"has {file.size_bytes / 1e9:.1f} GB, which goes beyond {most}"))
    return taken, beyond


def why_left(told: Any) -> str:
    """Why the host did not send a file that it had offered; "" where it tells of nothing such."""
    why = told.get("left")
    return _LEFT.get(why, "") if isinstance(why, str) else ""


def stays(where: str, left: list[_Left]) -> str:
    """A line about what is not taken. left: paths, each with the reason."""
    count = "1 file stays" if len(left) == 1 else f"{len(left)} files stay"
    named = "; ".join(f"{_shown(path)} {why}" for path, why in left[:_SHOWN])
    more = f"; and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    return f"{count} in the job's folder at {where}: {named}{more}"
