"""What to ask of Nsight Compute; `ncu_command` of the contract says in which words."""

from __future__ import annotations

from orchestrator.readers.ncu.quantities.metrics import QUANTITIES
from remote_payload.contract.plans import NcuPlan
from remote_payload.contract.words import Depth

# The metrics that are asked for by name carry their names on this chip.
CAPABILITY = "9.0"

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
KERNEL_LIMIT = {Depth.CHEAP: 32, Depth.FULL: 8}


def metrics(depth: Depth) -> tuple[str, ...]:
    """Metrics to ask for by name: those no chosen section collects."""
    return tuple(q.metric for q in QUANTITIES.values() if q.section not in SECTIONS[depth])


def plan(depth: Depth) -> NcuPlan:
    """What to collect; whom to profile is still open."""
    return NcuPlan(
        depth=depth,
        sections=SECTIONS[depth],
        metrics=metrics(depth),
        metrics_capability=CAPABILITY,
        kernel_limit=KERNEL_LIMIT[depth],
    )
