"""What a gate answers: nothing slower, something slower or wrong, or that it cannot tell.

The same for two runs side by side and for one run against its baseline (docs/exit-codes.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from orchestrator.errors import ExitCode
from orchestrator.performance.verdict import Verdict

_SHOWN = 3


class Answer(str, Enum):
    """Nothing slower, something slower or wrong, or nothing decided."""

    PASSED = "passed"
    REGRESSED = "regressed"
    UNDECIDED = "undecided"

    @property
    def exit_code(self) -> ExitCode:
        codes = {Answer.PASSED: ExitCode.OK, Answer.REGRESSED: ExitCode.GATE_FAILED}
        return codes.get(self, ExitCode.UNDECIDED)


@dataclass(frozen=True)
class Policy:
    """How a gate is to judge.

    threshold: relative; a slowdown up to it is put up with. require_conclusive: whatever is open
    leaves the gate open. allow_missing: what is not there any more is put up with.
    """

    threshold: float = 0.0
    require_conclusive: bool = False
    allow_missing: bool = False


@dataclass(frozen=True)
class Claim:
    """One row that is judged. about: provider, method and case in words.

    low, high: of the speed-up; None where no interval can be trusted. reason: of INCONCLUSIVE.
    spills: the compiler says that its kernels keep more in local memory than before.
    """

    provider: str
    about: str
    verdict: Verdict
    low: float | None
    high: float | None
    reason: str = ""
    spills: bool = False


class Standing(str, Enum):
    """What one row is to a gate."""

    SLOWER = "slower"
    GREEN = "green"
    OPEN = "open"


@dataclass(frozen=True)
class Ruling:
    """slower, open_rows: the rows that are so; reasons: why it is UNDECIDED, in words."""

    answer: Answer
    slower: tuple[Claim, ...]
    open_rows: tuple[Claim, ...]
    reasons: tuple[str, ...] = ()

    @property
    def undecided(self) -> str:
        """All reasons in a sentence; empty unless UNDECIDED."""
        return f"nothing decided: {'; '.join(self.reasons)}" if self.reasons else ""


def standing(row: Claim, policy: Policy) -> Standing:
    """By its verdict; with a threshold by where its interval lies, wide as it may be."""
    if policy.threshold and row.low is not None and row.high is not None:
        # So many times as long as before is what a threshold allows: a speed-up of 1 / (1 + it).
        limit = 1 / (1 + policy.threshold)
        if row.high < limit:
            return Standing.SLOWER
        return Standing.GREEN if row.low >= limit else Standing.OPEN
    if row.verdict is Verdict.SLOWER:
        return Standing.SLOWER
    return Standing.OPEN if row.verdict is Verdict.INCONCLUSIVE else Standing.GREEN


def rule(
    rows: Sequence[Claim],
    policy: Policy,
    *,
    broke: int = 0,
    missing: Sequence[str] = (),
    nothing: str = "",
    spills: Sequence[str] = (),
) -> Ruling:
    """REGRESSED if anything is slower or broke. Else PASSED only if something of every provider is
    decided, nothing is missing, and no kernel spills more whose rows are not all decided.

    missing: what is not there any more, in words. nothing: why there are no rows, if there are
    none. spills: of kernels that no row is about.
    """
    stands = [(row, standing(row, policy)) for row in rows]
    slower = tuple(row for row, stand in stands if stand is Standing.SLOWER)
    still_open = tuple(row for row, stand in stands if stand is Standing.OPEN)
    if slower or broke:
        return Ruling(Answer.REGRESSED, slower, still_open)
    reasons = [] if rows else [nothing or "nothing was compared"]
    if still_open and (told := _why_open(rows, still_open, policy)):
        reasons.append(told)
    if missing and not policy.allow_missing:
        reasons.append(_listed("missing now", missing))
    if spills:
        reasons.append(_listed("a kernel spills more than before, and was not timed", spills))
    answer = Answer.UNDECIDED if reasons else Answer.PASSED
    return Ruling(answer, slower, still_open, tuple(reasons))


def _why_open(rows: Sequence[Claim], still_open: Sequence[Claim], policy: Policy) -> str:
    """Why open rows leave the gate open; empty where it can be green beside them."""
    decided = {row.provider for row in rows if row not in still_open}
    unknown = [row for row in still_open if row.provider not in decided]
    spilling = [row for row in still_open if row.spills]
    if policy.require_conclusive or len(unknown) == len(rows):
        what = f"{len(still_open)} of {len(rows)} rows are open"
        return _listed(what, _reasons(still_open))
    if unknown:
        names = ", ".join(dict.fromkeys(row.provider for row in unknown))
        return _listed(f"nothing of {names} is decided", _reasons(unknown))
    if spilling:
        what = "a kernel spills more than before, and not all its rows are decided"
        return _listed(what, _reasons(spilling))
    return ""


def _reasons(rows: Sequence[Claim]) -> list[str]:
    """Each reason once, with the row it is for, or how many."""
    held: dict[tuple[str, str], list[Claim]] = {}
    for row in rows:
        held.setdefault((row.provider, row.reason), []).append(row)
    told = []
    for (provider, reason), those in held.items():
        about = those[0].about if len(those) == 1 else f"{provider}, {len(those)} rows"
        told.append(f"{about}: {reason}" if reason else about)
    return told


def _listed(what: str, told: Sequence[str]) -> str:
    rest = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return f"{what}: {'; '.join(told[:_SHOWN])}{rest}"
