"""Where a run did less than it was asked for or had planned: what, why, and what lifts it."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

from remote_payload.contract.case import Case
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.records import Cut
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status
from remote_payload.operators.registry import DEFAULT
from remote_payload.processes.bounded import spoken
from remote_payload.stages import declaration


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
    declared = declaration.of(stage)
    own = declaration.part(stage, "cuts")
    report = next((one for one in result.stages if one.stage is stage), None)
    if report is not None and late(report.status) and not declared.always:
        why = f"the run's time limit of {spoken(request.time_limit_s)} has passed"
        yield Cut(stage, "", "it was not done", why, "--time-limit")
    elif declared.limit is not None and hasattr(own, "struck"):
        why = f"its limit is {spoken(declared.limit.seconds(request))}"
        for name in dict.fromkeys(own.struck(result)):
            yield Cut(stage, name, "it was stopped", why, declared.limit.option)
    if hasattr(own, "after"):
        yield from own.after(request, result, folder)


def late(status: Status) -> bool:
    """Whether something ran into its limit."""
    return status is Status.TIMEOUT


def fewer(
    stage: Stage, chosen: Sequence[Case], cases: Sequence[Case], why: str, option: str = ""
) -> Iterator[Cut]:
    """The cut where a stage took only some of a run's cases."""
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
