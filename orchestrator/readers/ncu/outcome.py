"""What became of a profiling attempt. Neither the exit code nor a file proves that it worked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache

from orchestrator.readers.ncu.capture import KernelCapture

_OURS = re.compile(r"^\ufeff?==(PROF|WARNING|ERROR)== ?(.*)$")
_REPORT = re.compile(r"^==PROF== Report: (\S.*?)\s*$")
# How a program, its runtime or the shell say that it died; the end of a traceback says why.
_CRASH = re.compile(
    r"^Traceback \(most recent call last\)|^terminate called|symbol lookup error"
    r"|error while loading shared libraries|\bSegmentation fault\b|\(core dumped\)"
    r"|^(?:Killed|Aborted|Bus error)\s*$"
)
_RAISED = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit)\b")
_KILLED = 128  # a shell adds the signal's number to it
_COMMAND_NOT_FOUND = 127
# Geometry, device facts and possible occupancy are known without reading any counter.
_WITHOUT_COUNTERS = (
    "launch__",
    "device__",
    "profiler__",
    "sm__maximum_warps",
    "smsp__maximum_warps",
    "c2clink__",
    "nvlink__",
    "numa__",
    "Launch Statistics:",
)


class Cause(Enum):
    """How an attempt ended."""

    OK = "ok"
    COUNTERS_DENIED = "counters denied"
    COUNTERS_BUSY = "counters busy"
    DRIVER_MISMATCH = "ncu does not fit the driver"
    LOCK_FILE = "lock file of another user"
    GPU_NOT_SUPPORTED = "ncu does not profile this GPU"
    BAD_REQUEST = "unknown section, metric or option"
    EMPTY_REQUEST = "nothing to collect"
    TIMEOUT = "timeout"
    PROFILE_FAILED = "profiling failed"
    APPLICATION_FAILED = "application failed"
    NO_KERNEL_MATCHED = "no kernel matched"
    NOT_FOUND = "ncu not found"
    UNKNOWN_ERROR = "unknown error"
    WRITTEN_ELSEWHERE = "the counters went to a report file"
    NO_ROWS = "no kernel rows"
    NO_VALUES = "no values"


_ADVICE = {
    Cause.OK: "",
    Cause.COUNTERS_DENIED: (
        "The driver keeps performance counters for administrators. Rented containers rarely allow "
        "them; a host of your own does with the capability SYS_ADMIN, or with the driver option "
        "NVreg_RestrictProfilingToAdminUsers=0. Timings need no counters."
    ),
    Cause.COUNTERS_BUSY: (
        "Another profiler or monitor (often DCGM) holds the counters. Try again later, or let "
        "whoever owns the machine pause it (dcgmi's command profile, its option --pause)."
    ),
    Cause.DRIVER_MISMATCH: (
        "Use the ncu of the CUDA release that the driver came with; see /usr/local/cuda*/bin/ncu."
    ),
    Cause.LOCK_FILE: "Give ncu a folder of its own: TMPDIR=… before the command.",
    Cause.GPU_NOT_SUPPORTED: "ncu --list-chips names the GPUs that this ncu knows: a newer GPU "
    "needs a newer ncu, and one before Volta needs nvprof.",
    Cause.BAD_REQUEST: "Leave out what this ncu or GPU does not have: ncu --list-sections, "
    "ncu --query-metrics",
    Cause.EMPTY_REQUEST: "Name sections that exist: ncu --list-sections",
    Cause.TIMEOUT: "Collect less (without --full), or allow more time.",
    Cause.PROFILE_FAILED: "Look at the lines before it in ncu's own log.",
    Cause.APPLICATION_FAILED: "Run the application without ncu first; its own log says why.",
    Cause.NO_KERNEL_MATCHED: "The range or name filter matched no launch; child processes need "
    "--target-processes all.",
    Cause.NOT_FOUND: "Install Nsight Compute there, or name its path; CUDA's lies in "
    "/usr/local/cuda*/bin/ncu.",
    Cause.UNKNOWN_ERROR: "The lines above are ncu's own words.",
    Cause.WRITTEN_ELSEWHERE: "This is ncu's log. Name the report that it wrote.",
    Cause.NO_ROWS: "ncu ended without a word about kernels: does the application launch any?",
    Cause.NO_VALUES: "Kernels were seen but no counter has a number; collect again.",
}

# In order: what stands first explains what stands after it. Matched against ncu's own lines.
_SIGNS = tuple(
    (cause, re.compile(pattern))
    for cause, pattern in (
        (Cause.COUNTERS_DENIED, r"ERR_NVGPUCTRPERM"),
        (Cause.COUNTERS_BUSY, r"driver resource was unavailable|concurrently collecting"),
        (
            Cause.DRIVER_MISMATCH,
            r"driver is not compatible with Nsight Compute|Failed to load Nsight Compute CUDA",
        ),
        (Cause.LOCK_FILE, r"Failed to (?:open|create|open/create) lock file"),
        (Cause.GPU_NOT_SUPPORTED, r"Profiling is not supported on (?:this )?device"),
        (
            Cause.BAD_REQUEST,
            r"did not match any section|Failed to find metric|Failed to access the following"
            r"|only supported for|unrecognised option|unrecognized option|[Uu]nknown option"
            r"|the argument .* for option",
        ),
        (
            Cause.PROFILE_FAILED,
            r"Failed to prepare kernel|Failed to profile|LaunchFailed"
            r"|error occurred while trying to profile",
        ),
        (Cause.APPLICATION_FAILED, r"The application returned an error code"),
    )
)
# True of an attempt only where nothing failed before: no kernel is profiled after an error either.
_EMPTY = tuple(
    (cause, re.compile(pattern))
    for cause, pattern in (
        (Cause.EMPTY_REQUEST, r"No metrics to collect found in sections"),
        (Cause.NO_KERNEL_MATCHED, r"No kernels were profiled"),
    )
)
# These two are said without ncu's mark.
_LOCK = re.compile(r"Failed to open/create lock file")
_MISSING = re.compile(r"\bncu: (?:command )?not found|exec: .*ncu.* not found|ncu'?: No such file")


@dataclass(frozen=True)
class Outcome:
    """cause and advice for people; lines: ncu's own errors, then its warnings, verbatim.

    launches: how many have at least one counter; those may be used whatever the cause is, but only
    OK says that the attempt is complete. missing: metrics that were requested and have no number
    in any launch. crash: the line in which the program itself said that it died. report: the file
    that ncu says it wrote.
    """

    cause: Cause
    advice: str
    lines: tuple[str, ...]
    launches: int
    missing: tuple[str, ...] = ()
    crash: str = ""
    report: str = ""

    @property
    def ok(self) -> bool:
        return self.cause is Cause.OK


def classify(
    exit_code: int | None,
    stdout: str,
    stderr: str,
    rows: Sequence[KernelCapture],
    *,
    requested: Sequence[str] = (),
    timed_out: bool = False,
) -> Outcome:
    """Judge an attempt by everything it left. exit_code None: unknown, as for a stored log."""
    text = f"{stdout}\n{stderr}".replace("\r", "").split("\n")
    said = [found for line in text if (found := _OURS.match(line))]
    said.sort(key=lambda one: one[1] != "ERROR")
    lines = tuple(f"=={one[1]}== {one[2]}" for one in said if one[1] != "PROF")
    has_error = any(one[1] == "ERROR" for one in said)
    launches = sum(any(_is_counter(row, name) for name in row.metrics) for row in rows)
    missing = tuple(name for name in requested if all(row.number(name) is None for row in rows))
    crash = "" if launches else _crash(text)
    report = next((found[1] for line in reversed(text) if (found := _REPORT.match(line))), "")
    cause = _cause(lines, text, exit_code, timed_out)
    if cause is None and not has_error and not launches:
        died = bool(crash) or (exit_code or 0) > _KILLED
        cause = Cause.APPLICATION_FAILED if died else _empty(lines)
    if cause is None:
        cause = _by_what_is_left(exit_code, has_error, len(rows), launches)
        if cause is Cause.OK and requested and len(missing) == len(requested):
            cause = Cause.NO_VALUES
        if cause is Cause.NO_ROWS and report:
            cause = Cause.WRITTEN_ELSEWHERE
    return Outcome(cause, _ADVICE[cause], lines, launches, missing, crash, report)


def _cause(
    lines: Sequence[str], text: Sequence[str], exit_code: int | None, timed_out: bool
) -> Cause | None:
    """What ncu, the shell or the clock say went wrong."""
    for cause, sign in _SIGNS:
        # A denial explains a timeout; a failed application is what a timeout leaves behind.
        if timed_out and cause is Cause.PROFILE_FAILED:
            break
        if any(sign.search(line) for line in lines):
            return cause
    if timed_out:
        return Cause.TIMEOUT
    others = _beside_records(text)
    if any(_LOCK.search(line) for line in others):
        return Cause.LOCK_FILE
    if exit_code == _COMMAND_NOT_FOUND or any(_MISSING.search(line) for line in others):
        return Cause.NOT_FOUND
    return None


def _beside_records(text: Sequence[str]) -> list[str]:
    """The lines that are no records of a table, which are long and say nothing of the attempt."""
    return [line for line in text if not line.startswith('"')]


def _empty(lines: Sequence[str]) -> Cause | None:
    """What ncu says of an attempt in which nothing failed and nothing was profiled."""
    for cause, sign in _EMPTY:
        if any(sign.search(line) for line in lines):
            return cause
    return None


def _crash(text: Sequence[str]) -> str:
    text = _beside_records(text)
    place = next((i for i in reversed(range(len(text))) if _CRASH.search(text[i])), None)
    if place is None:
        return ""
    if text[place].startswith("Traceback"):
        place = next((i for i in range(place, len(text)) if _RAISED.match(text[i])), place)
    return text[place].strip()


def _by_what_is_left(exit_code: int | None, has_error: bool, rows: int, launches: int) -> Cause:
    if has_error or (exit_code or 0) != 0:
        return Cause.UNKNOWN_ERROR
    if not rows:
        return Cause.NO_ROWS
    return Cause.OK if launches == rows else Cause.NO_VALUES


def _is_counter(row: KernelCapture, metric: str) -> bool:
    return _names_counter(metric) and row.number(metric) is not None


@cache
def _names_counter(metric: str) -> bool:
    return not metric.startswith(_WITHOUT_COUNTERS)
