"""Where a run did less than it was asked for or had planned: what, why, and what lifts it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

from remote_payload.contract.case import Case
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.records import Cut
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Stage, Status
from remote_payload.operators.registry import DEFAULT
from remote_payload.processes.bounded import spoken
from remote_payload.stages.bench.schedule import CPU_BUDGET_S, Effort, shortened
from remote_payload.stages.ceilings import ceilings

_KERNEL_ROW = re.compile(r'^"\d+",', re.MULTILINE)
_LIMITS = {
    Stage.CHECK: ("check", "case_limit_s", "--case-limit"),
    Stage.BENCH: ("check", "case_limit_s", "--case-limit"),
    Stage.NCU: ("ncu", "case_limit_s", "--ncu-limit"),
    Stage.PROVE: ("prove", "case_limit_s", "--proof-limit"),
}


def of_race(case: Case, method: Method, plan: BenchPlan, chosen: Effort) -> Optional[Cut]:
    """The cut of one case by one method, once it is known how it is going to be timed."""
    what = shortened(method, plan, chosen)
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


def of_cases(request: Request, operator: OperatorFacts) -> Optional[Cut]:
    """The cut where a CPU runs the cases that were meant for it."""
    if not request.cpu_cases or request.cpu_cases == request.cases:
        return None
    names = {axis.symbol: axis.name for axis in operator.axes}
    here, there = _values(request.cpu_cases), _values(request.cases)
    differ = [symbol for symbol in there if here.get(symbol) != there[symbol]]
    words = [
        " and ".join(f"{names.get(symbol, symbol)} {side.get(symbol, 'none')}" for symbol in differ)
        for side in (here, there)
    ]
    why = "there is no CUDA GPU here, and what was left open of the case is chosen for a CPU"
    option = "--case"
    if operator.name == DEFAULT:
        option = " and ".join(f"--{names[symbol]}" for symbol in differ)
    return Cut(Stage.CHECK, "", f"{words[0]} instead of {words[1]}", why, option)


def after(stage: Stage, request: Request, result: Result, folder: Path) -> Iterator[Cut]:
    """The cuts that can be seen once a stage has run. folder: where its artifacts lie."""
    yield from _limits(stage, request, result)
    if stage is Stage.CEILINGS:
        yield from _of_ceilings(request, result)
    elif stage is Stage.NCU and result.ncu is not None and result.ncu.records:
        yield from _of_counters(request, result, folder)
    elif stage is Stage.TRACE and result.traces:
        yield from _fewer(stage, request.trace.cases, request.cases, "one is enough beside proofs")


def _limits(stage: Stage, request: Request, result: Result) -> Iterator[Cut]:
    """What ran into a limit of its own: one cut for each provider or proof."""
    struck = {
        Stage.CHECK: [record.provider for record in result.checks if _late(record.status)],
        Stage.BENCH: [record.provider for record in result.bench if _late(record.status)],
        Stage.NCU: [
            r.provider for r in (result.ncu.records if result.ncu else ()) if _late(r.status)
        ],
        Stage.PROVE: [record.name for record in result.proofs if _late(record.status)],
    }.get(stage, [])
    report = next((one for one in result.stages if one.stage is stage), None)
    if report is not None and report.status is Status.TIMEOUT and stage is not Stage.PROVE:
        why = f"the run's time limit of {spoken(request.time_limit_s)} has passed"
        yield Cut(stage, "", "it was not done", why, "--time-limit")
        return
    for name in dict.fromkeys(struck):
        plan, key, option = _LIMITS[stage]
        limit_s: float = getattr(getattr(request, plan), key)
        yield Cut(stage, name, "it was stopped", f"its limit is {spoken(limit_s)}", option)
    if stage is Stage.CEILINGS and result.cutlass and _late(result.cutlass.status):
        why = f"its limit is {spoken(request.ceilings.cutlass_limit_s)}"
        yield Cut(stage, "CUTLASS profiler", "it was stopped", why, "--cutlass-limit")


def _late(status: Status) -> bool:
    return status is Status.TIMEOUT


def _of_ceilings(request: Request, result: Result) -> Iterator[Cut]:
    for record in result.ceilings:
        taken = len(record.samples_us)
        if record.status is Status.OK and taken < ceilings.ROUNDS:
            why = "each ceiling has seconds only"
            yield Cut(Stage.CEILINGS, record.name, f"{taken} of {ceilings.ROUNDS} samples", why)
        size = request.ceilings.gemm_size
        if record.name == ceilings.GEMM_FP32 and size > ceilings.MOST_CPU_GEMM:
            what = f"M = N = K = {ceilings.MOST_CPU_GEMM} instead of {size}"
            yield Cut(Stage.CEILINGS, record.name, what, "a CPU needs seconds for more")


def _of_counters(request: Request, result: Result, folder: Path) -> Iterator[Cut]:
    plan = request.ncu
    records = result.ncu.records if result.ncu else ()
    cases, why = (
        plan.cases,
        "each call under ncu takes many passes, and the run takes times as well",
    )
    yield from _fewer(Stage.NCU, cases, request.cases, why, "the verb ncu with --heads")
    profiled = {record.provider for record in records}
    passed = {one.provider for one in result.checks if _profilable(one.status, one.emulated)}
    if plan.rivals and profiled < passed:
        what = f"{len(profiled)} of {len(passed)} providers"
        why = f"beside proofs ours, the user's own and the {plan.rivals} fastest others are enough"
        yield Cut(Stage.NCU, "", what, why, "leaving out --prove")
    for record in records:
        pages = [folder / name for name in record.artifacts if name.endswith(".csv")]
        rows = sum(len(_KERNEL_ROW.findall(_text(page))) for page in pages)
        if rows >= plan.kernel_limit:
            case = f"{record.provider} on {record.case.label}"
            what = f"the first {plan.kernel_limit} kernels of the call; there may be more"
            yield Cut(Stage.NCU, case, what, "no more of one call are profiled")


def _profilable(status: Status, emulated: bool) -> bool:
    return status is Status.OK and not emulated


def _fewer(
    stage: Stage, chosen: Sequence[Case], cases: Sequence[Case], why: str, option: str = ""
) -> Iterator[Cut]:
    if chosen and len(chosen) < len(cases):
        what = f"{len(chosen)} of {len(cases)} cases"
        yield Cut(stage, "", what, why, option or "leaving out --prove")


def _values(cases: Sequence[Case]) -> Dict[str, str]:
    """The values of each axis over all cases, in words."""
    found: Dict[str, List[str]] = {}
    for case in cases:
        for symbol, value in case.axes:
            found.setdefault(symbol, []).append(str(value))
    return {symbol: ", ".join(dict.fromkeys(values)) for symbol, values in found.items()}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").replace("\r", "")
    except OSError:
        return ""
