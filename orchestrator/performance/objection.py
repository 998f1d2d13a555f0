"""Reasons to distrust a result, found in the result itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

from orchestrator.performance.device import Device, find
from orchestrator.performance.host_pace import HOST_BOUND, bound_by_host
from orchestrator.performance.roofline import binding, roofs
from orchestrator.performance.stats import ratio, summarize, usable
from orchestrator.performance.verdict import MINIMUM_EFFECT
from orchestrator.performance.work import gbs, tflops
from remote_payload.contract import words
from remote_payload.contract.facts import CaseFacts, OperatorFacts
from remote_payload.contract.machine import GpuState
from remote_payload.contract.records import BenchRecord, CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status

# pyperf warns of an unstable benchmark from a standard deviation of 10 % on (pyperf/_cli.py).
UNSTABLE_CV = 0.10
CLOCK_DRIFT = 0.05
# Units of work per second that a result may not claim even of an unknown device.
BEYOND_REASON = 1e21


class Severity(str, Enum):
    """ERROR: cannot be true, the run fails. DOUBT: may be off. NOTE: worth knowing."""

    ERROR = "measurement error"
    DOUBT = "doubt"
    NOTE = "note"


@dataclass(frozen=True)
class Objection:
    """about: what it concerns, e.g. "sdpa, B=16 H=96 ..., cold"; text: what is wrong."""

    severity: Severity
    about: str
    text: str


def on_gpu(result: Result) -> bool:
    """Whether the run's kernels ran on a GPU."""
    wanted = result.request.device is not words.Device.CPU
    return wanted and result.machine is not None and result.machine.gpu is not None


def device_of(result: Result) -> Device | None:
    """The documented GPU that the run's kernels ran on; None for the CPU and unknown ones.

    A GPU with fewer SMs than documented is a slice of one (MIG), which has other peaks.
    """
    if result.machine is None or not on_gpu(result):
        return None
    device, sm_count = find(result.machine.gpu), result.machine.sm_count
    is_whole = device is not None and sm_count in (None, device.sm_count)
    return device if is_whole else None


def objections(result: Result) -> tuple[Objection, ...]:
    """Every objection to the result's timings, gravest first, otherwise in a fixed order."""
    found = [
        *_bad_samples(result),
        *_beyond_reason(result),
        *_unchecked(result),
        *_above_a_roof(result),
        *_look_alikes(result),
        *_unstable(result),
        *_clocks(result),
        *_host_bound(result),
    ]
    gravity = list(Severity)
    return tuple(sorted(found, key=lambda objection: gravity.index(objection.severity)))


def about(record: BenchRecord) -> str:
    """Name a timing for people."""
    control = ", A/A control" if record.control else ""
    return f"{record.provider}, {record.case.label}, {record.method.value}{control}"


def _timed(result: Result) -> Iterator[BenchRecord]:
    return (r for r in result.bench if r.status is Status.OK and usable(r.samples_us))


def _bad_samples(result: Result) -> Iterator[Objection]:
    for record in result.bench:
        if record.status is Status.OK and not usable(record.samples_us):
            yield Objection(
                Severity.ERROR, about(record), f"{_what_is_bad(record)}, though it claims success"
            )


def _what_is_bad(record: BenchRecord) -> str:
    if not record.samples_us:
        return "no samples"
    if min(record.samples_us) <= 0:
        return "samples that are not times above zero"
    return "samples that no call can take"


def _beyond_reason(result: Result) -> Iterator[Objection]:
    """Also where nothing is known of the device."""
    for record in _timed(result):
        facts, shortest_us = result.facts(record.case), min(record.samples_us)
        rate, moved = tflops(facts, shortest_us) or 0.0, gbs(facts, shortest_us) or 0.0
        text = f"{rate:.4g} TFLOPS, which is more than any machine computes"
        if rate * 1e12 <= BEYOND_REASON:
            text = f"{moved:.4g} GB/s, which is more than any machine moves"
        if max(rate * 1e12, moved * 1e9) > BEYOND_REASON:
            yield Objection(Severity.ERROR, about(record), text)


def _unchecked(result: Result) -> Iterator[Objection]:
    passed = {(c.provider, c.case) for c in result.checks if c.status is Status.OK}
    for record in _timed(result):
        if (record.provider, record.case) not in passed:
            yield Objection(Severity.ERROR, about(record), "timed without a passed check")


def _above_a_roof(result: Result) -> Iterator[Objection]:
    device = device_of(result)
    for record in _timed(result) if device else ():
        if device and (objection := _roof_objection(record, result.facts(record.case), device)):
            yield objection


