"""Whose time a speed-up is held against: the baseline of the row, or of the rows beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.audit.recognising.words import words_of
from orchestrator.audit.rules import figures as fig
from orchestrator.audit.rules.figures import of, times_for
from orchestrator.audit.values import Figure, Quantity, Row

Beside = Sequence[Row]

_BASELINES = (
    *("baseline", "base", "reference", "ref", "eager", "torch", "pytorch", "sdpa", "naive"),
    *("original", "before", "old", "cublas", "cudnn", "numpy", "cpu", "native", "vanilla"),
    *("default", "flash", "fa2", "unfused", "math"),
)
# Parts of a call, or other times of the same one: no providers.
_PARTS = words_of(
    "fwd bwd forward backward h2d d2h transfer setup launch overhead first cold warm prefill "
    "decode wall e2e host"
)
_OURS = words_of(
    "ours our mine custom new candidate optimized optimised after fused triton kernel cuda "
    "proposed improved sparsek gpu compiled"
)


@dataclass(frozen=True)
class Pair:
    """What a speed-up should be. sure: which of the two is the baseline is told, not guessed."""

    ratio: float
    words: str
    slack: float
    quantity: Quantity
    sure: bool


def is_baseline(name: str) -> bool:
    """Whether a name is what people compare with."""
    words = set(name.lower().replace("-", " ").replace("_", " ").split())
    return bool(words & set(_BASELINES)) and not words & _OURS


def is_part(name: str) -> bool:
    """Whether it is a part of a call and no provider: `fwd`, `h2d`."""
    return bool(set(name.split()) & _PARTS)


def expected(row: Row, figure: Figure, beside: Beside) -> list[Pair]:
    """What the times, and the rates, around a speed-up make of it; the likeliest first."""
    found = []
    for quantity in (Quantity.TIME, Quantity.FLOP_RATE):
        sides = _sides(row, quantity, figure)
        if len(sides) > 1:
            found += list(_within(sides, figure, quantity))
        elif row.provider or figure.who:
            found += list(_below(row, figure, beside, quantity))
    return found


def _sides(row: Row, quantity: Quantity, claim: Figure) -> dict[str, Figure]:
    """By provider, one figure of a row: of several times the one that the claim is about."""
    sides: dict[str, Figure] = {}
    for one in row.of(quantity):
        if not fig.sound(one) or is_part(one.who):
            continue
        options = times_for(row, one) if quantity is Quantity.TIME and one.scaled else (one,)
        same = [each for each in options if each.statistic == claim.statistic]
        sides.setdefault(one.who, (same or list(options) or [one])[0])
    return sides


def _within(sides: Mapping[str, Figure], claim: Figure, quantity: Quantity) -> Iterator[Pair]:
    bases, told = _bases(sides, claim)
    for base in bases:
        for who, figure in sides.items():
            if who == base or (claim.who and claim.who != who and claim.who in sides):
                continue
            yield _pair(sides[base], base, figure, who, quantity, told)


def _bases(sides: Mapping[str, Figure], claim: Figure) -> tuple[list[str], bool]:
    """Who may be the baseline, and whether that is told."""
    if claim.against:
        named = [who for who in sides if who and (who in claim.against or claim.against in who)]
        if named:
            return named, True
    ranked = [who for who in sides if is_baseline(who)]
    if not ranked and "" in sides:
        # `latency_ms` beside `reference_latency_ms` is caught above; else the bare one is ours.
        ranked = [who for who in sides if who]
    if len(ranked) == 1:
        return ranked, True
    return ranked or list(sides), False


def _below(row: Row, claim: Figure, beside: Beside, quantity: Quantity) -> Iterator[Pair]:
    others = [one for one in beside if one is not row and one.provider != row.provider]
    wanted = claim.against
    named = [one for one in others if wanted and wanted in one.provider.lower()]
    bases = named or [one for one in others if _is_one(one)]
    if not bases and not _is_one(row):
        bases = [one for one in others if is_baseline(one.provider)]
    for base in bases:
        theirs, mine = _one_of(base, quantity, claim), _one_of(row, quantity, claim)
        if theirs and mine:
            told = len(bases) == 1 and (
                bool(named) or _is_one(base) or not is_baseline(row.provider)
            )
            yield _pair(theirs, base.provider, mine, row.provider, quantity, told)


def _is_one(row: Row) -> bool:
    """Whether it is what the others are compared with."""
    return any(one.value == 1 for one in of(row, Quantity.SPEEDUP))


def _one_of(row: Row, quantity: Quantity, claim: Figure) -> Figure | None:
    if quantity is Quantity.TIME:
        return next(iter(times_for(row, claim)), None)
    return next(iter(of(row, quantity)), None)


def _pair(
    base: Figure, base_name: str, mine: Figure, name: str, quantity: Quantity, sure: bool
) -> Pair:
    is_time = quantity is Quantity.TIME
    ratio = base.value / mine.value if is_time else mine.value / base.value
    first, second = (base, mine) if is_time else (mine, base)
    what = "" if is_time else f"{quantity.value}s "
    words = f"{what}{_shown(first, base_name if is_time else name)} / "
    words += _shown(second, name if is_time else base_name)
    return Pair(ratio, words, base.slack + mine.slack, quantity, sure)


def _shown(figure: Figure, name: str) -> str:
    return f"{fig.value(figure)} ({name or figure.key})"
