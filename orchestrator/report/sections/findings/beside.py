"""Beside the best: every provider against the fastest of the others, case by case."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.performance.stats import Summary
from orchestrator.performance.verdict import Judgement, Verdict
from orchestrator.report.against import judged_against
from orchestrator.report.families import Sweep, sweep
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.section import Page, Section
from orchestrator.report.subject import own
from orchestrator.report.view.sections import BesideView
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from orchestrator.report.wording.methods import PROMISED
from remote_payload.contract.case import Case
from remote_payload.contract.facts import OperatorFacts, Role
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status

_FEWEST = 3  # providers
_COLUMNS = (
    "GB/s of compulsory traffic",
    "Max abs error",
    f"Speed-up against the best other ({PROMISED})",
    "Verdict",
)


@dataclass(frozen=True)
class Place:
    """One provider on one case.

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
    def case(self) -> Case:
        return self.figure.record.case


@dataclass(frozen=True)
class Standing:
    """Who stands where, by one method and for cases that differ in one axis alone.

    places: along that axis, of each case the fastest first. left_out: other families of cases that
    were timed. multiplies: as of the figures.
    """

    result: Result
    method: Method
    along: Sweep
    places: tuple[Place, ...]
    left_out: int
    multiplies: bool = True

    @property
    def values(self) -> tuple[int, ...]:
        """Where on the axis there are cases."""
        return tuple(dict.fromkeys(self.along.value(place.case) for place in self.places))

    @property
    def family(self) -> Case:
        """The cases without that axis."""
        return self.along.family(self.places[0].case)


def standing(figures: Figures) -> Standing | None:
    """The standing by the run's first method; None unless three providers were timed with it, as of
    two the verdicts say it all."""
    for method in figures.methods[:1]:
        rows = [row for row in figures.of_method(method) if row.trusted]
        along = sweep((row.record.case for row in rows), figures.result.operator)
        families = list(dict.fromkeys(along.family(row.record.case) for row in rows))
        if not families:
            return None
        mine = [row for row in rows if along.family(row.record.case) == families[0]]
        if len({row.record.provider for row in mine}) < _FEWEST:
            return None
        cases = sorted({row.record.case for row in mine}, key=along.value)
        places = [place for case in cases for place in _places(case, mine, figures)]
        apart = len(families) - 1
        return Standing(figures.result, method, along, tuple(places), apart, figures.multiplies)
    return None


def section(found: Standing) -> tuple[BesideView, ...]:
    """What the report shows of a standing."""
    unit = found.result.operator.unit
    # A time that no axis divides is the total itself.
    per = () if unit == "µs" else (f"{unit} (95 % interval)",)
    total = "Total µs" if per else "µs (95 % interval)"
    rate = ("TFLOPS",) if found.multiplies else ()
    axis = found.along.name
    header = (axis[:1].upper() + axis[1:], "Provider", *per, total, *rate, *_COLUMNS)
    table = Table(header, tuple(_row(place, found) for place in found.places))
    return (BesideView(_headline(found), _note(found), table, _absent(found.result)),)


def _places(case: Case, rows: list[Figure], figures: Figures) -> list[Place]:
    timed = [(row.trusted, row) for row in rows if row.record.case == case]
    known = [(summary, row) for summary, row in timed if summary is not None]
    known.sort(key=lambda pair: pair[0].median_us)
    before = figures.result.request.before
    now = [row for _, row in known if row.record.provider not in before]
    best = _best(now or [row for _, row in known], figures.result.operator)
    checks = {c.provider: c for c in figures.result.checks if c.case == case}
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


def _best(by_time: list[Figure], operator: OperatorFacts) -> Figure:
    """The fastest that is neither ours nor the user's own; else the fastest that is not ours."""
    ours = operator.named(Role.OURS)
    others = {one.name for one in operator.providers} - {*ours, *operator.named(Role.USERS)}
    known = [row for row in by_time if row.record.provider in others]
    not_ours = [row for row in by_time if row.record.provider not in ours]
    return (known or not_ours or by_time)[0]


