"""Whatever a run brought home, its report can be had in every form."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestrator.report.render import render
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.report import gone_wrong, synthetic
from tests.report.host_bound import host_bound_result
from tests.report.reading import summaries
from tests.report.synthetic_rmsnorm import rmsnorm_result

MADE: tuple[Callable[[], Result], ...] = (
    synthetic.gpu_result,
    synthetic.cpu_result,
    gone_wrong.above_roof_result,
    gone_wrong.interrupted_result,
    host_bound_result,
    rmsnorm_result,
)


@st.composite
def results(draw: st.DrawFn) -> Result:
    """Some of a synthetic run's timings and checks, some of them cut short or without a sample."""
    whole = draw(st.sampled_from(MADE))()
    bench = draw(st.lists(st.sampled_from(whole.bench), unique=True, max_size=8))
    checks = draw(st.lists(st.sampled_from(whole.checks), unique=True, max_size=8))
    return replace(
        whole,
        bench=tuple(_spoilt(one, draw(st.integers(0, 3))) for one in bench),
        checks=tuple(checks) if draw(st.booleans()) else whole.checks,
        build=whole.build if draw(st.booleans()) else None,
        machine=whole.machine if draw(st.booleans()) else None,
        status=draw(st.sampled_from((Status.OK, Status.FAILED, Status.CANCELLED))),
    )


def _spoilt(record: BenchRecord, how: int) -> BenchRecord:
    if how == 1:
        part = record.samples_us[:3]
        return replace(record, status=Status.TIMEOUT, reason="no end", samples_us=part, starts=())
    if how == 2:
        return replace(record, status=Status.FAILED, reason="<b>it *fell*", samples_us=())
    return record


@given(results())
@settings(
    deadline=None,
    max_examples=20,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # one that fails is small enough
    suppress_health_check=[HealthCheck.too_slow],
)
def test_any_part_of_a_run_renders_in_every_form(result: Result) -> None:
    report = render(synthetic.run(result))
    assert report.markdown.startswith("# ")
    assert report.html.startswith("<!DOCTYPE html>")
    for page in (report.markdown, report.html):
        assert page.count("<details>") == page.count("</details>") > 0
        assert "<details open" not in page
    assert len(summaries(report.markdown)) == len(set(summaries(report.markdown)))
    for block in re.findall(r"(?:^\|.*\n)+", report.markdown, re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1, block
    for line in report.text.splitlines():
        assert not re.search(r"&#|<details|</details|<summary|\*\*", line), line
        assert not line.endswith(" "), line


def test_all_that_markdown_tells_words_tell_too() -> None:
    for made in MADE:
        report = render(synthetic.run(made()))
        text = " ".join(report.text.split())
        for summary in summaries(report.markdown):
            assert " ".join(summary.split()) in text
        for question, answer in report.view.answers.rows:
            assert " ".join(question.split()) in text
            assert " ".join(answer.split()) in text


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_terminal_gets_the_first_table_in_its_own_width(columns: int) -> None:
    for made in MADE:
        report = render(synthetic.run(made()))
        broken, whole = report.answers(columns).splitlines(), report.answers().splitlines()
        names = [word for line in whole for word in line.split() if len(word) > 30]
        assert all(len(line) <= columns or any(name in line for name in names) for line in broken)
        assert " ".join(" ".join(broken).split()) == " ".join(" ".join(whole).split())
        assert len(whole) == 1 + len(report.view.answers.rows)


def test_a_terminal_too_narrow_for_a_second_column_gets_lines_as_they_are() -> None:
    report = render(synthetic.run(synthetic.gpu_result()))
    assert report.answers(50) == report.answers()
