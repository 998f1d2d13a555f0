"""The verdict as a title, and the sentence under it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.performance.objection import device_of, on_gpu
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.first.headline import is_ok
from orchestrator.report.first.raced import flagship, rest, sentence_of, verdict_words
from orchestrator.report.subject import subjects
from orchestrator.report.wording import format as fmt
from orchestrator.report.wording.methods import SURE
from orchestrator.values.run import Run
from remote_payload.contract.result import Result

_LENGTH = 90
_PARTS = re.compile(r"(?<=[:;.]) ")
_WORD = re.compile(r"[A-Z]+(?: [A-Z]+)*(?=[:.]|$)")


@dataclass(frozen=True)
class Title:
    """text: of the page; lead: the sentence under it, "" where the title says it all."""

    text: str
    lead: str


def title(run: Run, figures: Figures | None, verdict: str, gravest: str) -> Title:
    """verdict: the whole first line of the run; gravest: what has to be said before it."""
    where = machine_of(run.result)
    row = leading(run, figures)
    on = f" on {where}" if where else ""
    if row is None or figures is None or not verdict.startswith(gravest + row.record.provider):
        text, left = _parted(verdict)
        text = f"OK: {run.card.verb}" if text == "OK" else text
        return Title(_placed(text, on), left)
    return Title(verdict_words(row, figures, on), _lead(row, figures, gravest))


def leading(run: Run, figures: Figures | None) -> Figure | None:
    """Whose verdict is the title: the first subject's, on the case that matters most."""
    if figures is None or not figures.rows or not is_ok(run, figures):
        return None
    timed = [row for row in figures.of_method(figures.methods[0]) if row.trusted]
    for name in subjects(figures.result, [row.record.provider for row in timed])[:1]:
        judged = [row for row in timed if row.record.provider == name and row.against]
        return flagship(judged, figures) if judged else None
    return None


def telling_row(run: Run, figures: Figures | None) -> Figure | None:
    """The row that a report is about: whose verdict is its title, else the first subject's time on
    the case that matters most, else the baseline's."""
    if (row := leading(run, figures)) is not None or figures is None or not figures.rows:
        return row
    timed = [one for one in figures.of_method(figures.methods[0]) if one.trusted]
    names = subjects(figures.result, [one.record.provider for one in timed])
    mine = [one for one in timed if one.record.provider in names[:1]] or timed
    return flagship(mine, figures) if mine else None


def machine_of(result: Result | None) -> str:
    """The GPU, or the CPU where that computed; "" where nobody told."""
    machine = result.machine if result else None
    if result is None or machine is None:
        return ""
    if not on_gpu(result):
        return machine.cpu
    device = device_of(result)
    return device.model if device else machine.gpu or "a GPU"


def _parted(verdict: str) -> tuple[str, str]:
    """Of a sentence as much as a title bears, at least its first two parts, and what is left."""
    parts = _PARTS.split(verdict)
    taken = min(2, len(parts))
    while taken < len(parts) and len(" ".join(parts[: taken + 1])) <= _LENGTH:
        taken += 1
    text, left = " ".join(parts[:taken]), " ".join(parts[taken:])
    if len(text) > 2 * _LENGTH:
        return f"{text[: 2 * _LENGTH - 1]}…", verdict
    return text.rstrip(":;."), left


def _placed(text: str, on: str) -> str:
    """`FAILED on H100 SXM: csrc/ does not compile`; behind a sentence that begins with no word of
    its own."""
    found = _WORD.match(text)
    return f"{found[0]}{on}{text[found.end() :]}" if found else f"{text}{on}"


def _lead(row: Figure, figures: Figures, gravest: str) -> str:
    """The time on the case that the title is about; its rates stand in the table."""
    timed = figures.by_graph(row) if row.against and row.against.by_graph else row
    told = [_interval(row), _time(timed or row, figures), *sentence_of(row, figures)]
    return f"{gravest}{'; '.join(told)}{rest(figures)}."


def _interval(row: Figure) -> str:
    """Of the speed-up in the title."""
    ratio = row.against.speedup if row.against else None
    if ratio is None or ratio.low is None or ratio.high is None:
        return "no interval"
    half = (ratio.high - ratio.low) / 2
    return f"{fmt.rounded(ratio.low, half)}–{fmt.rounded(ratio.high, half)}× with {SURE}"


def _time(row: Figure, figures: Figures) -> str:
    if row.summary is None:
        return f"{row.record.provider} was not timed"
    told = fmt.time(row.summary, row.step, row.facts.per)
    method = row.record.method
    how = "" if method is figures.methods[0] else f" ({method.value})"
    return f"{told} {figures.result.operator.unit} on {row.record.case.label}{how}"
