"""Beside the best: every provider against the fastest of the others, for each head count."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.performance.attention import minimum_bytes
from orchestrator.performance.stats import Summary
from orchestrator.performance.verdict import Judgement, Verdict
from orchestrator.report import format as fmt
from orchestrator.report.against import judged_against
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.subject import own
from orchestrator.report.view import BesideView, ChartView, Table
from remote_payload.contract.case import Shape
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status
from remote_payload.operators.attention.catalog import BY_NAME, OURS, OWN, PEERS

_HEADER = (
    "Heads",
    "Provider",
    "µs/head (95 % interval)",
    "Total µs",
    "TFLOPS",
    "GB/s of compulsory traffic",
    "Max abs error",
    "Speed-up against the best other (95 % interval)",
    "Verdict",
)


@dataclass(frozen=True)
class Place:
    """One provider at one head count.

    against: compared with the best other; None for that one itself, and without common rounds.
    """

    figure: Figure
    summary: Summary
    check: CheckRecord | None
    is_best: bool
    against: Judgement | None

    @property
    def provider(self) -> str:
        return self.figure.record.provider

    @property
    def shape(self) -> Shape:
        return self.figure.record.shape


@dataclass(frozen=True)
class Standing:
    """Who stands where, by one method and for shapes that differ in their heads alone.

    places: by head count, the fastest first. left_out: other families of shapes that were timed.
    """

    result: Result
    method: Method
    places: tuple[Place, ...]
    left_out: int

    @property
    def heads(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(place.shape.heads for place in self.places))

    @property
    def family(self) -> str:
        """The shapes in words, without their heads."""
        shape = self.places[0].shape
        mask = " causal" if shape.causal else ""
        return f"B={shape.batch} S={shape.seq} D={shape.dim} {shape.dtype.value}{mask}"


def standing(figures: Figures) -> Standing | None:
    """The standing by the run's first method; None unless two providers were timed with it."""
    for method in figures.methods[:1]:
        rows = [row for row in figures.of_method(method) if row.trusted]
        families = list(dict.fromkeys(_family(row.record.shape) for row in rows))
        if not families:
            return None
        mine = [row for row in rows if _family(row.record.shape) == families[0]]
        if len({row.record.provider for row in mine}) < 2:
            return None
        shapes = sorted({row.record.shape for row in mine}, key=lambda shape: shape.heads)
        places = [place for shape in shapes for place in _places(shape, mine, figures)]
        return Standing(figures.result, method, tuple(places), len(families) - 1)
    return None


def section(found: Standing, chart: ChartView) -> tuple[BesideView, ...]:
    """What the report shows of a standing."""
    table = Table(_HEADER, tuple(_row(place) for place in found.places))
    return (BesideView(_headline(found), _note(found), table, chart, _absent(found.result)),)


def _family(shape: Shape) -> tuple[int, int, int, str, bool]:
    return shape.batch, shape.seq, shape.dim, shape.dtype.value, shape.causal


def _places(shape: Shape, rows: list[Figure], figures: Figures) -> list[Place]:
    timed = [(row.trusted, row) for row in rows if row.record.shape == shape]
    known = [(summary, row) for summary, row in timed if summary is not None]
    known.sort(key=lambda pair: pair[0].median_us)
    best = _best([row for _, row in known])
    checks = {c.provider: c for c in figures.result.checks if c.shape == shape}
    return [
        Place(
            row,
            summary,
            checks.get(row.record.provider),
            row is best,
            None if row is best else _against(best, row, figures),
        )
        for summary, row in known
    ]


def _best(by_time: list[Figure]) -> Figure:
    """The fastest that is neither ours nor the user's own; else the fastest that is not ours."""
    names = [row.record.provider for row in by_time]
    for index, name in enumerate(names):
        if name in BY_NAME and name not in OWN:
            return by_time[index]
    return next((row for row in by_time if row.record.provider not in OWN), by_time[0])


def _against(best: Figure, row: Figure, figures: Figures) -> Judgement | None:
    return judged_against(best.record, row.record, figures.result.bench, figures.refuted)


def _row(place: Place) -> tuple[str, ...]:
    summary, shape = place.summary, place.shape
    error = place.check.error if place.check else None
    rate = minimum_bytes(shape) / summary.median_us / 1e3
    against = place.against
    return (
        str(shape.heads),
        place.provider,
        fmt.with_interval(summary, shape.heads),
        fmt.microseconds(summary.median_us, summary),
        fmt.scaled(place.figure.tflops or 0.0, summary),
        fmt.scaled(rate, summary),
        fmt.error(error.max_abs if error else None),
        fmt.speedup(against),
        fmt.verdict(against, place.figure.host_bound) if against else "the best other",
    )


def _headline(found: Standing) -> str:
    """How the user's own and ours did over all head counts, or who leads where neither was
    timed."""
    present = {place.provider for place in found.places}
    told = [_told(name, found) for name in (*own(found.result), OURS) if name in present]
    if told:
        return " ".join(told)
    best = ", ".join(dict.fromkeys(p.provider for p in found.places if p.is_best))
    return f"{OURS} was not timed; the best here is {best}."


def _told(name: str, found: Standing) -> str:
    mine = [place for place in found.places if place.provider == name]
    verdicts = [place.against.verdict for place in mine if place.against]
    if not verdicts:
        return f"{name} against the best other: not comparable."
    reached = [verdict for verdict in Verdict if verdict in verdicts]
    counts = ", ".join(f"{verdict.value} at {verdicts.count(verdict)}" for verdict in reached)
    return f"{name} against the best other: {counts} of {fmt.count(len(mine), 'head count')}."


def _note(found: Standing) -> str:
    ours = f"neither {OURS} nor your own" if own(found.result) else f"not {OURS}"
    text = (
        f"{found.family}, method {found.method.value}. The best other is the fastest known "
        f"provider that is {ours}, for each head count by itself; above 1 is faster than it."
    )
    if any(place.against and place.against.by_graph for place in found.places):
        text += (
            " Where the GPU waited for the host, the speed-up and the verdict are those of the "
            "graphs; the times and the order are not."
        )
    if found.left_out:
        word = "family" if found.left_out == 1 else "families"
        text += f" {found.left_out} other {word} of shapes: see Results."
    return text


def _absent(result: Result) -> tuple[str, ...]:
    """The peers that were looked for and not timed, each with the first reason given."""
    timed = {record.provider for record in result.bench if record.status is Status.OK}
    reasons: dict[str, str] = {}
    for check in result.checks:
        if check.provider in PEERS and check.provider not in timed and check.reason:
            reasons.setdefault(check.provider, f"{check.provider}: {check.reason}")
    return tuple(reasons.values())
