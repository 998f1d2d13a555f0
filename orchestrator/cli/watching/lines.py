"""A turn in one line: for a person, or as JSON for a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from orchestrator.performance.starts import Interval
from orchestrator.report.comparing.builds import BuildChange
from orchestrator.report.wording import format as fmt
from orchestrator.workflows.watch import judged
from orchestrator.workflows.watch.judged import Against, Row
from orchestrator.workflows.watch.outcome import Outcome, Trouble, Word
from remote_payload.contract import codec

COLOURS = {
    Word.RIGHT: "green",
    Word.WRONG: "red",
    Word.BROKEN: "red",
    Word.GONE: "yellow",
    Word.FAILED: "yellow",
}
_SHOWN_ROWS, _SHOWN_TROUBLES, _SHOWN_CHANGES = 3, 2, 4
_GAP = "   "


def mark(outcome: Outcome) -> str:
    """What stands before a turn's line: its number, and whether it was right."""
    word = outcome.word.value
    return f"{outcome.number:>3} {word if outcome.word is Word.RIGHT else word.upper()}"


def line(outcome: Outcome) -> str:
    """The rest of a turn's line."""
    parts = [*_troubles(outcome.troubles), *_rows(outcome.rows), *_changes(outcome.changes)]
    if outcome.word is Word.RIGHT and not outcome.rows:
        parts.append("not timed here")
    if outcome.rows:
        parts.append(_taken(outcome))
    return f"{_GAP}{_GAP.join(parts)}"


def _taken(outcome: Outcome) -> str:
    starts = fmt.count(min(row.starts for row in outcome.rows), "start")
    more = f" of {outcome.turns} turns" if outcome.turns > 1 else ""
    return f"{starts}{more}, {outcome.seconds.get('turn', 0.0):.1f} s"


def _troubles(troubles: Sequence[Trouble]) -> Iterator[str]:
    for one in troubles[:_SHOWN_TROUBLES]:
        who = " on ".join(part for part in (one.provider, one.case) if part)
        place = one.place if one.place not in one.reason else ""
        yield ": ".join(part for part in (place, who, one.reason) if part)
    if len(troubles) > _SHOWN_TROUBLES:
        yield f"and {len(troubles) - _SHOWN_TROUBLES} more"


def _rows(rows: Sequence[Row]) -> Iterator[str]:
    several = len({row.provider for row in rows}) > 1
    for row in rows[:_SHOWN_ROWS]:
        who = [row.provider] if several else []
        who += [row.case.label] if len(rows) > 1 else []
        head = " on ".join(who)
        told = _GAP.join((_time(row.time), *map(_against, _folded(row.against))))
        yield f"{head}: {told}" if head else told
    if len(rows) > _SHOWN_ROWS:
        yield f"and {len(rows) - _SHOWN_ROWS} cases more, of all {_over_all(rows)}"


def _over_all(rows: Sequence[Row]) -> str:
    told = []
    for what in (judged.LAST, judged.BEST, judged.BASELINE):
        word, middle = judged.over_all(rows, what), judged.middle(rows, what)
        if word is not None and middle is not None:
            told.append(f"{what} {word.value} {fmt.rounded(middle, None)}×")
    return ", ".join(told)


def _time(time: Interval | None) -> str:
    if time is None:
        return "too few starts for a time"
    half = (time.high - time.low) / 2
    low, high = fmt.rounded(time.low, half), fmt.rounded(time.high, half)
    return f"{fmt.rounded(time.middle, half)} ({low}–{high}) µs"


def _folded(against: Sequence[Against]) -> Iterator[tuple[str, Against]]:
    """By what they are, those that are one and the same provider together: `last, best`; and those
    that have no verdict for one and the same reason."""
    of: dict[str, list[Against]] = {}
    for one in against:
        of.setdefault(one.rival.who if one.judgement else one.why, []).append(one)
    for same in of.values():
        yield ", ".join(one.rival.what for one in same), same[0]


def _against(told: tuple[str, Against]) -> str:
    what, one = told
    if one.judgement is None:
        return f"{what}: no verdict: {one.why}"
    return f"{what} {one.judgement.verdict.value} {fmt.speedup(one.judgement)}"


def _changes(changes: Sequence[BuildChange]) -> Iterator[str]:
    """What got worse first, as it comes."""
    for one in changes[:_SHOWN_CHANGES]:
        loud = "SPILLS: " if one.spills else ""
        yield f"{loud}{one.kernel} {one.what} {one.before} → {one.after}"
    if len(changes) > _SHOWN_CHANGES:
        yield f"and {len(changes) - _SHOWN_CHANGES} figures of kernels more"


def document(outcome: Outcome) -> dict[str, Any]:
    """The turn for a program; docs/watch.md says what the keys are."""
    return {
        "turn": outcome.number,
        "word": outcome.word.value,
        "state": outcome.state,
        "last": outcome.last,
        "best": outcome.best,
        "run": outcome.run,
        "rows": [_row(row) for row in outcome.rows],
        "turns": outcome.turns,
        "troubles": [codec.encode(one) for one in outcome.troubles],
        "changes": [codec.encode(one) for one in outcome.changes],
        "seconds": {name: round(value, 4) for name, value in outcome.seconds.items()},
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "provider": row.provider,
        "case": codec.encode(row.case),
        "method": row.method.value,
        "time_us": _interval(row.time),
        "starts": row.starts,
        "against": {one.rival.what: _verdict(one) for one in row.against},
    }


def _interval(time: Interval | None) -> list[float] | None:
    """[low, middle, high]"""
    return None if time is None else [time.low, time.middle, time.high]


def _verdict(one: Against) -> dict[str, Any]:
    judgement = one.judgement
    if judgement is None:
        return {"provider": one.rival.who, "verdict": None, "speedup": None, "advice": one.why}
    ratio = judgement.speedup
    return {
        "provider": one.rival.who,
        "verdict": judgement.verdict.value,
        "speedup": [ratio.low, ratio.median, ratio.high],
        "advice": judgement.advice,
    }
