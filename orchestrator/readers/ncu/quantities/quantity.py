"""One thing to know of a kernel, and how to put several kernels' values together."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property

from orchestrator.readers.ncu.quantities.unit import alike

DURATION = "gpu__time_duration.sum"
ACTIVE_CYCLES = "sm__cycles_active.avg"
PER_ACTIVE = "avg.pct_of_peak_sustained_active"
PER_ELAPSED = "avg.pct_of_peak_sustained_elapsed"
# Submetrics of that name are percentages whatever else is known of them (ncu's Metrics Structure).
_PERCENT_NAME = re.compile(r"\.pct(_of_peak_\w+)?\Z|_pct\Z|\[%\]\Z")


@dataclass(frozen=True)
class Combination:
    """How values of several kernels of one call become one value.

    SUM adds. A weighted mean is exact where the metric is a quantity per weight: a percentage of
    the elapsed peak per time, one of the active peak per active cycle. SAME keeps a value that
    all kernels share. NEVER: hit rates and ratios have other denominators.
    """

    kind: str
    weight: str = ""


SUM = Combination("sum")
PER_TIME = Combination("weighted mean", DURATION)
PER_ACTIVE_CYCLE = Combination("weighted mean", ACTIVE_CYCLES)
SAME = Combination("same")
NEVER = Combination("never")


@dataclass(frozen=True)
class Quantity:
    """One thing to know. metric: its name on sm_90; elsewhere: names on other chips.

    section: identifier of the section that collects it, empty if it must be asked for by name.
    labels: each (section, label) under which a details page of some version prints it. says: what
    it is called as evidence of what holds a kernel back; empty: it is none. limits: the name of
    the `bottleneck` Limit whose share of its own peak it is. contains: keys of the quantities of
    which it is the greatest.
    """

    title: str
    metric: str
    unit: str
    combination: Combination
    section: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    elsewhere: tuple[str, ...] = ()
    says: str = ""
    limits: str = ""
    contains: tuple[str, ...] = ()

    @property
    def label(self) -> tuple[str, str] | None:
        """The (section, label) of today's versions, None if no details page prints it."""
        return self.labels[0] if self.labels else None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names under which a file may have it, labels that are no metric's name included."""
        return (self.metric, *self.elsewhere, *(f"{place}: {word}" for place, word in self.labels))

    def takes(self, unit: str, name: str) -> bool:
        """Whether a value in this unit, under this name, is a value of the quantity's own.

        A name that says percent needs no unit; any other does, for ncu scales times and bytes.
        """
        says_percent = self.unit == "%" and not unit and bool(_PERCENT_NAME.search(name))
        return says_percent or alike(unit, self.unit)


# Identifier and printed name of the sections that we read.
SOL = ("SpeedOfLight", "GPU Speed Of Light Throughput")
COMPUTE = ("ComputeWorkloadAnalysis", "Compute Workload Analysis")
MEMORY = ("MemoryWorkloadAnalysis", "Memory Workload Analysis")
OCCUPANCY = ("Occupancy", "Occupancy")
LAUNCH = ("LaunchStats", "Launch Statistics")
SCHEDULER = ("SchedulerStats", "Scheduler Statistics")
STATES = ("WarpStateStats", "Warp State Statistics")
INSTRUCTIONS = ("InstructionStats", "Instruction Statistics")
# What a printed section was called before, until 2021.1.
_FORMERLY = {SOL[1]: "GPU Speed Of Light"}


def shown(
    title: str,
    metric: str,
    unit: str,
    combination: Combination,
    section: tuple[str, str],
    label: str,
    *elsewhere: str,
    formerly: tuple[str, ...] = (),
) -> Quantity:
    """A quantity that a section collects and the details page prints under a label.

    formerly: the labels of older versions, from 2019 on.
    """
    identifier, printed = section
    places = (printed, _FORMERLY[printed]) if printed in _FORMERLY else (printed,)
    labels = tuple((place, word) for place in places for word in (label, *formerly))
    return Quantity(title, metric, unit, combination, identifier, labels, elsewhere)


def asked(
    title: str, metric: str, unit: str, combination: Combination, *elsewhere: str
) -> Quantity:
    """A quantity that no section holds and that must be asked for by its name."""
    return Quantity(title, metric, unit, combination, elsewhere=elsewhere)


def telling(
    quantity: Quantity, says: str, limits: str = "", contains: tuple[str, ...] = ()
) -> Quantity:
    """The same quantity as evidence of what holds a kernel back."""
    return replace(quantity, says=says, limits=limits, contains=contains)


def stall(reason: str) -> Quantity:
    """Warps per issue that stood still for this reason."""
    words = {"imc": "IMC", "gmma": "GMMA", "mio": "MIO", "lg": "LG"}
    label = " ".join(words.get(w, w.capitalize()) for w in reason.split("_"))
    # Warps per instruction issued; ncu calls the unit "inst".
    return shown(
        f"Stall ({reason.replace('_', ' ')})",
        f"smsp__average_warps_issue_stalled_{reason}_per_issue_active.ratio",
        "",
        NEVER,
        STATES,
        f"Stall {label}",
    )


# Why a warp could not issue, on sm_90; `selected` is no stall and stays out.
STALLS = (
    "barrier",
    "branch_resolving",
    "dispatch_stall",
    "drain",
    "gmma",
    "imc_miss",
    "lg_throttle",
    "long_scoreboard",
    "math_pipe_throttle",
    "membar",
    "mio_throttle",
    "misc",
    "no_instruction",
    "not_selected",
    "short_scoreboard",
    "sleeping",
    "tex_throttle",
    "wait",
)
