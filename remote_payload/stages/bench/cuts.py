"""Where bench did less than was planned."""

from __future__ import annotations

from typing import Optional, Sequence

from remote_payload.contract.case import Case
from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.records import Cut
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Stage
from remote_payload.machine.sharing import Load
from remote_payload.processes.bounded import spoken
from remote_payload.stages.bench.schedule import CPU_BUDGET_S, Effort, shortened
from remote_payload.stages.cuts import late


def of_race(
    case: Case, method: Method, plan: BenchPlan, whole: Effort, chosen: Effort
) -> Optional[Cut]:
    """The cut of one case by one method, once it is known how it is going to be timed. whole: what
    would be done if nothing bounded it."""
    what = shortened(method, whole, chosen)
    if not what:
        return None
    why = f"all timings together are to take {spoken(plan.budget_s)}"
    if not plan.budget_s:
        why = f"on a CPU all timings together take about {spoken(CPU_BUDGET_S)} at most"
    return Cut(Stage.BENCH, f"{case.label}, {method.value}", what, why, "--bench-budget")


def of_methods(methods: Sequence[Method], plan: BenchPlan) -> Optional[Cut]:
    """The cut of those methods of the plan that this device does not have."""
    lacking = ", ".join(method.value for method in plan.methods if method not in methods)
    if not lacking:
        return None
    return Cut(Stage.BENCH, "", f"nothing is timed by the method {lacking}", "it needs a CUDA GPU")


def of_threads(threads: int, usual: int, load: Load) -> Cut:
    """The cut of threads that would wait for those of others at every barrier."""
    what = f"{threads} of {usual} threads of torch"
    busy = f"others keep {load.others:.1f} of {load.cpus} CPUs busy"
    why = f"{busy}, and who shares one waits at every barrier"
    return Cut(Stage.BENCH, "", what, why, "OMP_NUM_THREADS")


def struck(result: Result) -> Sequence[str]:
    """Who ran into the limit."""
    return [record.provider for record in result.bench if late(record.status)]