def _roof_objection(record: BenchRecord, facts: CaseFacts, device: Device) -> Objection | None:
    """ERROR below the time physics allows, DOUBT between that and the documented peak."""
    applicable = roofs(facts, device, record.method)
    roof = binding(applicable)
    if roof is None:
        return None
    median_us = summarize(record.samples_us).median_us
    speed = f"{median_us:.4g} µs ({_speed(facts, median_us)})"
    hardest = max(applicable, key=lambda roof: roof.limit_us)
    if median_us < hardest.limit_us:
        text = (
            f"{speed} lies above the {hardest.resource.value} roof: {device.model} needs at least "
            f"{hardest.limit_us:.4g} µs at its highest clock"
        )
        return Objection(Severity.ERROR, about(record), text)
    if median_us < roof.floor_us:
        text = (
            f"{speed} is more than the documented {roof.resource.value} peak of {device.model}; "
            "only a higher clock or traffic that stays in the cache could explain it"
        )
        return Objection(Severity.DOUBT, about(record), text)
    return None


def _speed(facts: CaseFacts, total_us: float) -> str:
    """In TFLOPS, or for work that tensor cores do not take in GB/s."""
    rate, moved = tflops(facts, total_us), gbs(facts, total_us)
    if rate is None or (facts.work and not facts.work.matrix and moved):
        return f"{moved or 0.0:.4g} GB/s"
    return f"{rate:.4g} TFLOPS"


def _look_alikes(result: Result) -> Iterator[Objection]:
    digests = {(c.provider, c.case): c for c in result.checks if c.output_digest}
    records = [record for record in _timed(result) if not record.control]
    for one, two in combinations(records, 2):
        first = digests.get((one.provider, one.case))
        second = digests.get((two.provider, two.case))
        if first is None or second is None or one.provider == two.provider:
            continue
        same_case = (one.case, one.method) == (two.case, two.method)
        same_output = first.output_digest == second.output_digest
        if same_case and same_output and _equal_time(one, two):
            yield Objection(
                _look_alike_severity(first, second, result.operator),
                about(one),
                f"bit-identical output and equal time as {two.provider}: probably the same code",
            )


def _look_alike_severity(one: CheckRecord, two: CheckRecord, operator: OperatorFacts) -> Severity:
    """PyTorch's default backend is by definition one of its named ones; others have no excuse."""
    base = operator.baseline or "\0"
    torch_only = one.provider.startswith(base) and two.provider.startswith(base)
    return Severity.NOTE if torch_only else Severity.DOUBT


def _equal_time(one: BenchRecord, two: BenchRecord) -> bool:
    times = ratio(one.samples_us, two.samples_us)
    close = abs(times.median - 1) <= MINIMUM_EFFECT
    spans_one = times.low is not None and times.high is not None and times.low <= 1 <= times.high
    return close or spans_one


def _unstable(result: Result) -> Iterator[Objection]:
    """One doubt for all wild timings: each one's own variation stands in its row."""
    timed = [(summarize(record.samples_us).cv, record) for record in _timed(result)]
    wild = [(cv, record) for cv, record in timed if cv > UNSTABLE_CV]
    if wild:
        cv, record = max(wild, key=lambda pair: pair[0])
        text = (
            f"{len(wild)} of {len(timed)} timings vary by more than {100 * UNSTABLE_CV:.0f} % "
            f"(standard deviation / mean), most of all {about(record)} with {100 * cv:.0f} %"
        )
        yield Objection(Severity.DOUBT, "the whole run", text)


def _host_bound(result: Result) -> Iterator[Objection]:
    """One note for all timings that are the host's; the verdicts take it into account."""
    waited = [record for record in _timed(result) if bound_by_host(record) and not record.control]
    if waited:
        counts = Counter(record.provider for record in waited)
        cases = ", ".join(
            f"{name} on {number} case{'s' if number > 1 else ''}" for name, number in counts.items()
        )
        text = (
            f"back to back the GPU waited for the host ({cases}): enqueueing took at least "
            f"{100 * HOST_BOUND:.0f} % of the time, so these times are the host's"
        )
        yield Objection(Severity.NOTE, "the whole run", text)


def _clocks(result: Result) -> Iterator[Objection]:
    states = [state for record in _timed(result) for state in (record.before, record.after)]
    if result.machine is not None:
        states += [result.machine.before, result.machine.after]
    known = [state for state in states if state is not None]
    reasons = sorted(
        {r for s in known for r in s.throttle_reasons or () if "idle" not in r.lower()}
    )
    if reasons:
        text = f"the GPU held its clocks back ({', '.join(reasons)})"
        yield Objection(Severity.DOUBT, "the whole run", text)
    others = max((state.other_processes or 0 for state in known), default=0)
    if others:
        text = f"up to {others} other processes used the GPU"
        yield Objection(Severity.DOUBT, "the whole run", text)
    yield from _drift([record.after for record in _timed(result)])


def _drift(after: list[GpuState | None]) -> Iterator[Objection]:
    """Clocks right after each timing, when the GPU is still warm; idle clocks say nothing."""
    clocks = [state.sm_clock_mhz for state in after if state is not None and state.sm_clock_mhz]
    if clocks and max(clocks) > min(clocks) * (1 + CLOCK_DRIFT):
        text = f"the SM clock moved between {min(clocks):.0f} and {max(clocks):.0f} MHz"
        yield Objection(Severity.DOUBT, "the whole run", text)
