"""Rates against the work of the shape and the time: by which factor they are off, and why."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from orchestrator.audit.rules import figures as fig
from orchestrator.audit.rules.figures import COARSE, agree, held, of, times_for
from orchestrator.audit.values import Figure, Finding, Kind, Known, Quantity, Row, Weight

_NEAR = 0.025
_WORDS = re.compile(r"[a-z]+")


def work(row: Row) -> Iterator[Finding]:
    """Every rate and amount of work of a row, as far as its shape and times tell what it is."""
    for figure in of(row, Quantity.FLOP_RATE):
        amount = _flop(row, figure.who)
        if amount and figure.slack <= COARSE:
            yield from _rate(row, figure, amount)
    for figure in of(row, Quantity.BYTE_RATE):
        amount = row.known.traffic_bytes or _told(row, Quantity.BYTES)
        if amount and figure.slack <= COARSE:
            yield from _rate(row, figure, amount)
    yield from _amounts(row)
    yield from _calls(row)


def _flop(row: Row, who: str) -> float | None:
    """Nobody agrees on how many FLOP what is no matrix product has."""
    facts = row.known.facts
    if facts and facts.work and not facts.work.matrix:
        return None
    if row.known.flop:
        return row.known.flop * _passes(row, who)
    return _told(row, Quantity.FLOP)


def _passes(row: Row, who: str) -> float:
    """Forward passes that what was timed is worth: the backward pass of attention is five products
    for two, that of a GEMM two for one."""
    said = {*who.split(), *(word for _, text in row.apart for word in _WORDS.findall(text.lower()))}
    if not said & {"bwd", "backward", "fwdbwd"}:
        return 1.0
    both = bool(said & {"fwd", "forward", "fwdbwd"})
    attention = row.known.case is not None and row.known.case.operator == "attention"
    return (2.5 if attention else 2.0) + (1.0 if both else 0.0)


def _told(row: Row, quantity: Quantity) -> float | None:
    found = of(row, quantity)
    return found[0].value if found and found[0].key.lower() != "flops" else None


def _rate(row: Row, figure: Figure, amount: float) -> Iterator[Finding]:
    times = times_for(row, figure)
    for time in times:
        slack = figure.slack + time.slack + _diagonal(row.known)
        if agree(figure.value, amount / (time.value * 1e-6), slack):
            yield held(Kind.WORK, f"{figure.quantity.value} follows from time and work", slack)
            return
    if not times:
        return
    time = times[0]
    computed = amount / (time.value * 1e-6)
    ratio, slack = figure.value / computed, figure.slack + time.slack + _diagonal(row.known)
    is_flop = figure.quantity is Quantity.FLOP_RATE
    kind, weight, title = _of_flop(ratio, slack, row.known) if is_flop else _of_bytes(ratio, slack)
    if not is_flop and figure.counted:
        weight = Weight.NOTE
    unit, rate = (fig.flop, fig.flops) if is_flop else (fig.size, fig.bandwidth)
    what = f" ({row.known.label})" if row.known.label else ""
    text = (
        f"{figure.key} claims {rate(figure.value)}; {unit(amount)}{what} in {fig.time(time.value)} "
        f"({time.key}) are {rate(computed)}: {fig.times(ratio)}"
    )
    yield Finding(kind, weight, title, row.where, text)


def _diagonal(known: Known) -> float:
    """A causal mask lets S² / 2 scores through, or S (S + 1) / 2: both are usual."""
    case = known.case
    return (
        1 / case.size("S") if case and case.operator == "attention" and case.flag("causal") else 0
    )


def _near(ratio: float, factor: float, slack: float) -> bool:
    return abs(ratio / factor - 1) <= _NEAR + slack


def _of_flop(ratio: float, slack: float, known: Known) -> tuple[Kind, Weight, str]:
    case = known.case
    attention = case is not None and case.operator == "attention"
    masked = attention and case is not None and case.flag("causal")
    bad = Weight.CONTRADICTION
    nearest = min(_FACTORS, key=lambda one: abs(math.log(ratio / one[0])))
    if masked and nearest[0] == 2 and _near(ratio, 2, slack):
        return Kind.WORK, bad, "causal work counted as dense: 2× too high"
    if attention and not known.mask_told and _near(ratio, 0.5, slack):
        title = "FLOP of a causal mask, of which the file says nothing: half of the dense work"
        return Kind.WORK, Weight.DOUBT, title
    if attention and not masked and _near(ratio, 0.5, slack):
        title = "half the work of a dense case: causal, or a multiply-add counted as one FLOP"
        return Kind.WORK, bad, title
    if _near(ratio, nearest[0], slack):
        return Kind.WORK, bad, nearest[1]
    for name, size in case.sizes if case else ():
        if size > 4 and (_near(ratio, size, slack) or _near(ratio, 1 / size, slack)):
            how = "once too often" if ratio > 1 else "left out"
            return Kind.WORK, bad, f"the axis {name} counted {how}: {fig.times(ratio)}"
    title = f"a FLOP rate that is {ratio:.2g}× what its own time and shape give"
    return Kind.CONTRADICTS, bad, title


_FACTORS = (
    (2.0, "FLOP counted twice: a multiply-add is two FLOP already: 2× too high"),
    (0.5, "half the FLOP: a multiply-add counted as one"),
    (4.0, "a FLOP rate that is 4× what its own time and shape give"),
    (0.25, "a quarter of the FLOP: 4·D for each score of attention counted as D"),
    (3.5, "forward and backward pass counted on one time: 3.5× too high"),
    (2.5, "the backward pass counted on the time of a forward pass: 2.5× too high"),
    (3.0, "forward and backward pass counted on one time: 3× too high"),
    (1e3, "units mixed up: 1000× too high"),
    (1e-3, "units mixed up: 1000× too low"),
    (1e6, "units mixed up: 1,000,000× too high"),
    (1e-6, "units mixed up: 1,000,000× too low"),
    (1e9, "units mixed up: 10⁹× too high"),
)
_OF_BYTES = (
    (2.0, "bytes counted twice: 2× too high"),
    (0.5, "half the bytes: only one way counted, or another dtype's size"),
    (1024**3 / 1e9, "GiB counted as GB, the wrong way round: 1.07× too high"),
    (1e9 / 1024**3, "GiB/s called GB/s: 1.07× too low"),
    *((factor, title) for factor, title in _FACTORS if factor >= 1e3 or factor <= 1e-3),
)


def _of_bytes(ratio: float, slack: float) -> tuple[Kind, Weight, str]:
    for factor, title in _OF_BYTES:
        if _near(ratio, factor, min(slack, 0.02)):
            return Kind.WORK, Weight.CONTRADICTION, title
    if ratio > 1:
        title = "more traffic than inputs read and outputs written once: what was counted?"
        return Kind.WORK, Weight.DOUBT, title
    title = "a bandwidth below what inputs and outputs need, each moved once, in that time"
    return Kind.CONTRADICTS, Weight.CONTRADICTION, title


def _amounts(row: Row) -> Iterator[Finding]:
    """FLOP and bytes of a call, as told, against those of the shape."""
    known = ((Quantity.FLOP, row.known.flop), (Quantity.BYTES, row.known.traffic_bytes))
    for quantity, amount in known:
        for figure in of(row, quantity) if amount else ():
            if figure.slack > COARSE or not amount or _is_a_rate(row, figure, amount):
                continue
            slack = figure.slack + _diagonal(row.known)
            if agree(figure.value, amount, slack):
                yield Finding(Kind.WORK, Weight.HELD, f"{quantity.value} as the shape has it")
                continue
            ratio = figure.value / amount
            told = _of_flop(ratio, slack, row.known)
            kind, weight, title = told if quantity is Quantity.FLOP else _of_bytes(ratio, slack)
            word = fig.flop if quantity is Quantity.FLOP else fig.size
            text = (
                f"{figure.key} is {word(figure.value)}; {row.known.label} has {word(amount)}: "
                f"{fig.times(ratio)}"
            )
            yield Finding(kind, weight, title, row.where, text)


def _is_a_rate(row: Row, figure: Figure, amount: float) -> bool:
    """`flops` is what some call a rate."""
    return figure.key.lower().endswith("flops") and any(
        agree(figure.value, amount / (time.value * 1e-6), figure.slack + time.slack)
        for time in times_for(row, figure)
    )


def _calls(row: Row) -> Iterator[Finding]:
    """Calls per second are the reciprocal of a time."""
    for figure in of(row, Quantity.OTHER_RATE):
        times = times_for(row, figure)
        if any(agree(figure.value, 1e6 / t.value, figure.slack + t.slack) for t in times):
            yield Finding(Kind.CONTRADICTS, Weight.HELD, "calls per second follow from the time")
        elif times:
            computed = 1e6 / times[0].value
            text = f"{figure.key} is {figure.value:.4g}; 1 / {times[0].key} is {computed:.4g}"
            title = "calls per second that are not 1 / time"
            yield Finding(Kind.CONTRADICTS, Weight.CONTRADICTION, title, row.where, text)
