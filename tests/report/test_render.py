"""Whole reports: golden files, repeatability, and hostile text."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markdown_it import MarkdownIt

from orchestrator.report.figures import figures
from orchestrator.report.printing import templates
from orchestrator.report.printing.form import Form
from orchestrator.report.render import Report, render
from orchestrator.report.section import FOLDER, Page, sections
from orchestrator.report.view.tables import Cell, Table
from orchestrator.values.job import Ending, JobEnd
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status
from tests.golden import assert_golden
from tests.report import gone_wrong, synthetic
from tests.report.host_bound import host_bound_result
from tests.report.reading import summaries

ROOT = Path(__file__).parents[2]
CASES: dict[str, Callable[[], Result | None]] = {
    "synthetic_gpu": synthetic.gpu_result,
    "synthetic_cpu": synthetic.cpu_result,
    "synthetic_failed_check": gone_wrong.failed_check_result,
    "synthetic_failed_build": gone_wrong.failed_build_result,
    "synthetic_above_roof": gone_wrong.above_roof_result,
    "synthetic_host_bound": host_bound_result,
    "synthetic_interrupted": gone_wrong.interrupted_result,
    "synthetic_lost": lambda: None,
}
HOSTILE = (
    "<img src=x onerror=alert(1)>|`x`|{{ 7*7 }}{% for a in b %}\n\n# owned\n"
    "[a](javascript:b) ssh root@203.0.113.7 /home/alice/secret/x.cu \x1b[31m"
)


def report_of(case: str) -> Report:
    return render(synthetic.run(CASES[case]()))


@pytest.mark.parametrize("case", CASES)
def test_a_report_reads_as_agreed(case: str) -> None:
    assert_golden(f"report/{case}.md", report_of(case).markdown)


@pytest.mark.parametrize("case", CASES)
def test_rendering_again_gives_the_same_bytes(case: str) -> None:
    assert report_of(case) == report_of(case)


def test_another_process_with_other_hash_seeds_gives_the_same_bytes() -> None:
    program = (
        "from tests.report import synthetic; from orchestrator.report.render import render;"
        "import hashlib; print(hashlib.sha256(repr("
        "render(synthetic.run(synthetic.gpu_result()))).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(digests) == 1


@pytest.mark.parametrize("case", CASES)
def test_the_first_line_is_the_verdict_and_ok_agrees_with_it(case: str) -> None:
    report = report_of(case)
    assert report.ok == (case in ("synthetic_gpu", "synthetic_cpu", "synthetic_host_bound"))
    assert report.verdict
    assert "\n" not in report.verdict
    title, _, lead, *_ = report.markdown.splitlines()
    assert title.startswith("# ")
    # What the one leaves out the other tells.
    told = f"{title} {'' if lead.startswith('|') else lead}"
    for word in re.findall(r"[A-Z]{4,}|\d+\.\d+", report.verdict.partition("; 8 starts")[0]):
        assert word in told


@pytest.mark.parametrize("case", CASES)
def test_every_table_row_has_as_many_cells_as_its_header(case: str) -> None:
    for block in re.findall(r"(?:^\|.*\n)+", report_of(case).markdown, re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1, block


@pytest.mark.parametrize("case", CASES)
def test_every_chart_a_report_shows_comes_with_it_and_the_other_way_round(case: str) -> None:
    report = report_of(case)
    shown = re.findall(r"\]\(charts/([^)]+)\)", report.markdown)
    assert shown == [chart.name for chart in report.charts]
    assert all(name.startswith(f"{synthetic.run(None).card.run_id}-") for name in shown)


@pytest.mark.parametrize("case", CASES)
def test_a_report_names_no_address_user_or_folder_of_the_host(case: str) -> None:
    markdown = report_of(case).markdown
    assert "/workspace" not in markdown
    assert not re.search(r"\S@\S", markdown)


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, Table):  # which rows are marked is no value that is printed
        yield from leaves((value.header, value.rows))
    elif is_dataclass(value):
        for field in fields(value):
            yield from leaves(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


@pytest.mark.parametrize("case", CASES)
def test_every_value_of_a_view_is_text_or_bool(case: str) -> None:
    result = CASES[case]()
    derived = figures(result) if result else None
    page = Page(synthetic.run(result), derived)
    views = [view for section in sections() for view in section.views(page)]
    first = report_of(case).view
    views += [first.title, first.lead, first.objections, first.answers]
    views += [one for one in (first.chart, first.cases) if one is not None]
    assert {type(leaf) for leaf in leaves(tuple(views))} <= {str, Cell, bool}


def test_every_section_has_its_template_beside_it_and_every_template_its_section() -> None:
    printed = {section.template for section in sections()}
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.j2")}
    assert printed == there
    assert len({section.order for section in sections()}) == len(sections())


def hostile_result() -> Result:
    """A GPU result that says something nasty wherever the payload may say anything."""
    result = synthetic.gpu_result()
    assert result.build is not None
    checks = tuple(replace(c, reason=HOSTILE, implementation=HOSTILE) for c in result.checks)
    compilation = replace(result.build.compilations[0], log=f"{HOSTILE}: error: {HOSTILE}")
    failed = replace(compilation, status=Status.FAILED)
    return replace(
        result,
        reason=HOSTILE,
        machine=synthetic.gpu_machine(
            gpu=HOSTILE,
            cpu=HOSTILE,
            driver=HOSTILE,
            before=synthetic.state(throttle_reasons=(HOSTILE,)),
        ),
        checks=tuple(replace(c, provider=HOSTILE) for c in checks),
        bench=tuple(replace(r, provider=HOSTILE, reason=HOSTILE) for r in result.bench),
        build=replace(result.build, nvcc=HOSTILE, reason=HOSTILE, compilations=(failed,)),
    )


@pytest.mark.parametrize("status", [Status.OK, Status.FAILED])
def test_hostile_text_from_the_host_stays_text(status: Status) -> None:
    result = replace(hostile_result(), status=status)
    report = render(synthetic.run(result, host=HOSTILE, reproduce=HOSTILE))
    assert "<img" not in report.markdown
    assert "\n# owned" not in report.markdown
    # Inside an element of HTML nothing is Markdown (CommonMark 4.6), so there it may stand as it is.
    outside = re.sub(r"<(summary|pre)>[^<>]*</\1>", "", report.markdown)
    assert "](javascript" not in outside
    assert "\x1b" not in report.markdown
    assert "203.0.113.7" not in report.markdown + report.verdict
    assert "alice" not in report.markdown + report.verdict
    assert "{{ 7&#42;7 }}" in report.markdown
    for block in re.findall(r"(?:^\|.*\n)+", report.markdown, re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1, block
    for chart in report.charts:
        assert "<img" not in chart.svg
        assert "alice" not in chart.svg


def test_a_markdown_parser_finds_only_our_own_structure_in_a_hostile_report() -> None:
    report = render(synthetic.run(hostile_result(), host=HOSTILE, reproduce=HOSTILE))
    tokens = MarkdownIt("commonmark").enable("table").parse(report.markdown)
    inline = [child for token in tokens for child in token.children or ()]
    assert {t.type for t in inline} <= {"text", "softbreak", "strong_open", "strong_close", "image"}
    ours = r"<pre>[^<>]*</pre>|<details><summary>[^<>]*</summary>|</details>"
    assert all(str(t.attrs["src"]).startswith("charts/") for t in inline if t.type == "image")
    blocks = [t.content for t in tokens if t.type == "html_block"]
    assert blocks
    assert all(re.fullmatch(rf"(?:{ours})\n*", block) for block in blocks)
    folds = [block for block in blocks if block.startswith("<details>")]
    assert len(folds) == len([block for block in blocks if block.startswith("</details>")])
    titles = [tokens[n + 1] for n, t in enumerate(tokens) if t.type == "heading_open"]
    assert len(titles) == len(re.findall(r"^#+ ", report.markdown, re.MULTILINE))
    assert len(titles) + len(folds) - 1 >= len(summaries(report.markdown))
    names = [re.split(r"[:,]", one)[0] for one in summaries(report.markdown)]
    assert [one for one in names if one in ("Environment", "Method", "Correctness")] == [
        "Correctness",
        "Method",
        "Environment",
    ]


def test_a_missing_template_value_is_an_error_not_a_blank() -> None:
    environment = templates._environment(Form.MARKDOWN, None)
    for template in ("{{ report.nothing }}", "{% if report.nothing %}{% endif %}"):
        with pytest.raises((UndefinedError, TypeError), match=r"nothing|Undefined"):
            environment.from_string(template).render(report=object())


def test_a_lost_run_says_how_its_job_ended() -> None:
    run = replace(synthetic.run(None), end=JobEnd(Ending.HOST_RESTARTED, None))
    assert "was lost when the host restarted" in render(run).verdict


def test_an_inconclusive_comparison_says_what_to_do() -> None:
    case = synthetic.case()
    result = synthetic.gpu_result()
    records = (
        synthetic.bench("sdpa", case, synthetic.samples(370.0)),
        synthetic.bench("sparsek", case, synthetic.samples(365.0, 0.05)),
        synthetic.bench("sdpa", case, synthetic.samples(370.2), control=True),
    )
    report = render(synthetic.run(replace(result, bench=records)))
    assert "sparsek is INCONCLUSIVE against sdpa" in report.verdict
    assert "- To decide: sparsek on B=16 H=96 S=512 D=64 fp16: " in report.markdown


def test_doubts_are_counted_in_the_first_line() -> None:
    result = replace(
        synthetic.gpu_result(),
        machine=synthetic.gpu_machine(after=synthetic.state(other_processes=1)),
    )
    report = render(synthetic.run(result))
    assert report.ok
    assert report.verdict.endswith("1 doubt under Method.")
    assert "- Doubt: the whole run: up to 1 other processes used the GPU." in report.markdown


def test_what_the_driver_does_not_tell_is_neither_none_nor_zero_in_the_report() -> None:
    silent = synthetic.state(throttle_reasons=None, other_processes=None)
    machine = synthetic.gpu_machine(before=silent, after=synthetic.state(), driver=None)
    page = render(synthetic.run(replace(synthetic.gpu_result(), machine=machine))).markdown
    (before,) = [row for row in page.splitlines() if row.startswith("| before |")]
    (after,) = [row for row in page.splitlines() if row.startswith("| after |")]
    assert before.endswith("| not told | not told |")
    assert after.endswith("| none | 0 |")
    assert "| Driver | not told |" in page
    nameless = replace(machine, gpu=None)
    page = render(synthetic.run(replace(synthetic.gpu_result(), machine=nameless))).markdown
    assert "| GPU | not told |" in page


def test_on_the_original_machine_and_software_the_ratio_is_computed() -> None:
    machine = synthetic.gpu_machine(torch="2.4.1+cu124")
    report = render(synthetic.run(replace(synthetic.gpu_result(), machine=machine)))
    assert "| sdpa / original |" in report.markdown
    assert "Same GPU model and torch version" in report.markdown


def test_without_ours_the_report_says_who_was_timed() -> None:
    result = synthetic.gpu_result()
    alone = tuple(r for r in result.bench if r.provider == "sdpa" and r.method is Method.COLD)
    report = render(synthetic.run(replace(result, bench=alone)))
    assert "; sparsek was not timed; 8 starts, noise " in report.verdict


def test_a_kernel_whose_name_is_cut_stands_in_full_below_the_compilers_table() -> None:
    arguments = "".join(f"ELi{1000 + i}" for i in range(14))
    wide = f"_Z7forwardI{arguments[1:]}ELi64EEvv"
    result = synthetic.gpu_result()
    assert result.build is not None
    logs = [
        replace(one, log=one.log.replace("_ZN7sparsek7forwardILi64ELb0EEEvPf", wide))
        for one in result.build.compilations
    ]
    told = render(
        synthetic.run(replace(result, build=replace(result.build, compilations=tuple(logs))))
    ).markdown
    assert wide.lstrip("_") in told[told.index("Names that are cut above, in full:") :]
    assert "Names that are cut" not in render(synthetic.run(result)).markdown
