"""How much faster than its reference a candidate was, for a summary of many problems."""

from __future__ import annotations

from orchestrator.performance.stats import ratio, usable
from orchestrator.performance.targets.judging import in_force, weight
from orchestrator.report.against import find
from remote_payload.contract.case import Case
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status


def speedups(result: Result) -> dict[str, float]:
    """By candidate, on the case with most work that was timed, back to back: the median ratio of
    samples of the same round. Without those that were not timed, or not beside the reference."""
    base = result.operator.baseline
    timed = [one.case for one in result.bench if one.provider == base]
    cases = sorted(timed, key=lambda case: weight(result.facts(case), in_force(result)))
    return _on(result, base, cases[-1]) if cases else {}


def candidates(result: Result) -> tuple[str, ...]:
    """The providers that came with files, and so are what a problem was run for."""
    return tuple(one.name for one in result.request.providers if one.target is not None)


def _on(result: Result, base: str, case: Case) -> dict[str, float]:
    reference = find(result.bench, base, case, Method.BACK_TO_BACK)
    found: dict[str, float] = {}
    for name in candidates(result):
        mine = find(result.bench, name, case, Method.BACK_TO_BACK)
        if mine is None or reference is None:
            continue
        if all(one.status is Status.OK and usable(one.samples_us) for one in (mine, reference)):
            found[name] = ratio(reference.samples_us, mine.samples_us).median
    return found
