"""What a first line says of times: the verdict on the case that matters most, and its trust."""

from __future__ import annotations

from collections import Counter

from orchestrator.performance.objection import Severity
from orchestrator.performance.targets.judging import elsewhere, in_force, is_for, weight
from orchestrator.performance.verdict import Verdict
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.first.trust import steady, trust
from orchestrator.report.subject import lost, subjects, unraced
from orchestrator.report.wording import format as fmt
from remote_payload.contract.result import Result

_AGAINST = {
    Verdict.FASTER: "FASTER than",
    Verdict.SLOWER: "SLOWER than",
    Verdict.SAME: "the SAME as",
    Verdict.INCONCLUSIVE: "INCONCLUSIVE against",
}
SPOKEN_OF = 3  # providers that one sentence can bear


def timings(figures: Figures) -> str:
    """The user's own and ours against the baseline on the case that matters most, by the first
    method."""
    first = figures.of_method(figures.methods[0])
    timed = [row for row in first if row.trusted]
    if not timed:
        return "NOTHING TIMED: no provider gave a complete set of samples."
    names = subjects(figures.result, [row.record.provider for row in timed])
    if not names:
        said = _without_verdict(timed, figures)
        return f"{_word(timed)}: {said}; {trust(timed, figures)}{rest(figures)}."
    told = [of_provider(name, timed, figures) for name in names[:SPOKEN_OF]]
    mine = [row for row in timed if row.record.provider in names]
    if all(row.against is None for row in mine):
        word = "NOTHING RACED" if unraced(figures.result) else _word(mine)
        told = [f"{word}: {told[0]}", *told[1:]]
    more = len(names) - len(told)
    told += [f"{more} more of yours in the table"] if more > 0 else []
    return f"{'; '.join(told)}; {trust(mine or timed, figures)}{rest(figures)}."


def _word(rows: list[Figure]) -> str:
    """What a line begins with that has no verdict."""
    return "OK" if steady(rows) else "UNSTEADY"


def of_provider(name: str, timed: list[Figure], figures: Figures) -> str:
    """One provider's verdict, on how many cases it holds, or its time where there is none."""
    rows = [row for row in timed if row.record.provider == name]
    judged = [row for row in rows if row.against is not None]
    if not rows:
        return f"{name} was not timed"
    if not judged:
        why = _lacking_baseline(name, figures.result)
        return f"{_time(flagship(rows, figures), figures)}; {why}"
    of_all = overall(judged)
    told = _sentence(flagship(judged, figures), figures)
    return f"{told}; {of_all}" if of_all else told


def _lacking_baseline(name: str, result: Result) -> str:
    provider = next((one for one in result.request.providers if one.name == name), None)
    why = lost(provider, result) if provider else ""
    return why or "there is no baseline to compare with"


def rest(figures: Figures) -> str:
    """What the first line must not hide: doubts, and targets that belong to another machine."""
    timed = [row.record.case for row in figures.rows if row.trusted]
    aimed = [one for one in in_force(figures.result) if any(is_for(one, case) for case in timed)]
    whys = [elsewhere(figures.result, one) for one in aimed]
    why = whys[0] if whys and all(whys) else ""
    return f"{f'; targets not judged: {why}' if why else ''}{_doubts(figures)}"


def _doubts(figures: Figures) -> str:
    number = sum(o.severity is Severity.DOUBT for o in figures.objections)
    return f"; {fmt.count(number, 'doubt')} under Method" if number else ""


def verdict_words(row: Figure, figures: Figures, where: str) -> str:
    """The verdict on a row that has one, without its case and its interval. where: behind whom it
    is against."""
    against, other = row.against, _other(row, figures).rstrip(",")
    if against is None:
        return f"{row.record.provider} was not compared"
    word = _AGAINST[against.verdict]
    ratio = against.speedup
    half = (ratio.high - ratio.low) / 2 if ratio.low and ratio.high else None
    return f"{row.record.provider} is {word} {other}{where}: {fmt.rounded(ratio.median, half)}×"


def sentence_of(row: Figure, figures: Figures) -> list[str]:
    """What the first line says behind the verdict on `row`: of all its cases, and of others."""
    first = figures.of_method(figures.methods[0])
    timed = [one for one in first if one.trusted]
    names = subjects(figures.result, [one.record.provider for one in timed])
    told = [overall([one for one in timed if one.record.provider == row.record.provider])]
    told += [of_provider(name, timed, figures) for name in names[1:SPOKEN_OF]]
    more = len(names) - SPOKEN_OF
    return [one for one in [*told, f"{more} more of yours in the table" if more > 0 else ""] if one]


def overall(rows: list[Figure]) -> str:
    """On how many cases which verdict holds; empty of one case."""
    tally = Counter(row.against.verdict for row in rows if row.against)
    if tally.total() < 2:
        return ""
    counts = ", ".join(f"{v.value} on {tally[v]}" for v in Verdict if tally[v])
    return f"{counts} of {fmt.count(tally.total(), 'case')}"


def _sentence(row: Figure, figures: Figures) -> str:
    against = row.against
    timed = figures.by_graph(row) if against and against.by_graph else row
    if timed is None or timed.summary is None or against is None:
        return f"{row.record.provider} was not timed"
    case, method = row.record.case, timed.record.method.value
    if timed is not row:
        method += f"; by {row.record.method.value} the GPU waited for the host"
    operator = figures.result.operator
    told = fmt.time(timed.summary, timed.step, row.facts.per)
    return (
        f"{row.record.provider} is {_AGAINST[against.verdict]} {_other(row, figures)} on "
        f"{case.label}: {fmt.times(against.speedup)}, {told} {operator.unit} ({method})"
    )


def _other(row: Figure, figures: Figures) -> str:
    """Whom the verdict is about beside the row's own provider."""
    request, base = figures.result.request, figures.result.baseline_of(row.record.provider)
    if base not in request.before:
        return base
    decided = row.against is not None and row.against.verdict is not Verdict.INCONCLUSIVE
    return f"{'at ' if decided else ''}{request.against}, raced in one run,"


def _without_verdict(rows: list[Figure], figures: Figures) -> str:
    ours = figures.result.operator.ours
    why = f"; {ours} was not timed" if ours else ""
    return f"{_time(flagship(rows, figures), figures)}{why}"


def _time(row: Figure, figures: Figures) -> str:
    if row.summary is None:
        return f"{row.record.provider} was not timed"
    told = fmt.time(row.summary, row.step, row.facts.per)
    return (
        f"{row.record.provider} takes {told} {figures.result.operator.unit} on "
        f"{row.record.case.label} ({row.record.method.value})"
    )


def flagship(rows: list[Figure], figures: Figures) -> Figure:
    """The row on the targets' case, else on the case with the most work."""
    return max(rows, key=lambda row: weight(row.facts, in_force(figures.result)))
