"""The exact Nsight Compute command lines; nothing else in either program spells an ncu option.

Imported on both sides: the host builds them from what its own ncu says of itself, and golden
files hold every word of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import FrozenSet, List, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.plans import NcuPlan

SUFFIX = ".ncu-rep"
_RANGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_NO_NAME = re.compile(r"[^A-Za-z0-9_]+")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")
_IDENTIFIER = re.compile(r"[A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*\Z")
# Lines of ncu's own begin with its mark. What it says last is mostly a consequence.
_COMPLAINT = re.compile(r"^==(?:ERROR|WARNING)==[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_CHATTER = re.compile(r"\s*(?:==PROF==.*|Traceback \(most recent call last\):|File \".*)?\Z")
_CONSEQUENCE = re.compile(
    r"The application returned an error code|Failed to profile |No kernels were profiled"
    r"|An error occurred while trying to profile|Profiling kernels launched by child processes"
)
_TROUBLE = re.compile(
    r"error|fail|mismatch|not (?:compatible|supported|permitted|found)|cannot|denied|insufficient",
    re.IGNORECASE,
)
_COMPLAINTS, _SENTENCE = 2, 300

# Asked for where this ncu knows them: an option it does not know would end it.
_IF_KNOWN = (
    ("--config-file", "off"),
    ("--target-processes-filter", "exclude:nvidia-smi"),
    # Bench runs with the tensor cores' own boost; anything else would be another machine.
    ("--pipeline-boost-state", "dynamic"),
)


class NothingToCollect(Exception):
    """This ncu lists none of the sections that were asked for."""


@dataclass(frozen=True)
class Ncu:
    """An installed Nsight Compute, as it describes itself.

    options: the long options its --help names. sections: the identifiers of --list-sections.
    """

    path: str
    options: FrozenSet[str]
    sections: FrozenSet[str]


@dataclass(frozen=True)
class ProfiledCall:
    """One provider on one case, one report file.

    nvtx_range: name of the push/pop range around that call, from `range_name`. report: ends with
    .ncu-rep. tmp_dir: our own folder, so that another user's lock file cannot stop us.
    capability: compute capability like "9.0". application: argv of the program that makes the
    call.
    """

    nvtx_range: str
    report: str
    tmp_dir: str
    capability: str
    application: Tuple[str, ...]


def questions(path: str) -> Tuple[Tuple[str, ...], Tuple[str, ...], Tuple[str, ...]]:
    """What to run to learn an ncu's version, its options and its sections, in this order."""
    return (path, "--version"), (path, "--help"), (path, "--list-sections")


def describe(path: str, usage: str, sections: str) -> Ncu:
    """An Ncu from the outputs of `--help` and `--list-sections`.

    A section is a line of the list that starts with its identifier.
    """
    words = (line.split(maxsplit=1) for line in sections.splitlines())
    names = (word[0] for word in words if len(word) > 1 and _IDENTIFIER.match(word[0]))
    listed = frozenset(name for name in names if name != "Identifier")
    return Ncu(path, frozenset(_OPTION.findall(usage)), listed)


def range_name(provider: str, case: Case) -> str:
    """The range's name, e.g. `sdpa.B16-H96-S512-D64-fp16`; no character has a meaning in filters.

    Different (provider, case) have different names: the last dot separates the two.
    """
    plain = _NO_NAME.sub("-", case.label.replace("=", ""))
    return f"{provider}.{plain}"


def collect(ncu: Ncu, plan: NcuPlan, call: ProfiledCall) -> Tuple[str, ...]:
    """Profile the kernels inside the range and nothing else, as argv.

    NothingToCollect; ValueError for a name that is no range's or no report's.
    """
    if not _RANGE.match(call.nvtx_range) or not call.report.endswith(SUFFIX):
        raise ValueError(f"not a range and a {SUFFIX}: {call.nvtx_range!r}, {call.report}")
    argv = [*_environment(call.tmp_dir), ncu.path]
    for option, value in _IF_KNOWN:
        argv += [option, value] if option in ncu.options else []
    argv += ["--target-processes", "all"]
    # A push/pop range needs the slash; without it ncu looks for a start/end range.
    argv += ["--nvtx", "--nvtx-include", f"{call.nvtx_range}/"]
    argv += ["--launch-count", str(plan.kernel_limit)]
    for section in _sections(ncu, plan):
        argv += ["--section", section]
    # An unknown metric would fail the whole collection, so another chip gets none by name.
    if plan.metrics and call.capability == plan.metrics_capability:
        argv += ["--metrics", ",".join(plan.metrics)]
    # Defaults differ: clocks are locked to base before 2026.1 and to boost since.
    argv += ["--clock-control", "none"]
    # The benchmark's loop is warm; flushed caches would be another experiment.
    argv += ["--cache-control", "none", "--replay-mode", "kernel"]
    # Without the suffix, 2026.3 and later write a compressed file of another name.
    argv += ["--force-overwrite", "--export", call.report]
    return (*argv, *call.application)


def raw_page(ncu: Ncu, report: str, tmp_dir: str) -> Tuple[str, ...]:
    """Print a report as CSV, in base units and one notation of numbers, as argv."""
    options = ("--import", report, "--csv", "--page", "raw", "--print-units", "base")
    return (*_environment(tmp_dir), ncu.path, *options)


def _sections(ncu: Ncu, plan: NcuPlan) -> Tuple[str, ...]:
    kept = tuple(name for name in plan.sections if name in ncu.sections)
    if not kept:
        wanted = ", ".join(plan.sections[:1]) or "none named"
        raise NothingToCollect(
            f"this ncu lists none of the sections we read, such as {wanted}; "
            f"see what it has: {ncu.path} --list-sections"
        )
    return kept


def _environment(tmp_dir: str) -> List[str]:
    return ["env", f"TMPDIR={tmp_dir}", "LC_ALL=C"]


def complaint(output: str) -> str:
    """What went wrong, in the words of an ncu that failed or of the program it ran; "" if silent.

    Its first sentences that are no mere consequence, since the last line is mostly one.
    """
    said = [line for line in _COMPLAINT.findall(output) if not _CONSEQUENCE.match(line)]
    lines = [line.rstrip() for line in output.splitlines() if not _CHATTER.match(line)]
    # Indented are the sources that a traceback shows, which may speak of errors as well.
    wrong = [line for line in lines if _TROUBLE.search(line) and not line.startswith((" ", "=="))]
    marked = _COMPLAINT.findall(output)
    chosen = said[:_COMPLAINTS] or wrong[:1] or marked[:1] or lines[-1:]
    return " / ".join(line.strip()[:_SENTENCE] for line in dict.fromkeys(chosen))
