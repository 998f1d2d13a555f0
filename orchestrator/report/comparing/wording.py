"""Cases and rows in few words."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.report.families import sweep
from remote_payload.contract.case import Case
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.words import Method


def in_words(cases: Iterable[Case], operator: OperatorFacts) -> str:
    """Cases, with the values of those that differ in one axis alone together."""
    given = tuple(dict.fromkeys(cases))
    along = sweep(given, operator)
    values: dict[str, list[str]] = {}
    for case in given:
        values.setdefault(along.family(case).label, []).append(str(along.value(case)))
    return "; ".join(
        f"{rest} {along.symbols}={','.join(counts)}" for rest, counts in values.items()
    )


def lines(
    told: Iterable[tuple[str, Case, Method, str]], operator: OperatorFacts
) -> tuple[str, ...]:
    """A line for each provider, method and reason, with all cases it holds for."""
    cases: dict[tuple[str, ...], list[Case]] = {}
    for provider, case, method, reason in told:
        cases.setdefault((provider, method.value, reason), []).append(case)
    return tuple(
        f"{provider}, {method}, {in_words(held, operator)}{': ' if reason else ''}{reason}"
        for (provider, method, reason), held in cases.items()
    )


def row(provider: str, case: Case, method: Method) -> str:
    """`mine on B=16 H=96 fp16, cold`."""
    return f"{provider} on {case.label}, {method.value}"