def _against(best: Figure, row: Figure, figures: Figures) -> Judgement | None:
    bench, refuted = figures.result.bench, figures.refuted
    return judged_against(best.record, row.record, bench, refuted, figures.terms)


def _row(place: Place, found: Standing) -> tuple[str, ...]:
    summary, figure, against = place.summary, place.figure, place.against
    error = place.check.error if place.check else None
    times: tuple[str, ...] = (fmt.time(summary, figure.step),)
    if found.result.operator.unit != "µs":
        per_unit = fmt.time(summary, figure.step, figure.facts.per)
        total = fmt.NONE if figure.step else fmt.microseconds(summary.median_us, summary)
        times = (per_unit, total)
    return (
        str(found.along.value(place.case)),
        place.provider,
        *times,
        *((_tflops(figure, summary),) if found.multiplies else ()),
        fmt.NONE if figure.gbs is None else fmt.scaled(figure.gbs, summary),
        fmt.error(error.max_abs if error else None),
        fmt.speedup(against),
        fmt.verdict(against, figure.host_bound) if against else "the best other",
    )


def _tflops(figure: Figure, summary: Summary) -> str:
    return fmt.NONE if figure.tflops is None else fmt.scaled(figure.tflops, summary)


def _headline(found: Standing) -> str:
    """How the user's own and ours did over all cases, or who leads where neither was timed."""
    present = {place.provider for place in found.places}
    ours = found.result.operator.ours
    told = [_told(name, found) for name in (*own(found.result), ours) if name in present]
    if told:
        return " ".join(told)
    best = ", ".join(dict.fromkeys(p.provider for p in found.places if p.is_best))
    first = f"{ours} was not timed; the" if ours else "The"
    return f"{first} best here is {best}."


def _told(name: str, found: Standing) -> str:
    mine = [place for place in found.places if place.provider == name]
    verdicts = [place.against.verdict for place in mine if place.against]
    if not verdicts:
        return f"{name} against the best other: not comparable."
    reached = [verdict for verdict in Verdict if verdict in verdicts]
    counts = ", ".join(f"{verdict.value} at {verdicts.count(verdict)}" for verdict in reached)
    return f"{name} against the best other: {counts} of {fmt.count(len(mine), 'case')}."


def _note(found: Standing) -> str:
    ours = found.result.operator.ours
    mine = ("neither " if ours else "not ") + " nor ".join([*([ours] if ours else []), "your own"])
    if not own(found.result):
        mine = f"not {ours}" if ours else "known to the operator"
    text = (
        f"{found.family.label}, method {found.method.value}. The best other is the fastest known "
        f"provider that is {mine}, for each case by itself; above 1 is faster than it."
    )
    if any(place.against and place.against.by_graph for place in found.places):
        text += (
            " Where the GPU waited for the host, the speed-up and the verdict are those of the "
            "graphs; the times and the order are not."
        )
    if found.left_out:
        word = "family" if found.left_out == 1 else "families"
        text += f" {found.left_out} other {word} of cases: see every timing in full."
    return text


def _absent(result: Result) -> tuple[str, ...]:
    """The peers that were looked for and not timed, each with the first reason given."""
    timed = {record.provider for record in result.bench if record.status is Status.OK}
    peers = result.operator.named(Role.PEER)
    reasons: dict[str, str] = {}
    for check in result.checks:
        if check.provider in peers and check.provider not in timed and check.reason:
            reasons.setdefault(check.provider, f"{check.provider}: {check.reason}")
    return tuple(reasons.values())


def _views(page: Page) -> tuple[BesideView, ...]:
    found = standing(page.figures) if page.figures else None
    return section(found) if found else ()


def _summary(view: BesideView) -> str:
    return f"Beside the best: {view.headline}"


SECTION = Section(55, _views, _summary)
