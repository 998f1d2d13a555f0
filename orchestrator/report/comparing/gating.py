"""A comparison as a gate sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.report.comparing import ceilings, wording
from orchestrator.report.gates.gate import Claim, Policy, Ruling, rule
from remote_payload.contract.facts import UNKNOWN, Role
from remote_payload.contract.result import Result

if TYPE_CHECKING:
    from orchestrator.report.comparing.builds import BuildChange
    from orchestrator.report.comparing.comparison import Comparison, Row


def ruling(found: Comparison, policy: Policy) -> Ruling:
    """What a gate says. A row that another by graph decides is no row of its own."""
    rows = [_claim(row, found) for row in found.rows if not row.by_graph]
    gone = _missing(found)
    if not rows and not found.yardsticks and found.ceilings:
        rows = [Claim(one.name, f"ceiling {one.name}", one.verdict, None, None, one.reason)
                for one in found.ceilings]  # fmt: skip
    timed = {row.provider for row in rows}
    untimed = (one for one in found.changes if one.spills and not timed & set(_whose(one, found)))
    spills = tuple(one.words for one in untimed)
    return rule(
        rows, policy, broke=len(found.broke), missing=gone, nothing=_nothing(found), spills=spills
    )


def _claim(row: Row, found: Comparison) -> Claim:
    speedup = row.found.judged.speedup
    about = wording.row(row.provider, row.case, row.method)
    spills = any(one.spills and row.provider in _whose(one, found) for one in found.changes)
    return Claim(
        row.provider, about, row.verdict, speedup.low, speedup.high, row.found.judged.advice, spills
    )


def _whose(change: BuildChange, found: Comparison) -> tuple[str, ...]:
    return (change.provider,) if change.provider else compiled(found)


def compiled(found: Comparison) -> tuple[str, ...]:
    """The providers whose kernels the build stage makes."""
    result = found.after.result
    return result.operator.named(Role.OURS) if result else ()


def _missing(found: Comparison) -> tuple[str, ...]:
    old, new = found.before.result, found.after.result
    operator = old.operator if old else UNKNOWN
    told = [(one.provider, one.case, one.method, one.reason) for one in found.lost if not one.broke]
    if found.rows or found.yardsticks:  # else that is why nothing was compared
        told += [(one.provider, one.case, one.method, one.reason) for one in found.refused]
    lines = wording.lines(told, operator)
    return (*lines, *(f"ceiling {name}" for name in _ceilings(old, new)))


def _ceilings(old: Result | None, new: Result | None) -> tuple[str, ...]:
    return ceilings.missing(old, new) if old and new else ()


def _nothing(found: Comparison) -> str:
    """Why there is no row to judge."""
    if found.refused and not found.yardsticks:
        return found.refused[0].reason
    if found.yardsticks:
        return "only the baseline was timed in both runs, and it is the yardstick"
    return "no provider was timed on the same case in both runs"
