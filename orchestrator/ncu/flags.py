"""The exact Nsight Compute command lines; nothing else in the program spells an ncu option."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath

from orchestrator.errors import HostUnfit
from orchestrator.model.command import Command
from orchestrator.ncu.metrics import QUANTITIES
from orchestrator.ncu.version import Ncu
from remote_payload.contract import Shape

SUFFIX = ".ncu-rep"
_SM_90 = "9.0"
_RANGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


class Depth(Enum):
    """How much to collect: CHEAP takes about a dozen passes per kernel, FULL about forty."""

    CHEAP = "cheap"
    FULL = "full"


_CHEAP = (
    "SpeedOfLight",
    "SpeedOfLight_HierarchicalTensorRooflineChart",
    "MemoryWorkloadAnalysis",
    "ComputeWorkloadAnalysis",
    "Occupancy",
    "LaunchStats",
    "SchedulerStats",
    "WarpStateStats",
)
# `--set full` without what says nothing of one kernel: NVLink, NUMA, timelines.
_FULL = (
    *_CHEAP,
    "InstructionStats",
    "MemoryWorkloadAnalysis_Chart",
    "MemoryWorkloadAnalysis_Tables",
    "SourceCounters",
    "SpeedOfLight_HierarchicalHalfRooflineChart",
    "SpeedOfLight_HierarchicalSingleRooflineChart",
    "SpeedOfLight_RooflineChart",
    "WorkloadDistribution",
)
SECTIONS = {Depth.CHEAP: _CHEAP, Depth.FULL: _FULL}

# One call of attention is a handful of kernels; a range that holds more was set wrong.
KERNEL_CAP = {Depth.CHEAP: 32, Depth.FULL: 8}

# Asked for where this ncu knows them: an option it does not know would end it.
_IF_KNOWN = (
    ("--config-file", "off"),
    ("--target-processes-filter", "exclude:nvidia-smi"),
    # Bench runs with the tensor cores' own boost; anything else would be another machine.
    ("--pipeline-boost-state", "dynamic"),
)


@dataclass(frozen=True)
class Collection:
    """One profiled call: one provider on one shape, one report file.

    nvtx_range: name of the push/pop range around that call, from `range_name`. report: ends with
    .ncu-rep. tmp_dir: our own folder, so that another user's lock file cannot stop us.
    compute_capability: like "9.0". application: argv of the program that makes the call.
    """

    depth: Depth
    nvtx_range: str
    report: PurePosixPath
    tmp_dir: PurePosixPath
    compute_capability: str
    application: tuple[str, ...]


def range_name(provider: str, shape: Shape) -> str:
    """The range's name, e.g. `sdpa.B16-H96-S512-D64-fp16`; no character has a meaning in filters.

    Different (provider, shape) have different names: the last dot separates the two.
    """
    mask = "-causal" if shape.causal else ""
    size = f"B{shape.batch}-H{shape.heads}-S{shape.seq}-D{shape.dim}"
    return f"{provider}.{size}-{shape.dtype.value}{mask}"


def sections(ncu: Ncu, depth: Depth) -> tuple[str, ...]:
    """The sections to collect: those we want and this ncu lists. HostUnfit if it lists none."""
    kept = tuple(name for name in SECTIONS[depth] if name in ncu.sections)
    if not kept:
        raise HostUnfit(
            f"ncu {ncu.version} lists none of the sections we read, such as {_CHEAP[0]}",
            hint=f"See what it has: {ncu.path} --list-sections",
        )
    return kept


def metrics(compute_capability: str, depth: Depth) -> tuple[str, ...]:
    """Metrics to ask for by name: those no chosen section collects, under their sm_90 names.

    None for another chip: an unknown metric would fail the whole collection.
    """
    if compute_capability != _SM_90:
        return ()
    chosen = SECTIONS[depth]
    return tuple(q.metric for q in QUANTITIES.values() if q.section not in chosen)


def collect(ncu: Ncu, wanted: Collection) -> Command:
    """Profile the kernels inside the range and nothing else. ValueError for a bad range name."""
    if not _RANGE.match(wanted.nvtx_range) or wanted.report.suffix != SUFFIX:
        raise ValueError(f"not a range and a {SUFFIX}: {wanted.nvtx_range!r}, {wanted.report}")
    argv = [*_environment(wanted.tmp_dir), str(ncu.path)]
    for option, value in _IF_KNOWN:
        argv += [option, value] if option in ncu.options else []
    argv += ["--target-processes", "all"]
    # A push/pop range needs the slash; without it ncu looks for a start/end range.
    argv += ["--nvtx", "--nvtx-include", f"{wanted.nvtx_range}/"]
    argv += ["--launch-count", str(KERNEL_CAP[wanted.depth])]
    for section in sections(ncu, wanted.depth):
        argv += ["--section", section]
    if named := metrics(wanted.compute_capability, wanted.depth):
        argv += ["--metrics", ",".join(named)]
    # Defaults differ: clocks are locked to base before 2026.1 and to boost since.
    argv += ["--clock-control", "none"]
    # The benchmark's loop is warm; flushed caches would be another experiment.
    argv += ["--cache-control", "none", "--replay-mode", "kernel"]
    # Without the suffix, 2026.3 and later write a compressed file of another name.
    argv += ["--force-overwrite", "--export", str(wanted.report)]
    return Command((*argv, *wanted.application))


def raw_page(ncu: Ncu, report: PurePosixPath, tmp_dir: PurePosixPath) -> Command:
    """Print a report as CSV, in base units and one notation of numbers."""
    options = ["--import", str(report), "--csv", "--page", "raw", "--print-units", "base"]
    return Command((*_environment(tmp_dir), str(ncu.path), *options))


def questions(path: PurePosixPath) -> tuple[Command, Command, Command]:
    """What to run so that `version.describe` can tell which ncu this is."""
    asked = (Command((str(path), f"--{what}")) for what in ("version", "help", "list-sections"))
    return next(asked), next(asked), next(asked)


def _environment(tmp_dir: PurePosixPath) -> list[str]:
    return ["env", f"TMPDIR={tmp_dir}", "LC_ALL=C"]
