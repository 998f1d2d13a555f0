"""Rates and times against what a GPU can do, and shares of roofs that do not apply."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.audit.machine import FASTEST_TIMES, Machine
from orchestrator.audit.rules import figures as fig
from orchestrator.audit.rules.figures import agree, of, sane
from orchestrator.audit.values import (
    TOTAL,
    Figure,
    Finding,
    Kind,
    Known,
    Quantity,
    Role,
    Row,
    Weight,
)
from orchestrator.performance.roofline import roofs
from remote_payload.contract.words import Method

_FULL = 1.005


def peaks(row: Row, machine: Machine) -> Iterator[Finding]:
    """Every rate of a row, and what its time and shape need."""
    for figure in of(row, Quantity.FLOP_RATE):
        yield _computed(row, figure, machine)
    for figure in of(row, Quantity.BYTE_RATE):
        yield from _moved(row, figure, machine)
    yield from _shortest(row, machine)
    for figure in of(row, Quantity.SHARE):
        yield from _share(row, figure, machine)


def _held(machine: Machine, what: str) -> Finding:
    title = f"{what} below the peak of {machine.device.model}"
    return Finding(Kind.PEAK, Weight.HELD, title, judges=machine.known)


def _times_fp16(known: Known) -> float:
    """How many times the FP16 rate the fastest units for the dtype have."""
    dtype = known.case.dtype if known.case and known.has_dtype else None
    return (dtype.facts.tensor_times if dtype else 0.0) or FASTEST_TIMES


def _computed(row: Row, figure: Figure, machine: Machine) -> Finding:
    device, times = machine.device, _times_fp16(row.known)
    documented, limit = (
        device.tensor_tflops * times * 1e12,
        device.tensor_ceiling_tflops * times * 1e12,
    )
    of_what = row.known.case.dtype.value if row.known.case and row.known.has_dtype else "any dtype"
    text = f"{figure.key} is {fig.flops(figure.value)}; {device.model} has"
    if figure.value > limit * _FULL:
        title = f"a FLOP rate that {device.model} cannot reach at its highest clock"
        words = f"{text} {fig.flops(limit)} in {of_what}"
        return Finding(Kind.PEAK, Weight.CONTRADICTION, title, row.where, words)
    if figure.value > documented * _FULL:
        title = f"a FLOP rate above the documented peak of {device.model}"
        words = f"{text} {fig.flops(documented)} documented in {of_what}"
        return Finding(Kind.PEAK, Weight.DOUBT, title, row.where, words)
    return _held(machine, "FLOP rate")


def _traffic(row: Row) -> float | None:
    """Bytes of a call, by its shape or as the file tells."""
    told = (one.value for one in of(row, Quantity.BYTES))
    return row.known.traffic_bytes or next(told, None)


def _moved(row: Row, figure: Figure, machine: Machine) -> Iterator[Finding]:
    device, traffic = machine.device, _traffic(row)
    peak = max(device.memory_gbs, device.memory_ceiling_gbs) * 1e9
    if figure.value <= peak * _FULL:
        yield _held(machine, "bandwidth")
        return
    text = (
        f"{figure.key} is {fig.bandwidth(figure.value)}; the memory of {device.model} gives "
        f"{fig.bandwidth(peak)}"
    )
    if figure.value > machine.sm_gbs * 1e9 * _FULL:
        title = f"a bandwidth above what all SMs of {device.model} can load from anywhere"
        text += f", its SMs load {machine.sm_gbs:.4g} GB/s at the most"
        yield Finding(Kind.PEAK, Weight.CONTRADICTION, title, row.where, text)
    elif figure.counted or (traffic and traffic > 2 * device.l2_bytes):
        title = f"a bandwidth above that of the memory of {device.model}"
        yield Finding(Kind.PEAK, Weight.CONTRADICTION, title, row.where, text)
    else:
        title = "a bandwidth above that of the memory, which only the L2 can explain"
        fits = f"{fig.size(traffic)} fit into" if traffic else "what was moved may fit into"
        text += f"; {fits} its L2 of {fig.size(device.l2_bytes)}"
        yield Finding(Kind.ROOF, Weight.DOUBT, title, row.where, text)


def _shortest(row: Row, machine: Machine) -> Iterator[Finding]:
    """The shortest time that a row tells of, against the hardest roof of its case."""
    times = [one for one in of(row, Quantity.TIME) if one.statistic != TOTAL]
    shortest = min(times, key=lambda one: one.value, default=None)
    samples = [s for one in row.series for s in one.samples_us if sane(s)]
    time_us = min([*samples, *([shortest.value] if shortest else [])], default=None)
    facts = row.known.facts
    if time_us is None or facts is None or facts.work is None:
        return
    device = machine.device
    limit_us, which = _limit(row.known, machine)
    if time_us >= limit_us:
        if limit_us:
            yield _held(machine, "work per time")
        return
    key = shortest.key if shortest and shortest.value == time_us else "the shortest sample"
    text = (
        f"{key} is {fig.time(time_us)}; {row.known.label} needs at least {fig.time(limit_us)} "
        f"on {device.model} ({which})"
    )
    title = f"faster than {device.model} can be at its highest clock"
    yield Finding(Kind.PEAK, Weight.CONTRADICTION, title, row.where, text)


def _limit(known: Known, machine: Machine) -> tuple[float, str]:
    """The time that the case needs at the least; 0 where nothing binds."""
    if known.facts is None or known.facts.work is None:
        return 0.0, ""
    if known.has_dtype:
        found = roofs(known.facts, machine.device, Method.BACK_TO_BACK)
        hardest = max(found, key=lambda roof: roof.limit_us, default=None)
        return (hardest.limit_us, hardest.resource.value) if hardest else (0.0, "")
    if not known.facts.work.matrix:
        return 0.0, ""
    rate = machine.device.tensor_ceiling_tflops * FASTEST_TIMES
    return known.facts.work.flop / 1e6 / rate, "tensor, at the rate of FP4, as no dtype is told"


def _share(row: Row, figure: Figure, machine: Machine) -> Iterator[Finding]:
    """Of which peak a share is, and whether that peak binds the case at all."""
    device, traffic = machine.device, _traffic(row)
    matching = next((one for one in _candidates(row, machine) if _fits(figure, one)), None)
    fits_l2 = machine.known and traffic is not None and traffic <= device.l2_bytes
    is_memory = matching is not None and matching[2]
    claim = f"{figure.key} is {fig.value(figure)}"
    if fits_l2 and traffic and is_memory and not _is_cold(row):
        text = f"{claim}{f', {matching[0]}' if matching else ''}; but {fig.size(traffic)}"
        text += f" ({row.known.label or 'as told'}) fit into the L2 of {device.model}, "
        text += fig.size(device.l2_bytes)
        title = "a share of a memory roof that does not apply: the whole working set fits the L2"
        title += "" if figure.value > _FULL else ", unless that was flushed before each call"
        weight = Weight.CONTRADICTION if figure.value > _FULL else Weight.DOUBT
        yield Finding(Kind.ROOF, weight, title, row.where, text)
    if figure.value > _FULL:
        of_what = f": {matching[0]}" if matching else ", of a peak that the file does not tell"
        title = "more than 100 % of a roof: the roof is wrong, or the figure"
        yield Finding(Kind.PEAK, Weight.CONTRADICTION, title, row.where, f"{claim}{of_what}")
    elif matching:
        yield Finding(Kind.PEAK, Weight.HELD, "share of a peak follows from rate and peak")
    elif not matching and machine.known and _candidates(row, machine):
        words = "; ".join(
            f"{words} are {fig.percent(v)}" for words, v, _ in _candidates(row, machine)
        )
        title = "a share that is of no peak of this GPU"
        yield Finding(Kind.PEAK, Weight.DOUBT, title, row.where, f"{claim}; {words}")


def _is_cold(row: Row) -> bool:
    """Whether the row says that nothing lay in the L2 when a call began."""
    said = (f"{key} {value}".lower() for key, value in row.apart)
    return any(word in text for text in said for word in ("cold", "flush"))


def _fits(figure: Figure, candidate: tuple[str, float, bool]) -> bool:
    return agree(figure.value, candidate[1], figure.slack + 0.01)


def _candidates(row: Row, machine: Machine) -> list[tuple[str, float, bool]]:
    """Rates as shares of peaks, in words and figures; and whether it is the memory's."""
    found, times = [], _times_fp16(row.known)
    for quantity, word in ((Quantity.BYTE_RATE, fig.bandwidth), (Quantity.FLOP_RATE, fig.flops)):
        peaks = [("", one.value) for one in of(row, quantity, Role.PEAK)]
        is_memory = quantity is Quantity.BYTE_RATE
        for one in machine.members:
            peak = one.memory_gbs * 1e9 if is_memory else one.tensor_tflops * 1e12 * times
            peaks.append((f" of {one.model}", peak))
        for rate in of(row, quantity):
            for whose, peak in peaks:
                words = f"{word(rate.value)} of the {word(peak)}{whose}"
                found.append((words, rate.value / peak, is_memory))
    return found
