"""What a host says a run consists of, believed only as far as it can do no harm here.

The names become paths in the run's directory, beside files that are ours alone.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from orchestrator.errors import HostUnfit
from orchestrator.model.job import RemoteFile

# Reports of Nsight Compute reach some hundred MB; a run of more is a mistake or an attack.
RUN_LIMIT_BYTES = 8 << 30
_FILES = ("result.json", "log.txt")
_FOLDER = "artifacts"
_NAME = re.compile(r"[A-Za-z0-9_+=@,()][A-Za-z0-9_+=@,(). -]{0,199}")
_PARTIAL = ".partial"
_HINT = "Something on the host does not keep to the rules; look into jobs/ in its workspace."


def offered_files(where: str, answer: Any, also: tuple[str, ...] = ()) -> tuple[RemoteFile, ...]:
    """The files of an agent's `inventory` answer. where: the host, for messages.

    also: files of ours that the host was asked to give back.

    HostUnfit: the answer has another form, names what is not a file of a run, names one twice,
    or announces more bytes than any run has.
    """
    entries = answer.get("files") if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        raise HostUnfit(f"{where} did not answer with a list of files", hint=_HINT)
    files = tuple(_file(where, entry, also) for entry in entries)
    if len({file.path for file in files}) != len(files):
        raise HostUnfit(f"{where} offers the same file twice", hint=_HINT)
    total = sum(file.size_bytes for file in files)
    if total > RUN_LIMIT_BYTES:
        raise HostUnfit(
            f"{where} offers {total / 1e9:.1f} GB for one run; "
            f"{RUN_LIMIT_BYTES / 1e9:.1f} GB is the most that is taken",
            hint="Copy what you need of jobs/*/artifacts by hand, then remove it there.",
        )
    return files


def _file(where: str, entry: Any, also: tuple[str, ...]) -> RemoteFile:
    path, size = (entry.get("path"), entry.get("size")) if isinstance(entry, dict) else (None, None)
    if type(size) is not int or size < 0:
        raise HostUnfit(f"{where} offers a file without a size: {path!r}", hint=_HINT)
    if not isinstance(path, str) or not (path in also or _is_of_a_run(path)):
        raise HostUnfit(f"{where}: {path!r} is not a file of a run", hint=_HINT)
    return RemoteFile(path, size)


def _is_of_a_run(path: str) -> bool:
    if path in _FILES:
        return True
    folder, *names = path.split("/")
    return (
        folder == _FOLDER
        and str(PurePosixPath(path)) == path
        and bool(names)
        and all(_NAME.fullmatch(name) and not name.endswith(_PARTIAL) for name in names)
    )
