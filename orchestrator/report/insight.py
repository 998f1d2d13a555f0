"""What a report knows of the kernels beside the result, and which case it tells most of."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.performance.bottleneck.evidence import CallEvidence
from orchestrator.performance.targets.judging import in_force, weight
from orchestrator.readers.ptxas import KernelResources, Notice, parse
from orchestrator.readers.sass import MachineCode, is_kernel
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.traced import Traced
from remote_payload.contract.case import Case
from remote_payload.contract.machine import Compilation
from remote_payload.contract.result import Result


@dataclass(frozen=True)
class Insight:
    """What a report knows beside the result: counters of calls, and our library's machine code."""

    calls: tuple[CallEvidence, ...] = ()
    machine_code: tuple[MachineCode, ...] = ()


NO_INSIGHT = Insight()


def telling(figures: Figures, insight: Insight) -> Case | None:
    """The targets' case, else the one with the most work; counters decide where there are any."""
    cases = [call.case for call in insight.calls]
    cases = cases or [row.record.case for row in figures.rows if row.trusted]
    cases = cases or [record.case for record in figures.result.traces]
    result = figures.result
    return max(cases, key=lambda one: weight(result.facts(one), in_force(result)), default=None)


def row_of(figures: Figures, provider: str, case: Case) -> Figure | None:
    """The provider's first trusted timing on the case."""
    for row in figures.rows:
        if row.trusted and (row.record.provider, row.record.case) == (provider, case):
            return row
    return None


def said_of(
    result: Result, run: Traced | None
) -> tuple[tuple[KernelResources, ...], tuple[Notice, ...]]:
    """The compiler's words on our kernels for this GPU: those traced, or all if none was."""
    logs = [parse(one.log) for one in _compilations(result)]
    kernels = [kernel for log in logs for kernel in log.kernels]
    if run is not None:
        names = [one.kernel.name for one in run.kernels]
        kernels = [k for k in kernels if any(is_kernel(k.mangled, name) for name in names)]
    return tuple(kernels), tuple(notice for log in logs for notice in log.notices)


def _compilations(result: Result) -> tuple[Compilation, ...]:
    """Those for the GPU's own architecture, where it is known and one was made for it."""
    every = result.build.compilations if result.build else ()
    capability = result.machine.compute_capability if result.machine else None
    arch = f"sm_{(capability or '').replace('.', '')}"
    own = tuple(one for one in every if one.arch.rstrip("af") == arch)
    return own or every
