"""The questions that a reader has, each with its answer in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from orchestrator.performance.objection import Severity
from orchestrator.performance.separate_runs import ASSUMED_SPREAD
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.first import circumstances
from orchestrator.report.first.aimed import fast_enough
from orchestrator.report.first.headline import failed_case
from orchestrator.report.first.title import leading, telling_row
from orchestrator.report.first.trust import trust
from orchestrator.report.past import Past, Seen
from orchestrator.report.section import Page
from orchestrator.report.sections.causes.bottleneck import in_words
from orchestrator.report.subject import subjects
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from orchestrator.values.command import typed
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status


def answers(page: Page) -> Table:
    """Six rows at the most; a question that the run was not to answer is left out."""
    return Table(("Question", "Answer"), tuple(_answers(page)))


def _answers(page: Page) -> Iterator[tuple[str, str]]:
    result, figures = page.result, page.figures
    if result is not None and figures is not None:
        timed, row = Stage.BENCH in result.request.stages, telling_row(page.run, figures)
        if timed:
            yield _asked("Fast enough?"), fast_enough(figures, row)
        if result.checks or Stage.CHECK in result.request.stages:
            yield _asked("Correct?"), _correct(result)
        if held := in_words(page):
            yield _asked("What holds it back?"), held
        if timed and figures.rows:
            yield _asked("Can I trust it?"), _trusted(page, figures)
            if row is not None:
                past, unit = page.past, result.operator.unit
                is_titles = past is None or leading(page.run, figures)
                who = "" if is_titles else f"{row.record.provider}: "
                yield _asked("Against earlier runs?"), who + _earlier(past, row, unit)
    yield _asked("What ran?"), circumstances.ran(page.run)


def _asked(question: str) -> str:
    """In one line, as the first column has room for it and the second wants all the rest."""
    return question.replace(" ", "\N{NO-BREAK SPACE}")


def _correct(result: Result) -> str:
    """What is wrong first, then how many are right, and by how much they are off at most."""
    wrong = [one for one in result.checks if one.status in (Status.FAILED, Status.TIMEOUT)]
    right = [one for one in result.checks if one.status is Status.OK]
    skipped = Counter(one.provider for one in result.checks if one.status is Status.SKIPPED)
    told = []
    if wrong:
        told.append(f"NO: {failed_case(wrong[0])}")
        told += [f"so are {len(wrong) - 1} more"] if len(wrong) > 1 else []
    tried = len(wrong) + len(right)
    worst = max(
        (e.max_abs for one in right if (e := one.error) and e.max_abs is not None), default=None
    )
    if tried:
        off = "" if worst is None else f", largest error {fmt.error(worst)}"
        told.append(f"{len(right)} of {fmt.count(tried, 'check')} within tolerance{off}")
    if any(one.emulated for one in right):
        told.append("some in the emulator")
    if skipped:
        told.append(f"{skipped.total()} skipped ({', '.join(skipped)})")
    return "; ".join(told) or "nothing was checked"


def _trusted(page: Page, figures: Figures) -> str:
    timed = [row for row in figures.of_method(figures.methods[0]) if row.trusted]
    names = subjects(figures.result, [row.record.provider for row in timed])
    mine = [row for row in timed if row.record.provider in names] or timed
    doubts = [one for one in figures.objections if one.severity is Severity.DOUBT]
    told = [trust(mine, figures) if mine else "no timing is whole"]
    told += circumstances.clocks(figures.result)
    if doubts:
        more = f" (and {len(doubts) - 1} more)" if len(doubts) > 1 else ""
        told.append(f"{fmt.count(len(doubts), 'doubt')}: {doubts[0].about}: {doubts[0].text}{more}")
    elif mine and not figures.errors:
        told.append("no doubt")
    told += [f"{fmt.count(len(figures.errors), 'error')} of measurement"] if figures.errors else []
    return "; ".join(told)


def _earlier(past: Past | None, row: Figure, unit: str) -> str:
    """The last run and the best one before it; figures of separate runs are no verdict."""
    if past is None:
        return "no earlier run that is kept here timed the same on such a machine"
    now = _value(past.now, past, row)
    told = [f"now {now}{'' if past.baseline else f' {unit}'}"]
    told.append(f"last {_beside(past.last, past, row)}")
    if past.best == past.last:
        told[1] += ", the best so far" if past.runs > 1 else ", the only one"
    else:
        told.append(f"best of {past.runs} {_beside(past.best, past, row)}")
    judging = typed("orchestrator", "compare", past.last.run, past.now.run)
    return f"{'; '.join(told)}; {judging} judges"


def _beside(seen: Seen, past: Past, row: Figure) -> str:
    gained = past.gained(seen)
    within = ", as separate runs may" if abs(gained - 1) <= ASSUMED_SPREAD else ""
    return f"{_value(seen, past, row)}, {100 * (gained - 1):+.1f} % since{within} ({seen.run})"


def _value(seen: Seen, past: Past, row: Figure) -> str:
    """`1.32×` the baseline's speed, or `2.95` of the operator's unit."""
    if past.baseline:
        return f"{fmt.rounded(seen.value, None)}×"
    return f"{fmt.rounded(seen.value / row.facts.per, None)}"
