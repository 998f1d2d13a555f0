"""docs/performance.md: the sync tables, written between markers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.samples import Case, Samples
from benchmarks.ways import Method

_BEGIN, _END = "<!-- sync benchmark: begin -->", "<!-- sync benchmark: end -->"


@dataclass(frozen=True)
class Goal:
    """ours must take at most `limit` times what the reference takes."""

    ours: Method
    case: Case
    reference: Method
    limit: float
    far: bool
    large_only: bool = False


GOALS = (
    Goal(Method.COMMAND, Case.FIRST, Method.RSYNC, 0.80, far=True, large_only=True),
    Goal(Method.CONNECT, Case.FIRST, Method.RSYNC, 0.80, far=True, large_only=True),
    Goal(Method.COMMAND, Case.NOTHING, Method.RSYNC, 0.70, far=True),
    Goal(Method.CONNECT, Case.NOTHING, Method.RSYNC, 0.50, far=True),
    Goal(Method.OPEN, Case.NOTHING, Method.RSYNC_SHARED, 0.35, far=True),
    Goal(Method.COMMAND, Case.ONE, Method.RSYNC, 0.75, far=True),
    Goal(Method.KEPT, Case.NOTHING, Method.RSYNC, 0.45, far=True),
    Goal(Method.KEPT, Case.NOTHING, Method.RSYNC, 1.2, far=False),
    *(Goal(Method.CONNECT, case, Method.RSYNC, 1.0, far=False) for case in Case),
)
# Round trips on an open connection: channel, question, and with a change its stream.
ROUND_TRIPS = ((Case.NOTHING, 2.5), (Case.ONE, 3.5))


def render(samples: Samples, facts: dict[str, str]) -> str:
    """The generated part of the page."""
    parts = [
        "| | |\n|---|---|",
        *(f"| {name} | {value} |" for name, value in facts.items()),
        "\nMedian seconds (number of samples).",
    ]
    for rtt_ms in samples.rtts_ms:
        parts += ["", f"### {rtt_ms} ms round trip", "", *_table(samples, rtt_ms)]
    goals = list(_goals(samples))
    if goals:
        head = "| Goal | Ratio or round trips | Limit | |\n|---|---|---|---|"
        parts += ["", "### Goals", "", head, *goals]
    return "\n".join(parts) + "\n"


def write(page: Path, text: str) -> None:
    """Replace what stands between the markers; the rest of the page is written by hand."""
    before, _, rest = page.read_text().partition(_BEGIN)
    _, found, after = rest.partition(_END)
    if not found:
        raise SystemExit(f"{page} has lost its markers {_BEGIN} and {_END}")
    page.write_text(f"{before}{_BEGIN}\n{text}{_END}{after}")


def _table(samples: Samples, rtt_ms: int) -> Iterator[str]:
    yield "| Tree | Case | " + " | ".join(method.value for method in Method) + " |"
    yield "|---|---|" + "--:|" * len(Method)
    for size in samples.sizes:
        for case in Case:
            cells = (
                _cell(samples.of(rtt_ms, size, case, m), samples, rtt_ms, size, case, m)
                for m in Method
            )
            yield f"| {size} | {case.value} | " + " | ".join(cells) + " |"


def _cell(
    found: list[float], samples: Samples, rtt_ms: int, size: str, case: Case, method: Method
) -> str:
    median_s = samples.median_s(rtt_ms, size, case, method)
    return "not measured" if median_s is None else f"{median_s:.3f} ({len(found)})"


def _goals(samples: Samples) -> Iterator[str]:
    for goal in GOALS:
        for rtt_ms in samples.rtts_ms:
            if (rtt_ms > 0) is goal.far:
                for size in samples.sizes[-1:] if goal.large_only else samples.sizes:
                    yield from _ratio(samples, goal, rtt_ms, size)
    yield from _round_trips(samples)


def _ratio(samples: Samples, goal: Goal, rtt_ms: int, size: str) -> Iterator[str]:
    ours = samples.median_s(rtt_ms, size, goal.case, goal.ours)
    theirs = samples.median_s(rtt_ms, size, goal.case, goal.reference)
    if ours is not None and theirs is not None:
        what = f"{goal.ours.value} against {goal.reference.value}"
        text = f"{goal.case.value}, {size}, {rtt_ms} ms: {what}"
        yield _verdict(text, ours / theirs, goal.limit)


def _round_trips(samples: Samples) -> Iterator[str]:
    for rtt_ms in samples.rtts_ms[1:] if samples.rtts_ms[:1] == [0] else []:
        for size in samples.sizes:
            for case, limit in ROUND_TRIPS:
                far = samples.median_s(rtt_ms, size, case, Method.OPEN)
                near = samples.median_s(0, size, case, Method.OPEN)
                if far is not None and near is not None:
                    trips = (far - near) * 1000 / rtt_ms
                    yield _verdict(
                        f"{case.value}, {size}: round trips on an open connection", trips, limit
                    )


def _verdict(text: str, value: float, limit: float) -> str:
    return f"| {text} | {value:.2f} | ≤ {limit:.2f} | {'PASS' if value <= limit else 'MISS'} |"
