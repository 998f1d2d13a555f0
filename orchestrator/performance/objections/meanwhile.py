"""What the machine did during the races, as far as it may have moved the times.

One objection for each kind, whatever the number of races, with the race in which it was worst.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from orchestrator.performance.objection import Objection, Severity
from orchestrator.performance.watching import busy_for_others
from remote_payload.contract.result import Result
from remote_payload.contract.tools.throttle import POWER_CAP, holding
from remote_payload.contract.watched import Span, Watched

# Within a race, which all providers share. A GPU's clock moves in steps of 15 MHz, of which one or
# two come and go with the temperature: more than two steps of the slowest clock in use are more.
CLOCK_MOVED = 0.02
# From race to race, where nothing is compared but by the eye.
CLOCKS_APART = 0.05
# As the sensor and the driver's own margin go.
NEAR_SLOWDOWN_C = 3.0
AT_LIMIT = 0.98
# Two CPUs are often one core: from half of them on, whoever comes takes from those who are there.
CROWDED = 0.5
STOLEN_CPUS, HELD_SHARE = 0.05, 0.01
_WHOLE = "the whole run"


def meanwhile(result: Result) -> Iterator[Objection]:
    """Of all races that somebody watched."""
    races = result.watched
    yield from _held_back(result)
    yield from _at_power_limit(races)
    yield from _moved(races)
    yield from _hot(races)
    yield from _company(races)
    yield from _crowded(races)
    yield from _taken_away(races)


def watched_gpu(result: Result) -> bool:
    """Whether the GPU was watched during the races, so that its state around them says no more."""
    return any(one.throttle is not None or one.sm_clock_mhz for one in result.watched)


def _held_back(result: Result) -> Iterator[Objection]:
    """The power cap aside, unless it came and went."""
    races = [one for one in result.watched if _throttle(one)]
    if not races:
        return
    looks: dict[str, int] = {}
    for one in races:
        for name, count in _throttle(one).items():
            looks[name] = looks.get(name, 0) + count
    seen = ", ".join(f"{name} in {count}" for name, count in sorted(looks.items()))
    left = sum(len(record.held_back) for record in result.bench)
    taken = sum(len(record.samples_us) for record in result.bench)
    out = f"{left} of {taken} samples were taken meanwhile and are left out of every judgement"
    text = (
        f"the GPU held its clocks back in {_counted(races, result.watched)} "
        f"({seen} of {sum(one.samples for one in races)} looks); "
        f"{out if left else 'no sample was taken meanwhile'}"
    )
    yield Objection(Severity.DOUBT, _WHOLE, text)


def _throttle(one: Watched) -> dict[str, int]:
    """Reasons that count against this race, and in how many looks."""
    found = dict(one.throttle or ())
    return {name: found[name] for name in holding(found) if not _lasting_cap(one, name)}


def _lasting_cap(one: Watched, name: str) -> bool:
    """A power cap for most of a race is the clock that these kernels have, not an accident."""
    return name == POWER_CAP and 2 * dict(one.throttle or ())[name] > one.samples


def _at_power_limit(races: Sequence[Watched]) -> Iterator[Objection]:
    def at_limit(one: Watched) -> bool:
        if any(_lasting_cap(one, name) for name, _ in one.throttle or ()):
            return True
        power, limit = one.power_w, one.power_limit_w
        return bool(power and limit and power.median >= AT_LIMIT * limit)

    found = [one for one in races if at_limit(one)]
    if found:
        most = max((one.power_w.median for one in found if one.power_w), default=None)
        limit = next((f" of {one.power_limit_w:.0f} W" for one in found if one.power_limit_w), "")
        drew = "" if most is None else f", which drew up to {most:.0f} W"
        text = (
            f"the limit on the power{limit} set the clock in {_counted(found, races)}{drew}: "
            "kernels that draw less run at a higher clock beside those that draw more"
        )
        yield Objection(Severity.NOTE, _WHOLE, text)


def _moved(races: Sequence[Watched]) -> Iterator[Objection]:
    def drop(one: Watched) -> float:
        clock = one.sm_clock_mhz
        return 1 - clock.low / clock.high if clock and clock.high else 0.0

    moved = [one for one in races if drop(one) > CLOCK_MOVED]
    if worst := _worst(moved, drop, 0.0):
        clock = worst.sm_clock_mhz or Span(0.0, 0.0, 0.0)
        text = (
            f"the SM clock moved within {_counted(moved, races)}, most of all between "
            f"{clock.low:.0f} and {clock.high:.0f} MHz ({_name(worst)})"
        )
        yield Objection(Severity.DOUBT, _WHOLE, text)
    medians = [one.sm_clock_mhz.median for one in races if one.sm_clock_mhz]
    if medians and max(medians) > min(medians) * (1 + CLOCKS_APART):
        text = (
            f"the SM clock was not the same in all races, {min(medians):.0f} to {max(medians):.0f} "
            "MHz: that is in the times of one case beside another's"
        )
        yield Objection(Severity.NOTE, _WHOLE, text)


def _hot(races: Sequence[Watched]) -> Iterator[Objection]:
    hot = [one for one in races if one.margin_c and one.margin_c.low <= NEAR_SLOWDOWN_C]
    if hot:
        least = min(one.margin_c.low for one in hot if one.margin_c)
        text = (
            f"the GPU came within {max(least, 0.0):.0f} °C of the temperature at which it slows "
            f"itself down, in {_counted(hot, races)}"
        )
        yield Objection(Severity.DOUBT, _WHOLE, text)


def _company(races: Sequence[Watched]) -> Iterator[Objection]:
    shared = [one for one in races if one.other_processes]
    if shared:
        most = max(one.other_processes or 0 for one in shared)
        other = "other process" if most == 1 else "other processes"
        text = f"up to {most} {other} used the GPU during {_counted(shared, races)}"
        yield Objection(Severity.DOUBT, _WHOLE, text)


def _crowded(races: Sequence[Watched]) -> Iterator[Objection]:
    """A doubt where the CPUs did not suffice for all, else a note."""

    def busy(one: Watched) -> float:
        return busy_for_others(one) + (one.own_load.median if one.own_load else 0.0)

    crowded = [
        one for one in races if busy_for_others(one) and busy(one) > CROWDED * (one.cpus or 0)
    ]
    for severity, found in (
        (Severity.DOUBT, crowded),
        (Severity.NOTE, [one for one in races if busy_for_others(one) and not crowded]),
    ):
        if worst := _worst(found, busy_for_others, 0.0):
            text = (
                f"others kept up to {busy_for_others(worst):.1f} of {worst.cpus} CPUs busy during "
                f"{_counted(found, races)}, most of all {_name(worst)}"
            )
            yield Objection(severity, _WHOLE, text)


def _taken_away(races: Sequence[Watched]) -> Iterator[Objection]:
    def stolen(one: Watched) -> float:
        return one.stolen.median if one.stolen else 0.0

    def held(one: Watched) -> float:
        return (one.held_s or 0.0) / one.seconds if one.seconds else 0.0

    if worst := _worst(races, stolen, STOLEN_CPUS):
        text = (
            f"the host of this virtual machine took away up to {stolen(worst):.1f} of "
            f"{worst.cpus} CPUs ({_name(worst)})"
        )
        yield Objection(Severity.DOUBT, _WHOLE, text)
    if worst := _worst(races, held, HELD_SHARE):
        text = (
            f"a quota on CPU time stopped the run for {worst.held_s:.1f} s of "
            f"{worst.seconds:.1f} s ({_name(worst)})"
        )
        yield Objection(Severity.DOUBT, _WHOLE, text)


def _worst(
    races: Sequence[Watched], of: Callable[[Watched], float], beyond: float
) -> Watched | None:
    """The race in which it was most, if that is more than may be."""
    worst = max(races, key=of, default=None)
    return worst if worst is not None and of(worst) > beyond else None


def _counted(some: Sequence[Watched], every: Sequence[Watched]) -> str:
    return f"{len(some)} of {len(every)} race{'s' if len(every) > 1 else ''}"


def _name(one: Watched) -> str:
    return f"{one.case.label}, {one.method.value}"
