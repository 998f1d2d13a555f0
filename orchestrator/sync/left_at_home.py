"""A compile that misses a header: whether it lies here and was not sent, and what to do then."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.sync import sources
from orchestrator.sync.left_out import stays_at_home
from orchestrator.values.snapshot import Scan
from remote_payload.contract.machine import BuildReport
from remote_payload.contract.tools.compiler_words import missing_header
from remote_payload.contract.words import Status

HEADERS = "csrc"  # the one folder of headers that builds name by -I
# A project may hold a whole environment or data set: looking there is not worth the wait.
_MOST_FOLDERS = 5000
_PASSED_OVER = (".git", ".venv", "venv", "node_modules", "__pycache__", "runs")


def explain(root: Path, report: BuildReport, extra: Iterable[tuple[str, Path | bytes]] = ()) -> str:
    """Where the header lies that the compiler did not find, why it is not on the host, the next
    step; empty if the build did not fail for a header, or nothing here has its name."""
    if report.status is not Status.FAILED:
        return ""
    logs = (one.log for one in report.compilations if one.status is Status.FAILED)
    header = next(filter(None, (missing_header(log) for log in logs)), "")
    if not header:
        return ""
    try:
        scan = sources.scan(root, extra=extra)
    except UsageError:
        return ""  # the tree has changed since it was sent
    return stays_at_home(scan, header) or _elsewhere(scan, header)


def _elsewhere(scan: Scan, header: str) -> str:
    """The header is not where the #include says, but here nonetheless."""
    tail = "/" + header.lstrip("./")
    for entry in scan.snapshot.entries:
        if entry.path.endswith(tail):
            folder = entry.path.removesuffix(tail)
            return (
                f"{entry.path} was sent, but headers are looked for beside the file that includes "
                f"them and in {HEADERS}/ alone: include it by its path from there, or set "
                f"`env: {{NVCC_APPEND_FLAGS: -I {folder}}}` for the host"
            )
    for folder, folders, files in islice(os.walk(scan.root), _MOST_FOLDERS):
        folders[:] = [each for each in folders if each not in _PASSED_OVER]
        if tail.rpartition("/")[2] in files:
            path = f"{folder}{os.sep}{tail.rpartition('/')[2]}"
            if path.endswith(tail):
                return (
                    f"{os.path.relpath(path, scan.root)} lies here and was not sent: only "
                    f"{' and '.join(f'{part}/' for part in sources.PARTS)} travel. Copy what you "
                    f"include to {HEADERS}/"
                )
    return ""
