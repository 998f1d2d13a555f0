"""Charts are SVG that anybody can read, and that shows what was measured and nothing that was not."""

from __future__ import annotations

import hashlib
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from orchestrator.cli.app import run
from orchestrator.performance.trend.trend import Draw, trend_of
from orchestrator.report.charts import words
from orchestrator.report.charts.canvas import Markers
from orchestrator.report.charts.drawing import Chart, in_run, label
from orchestrator.report.charts.floors import floors
from orchestrator.report.charts.history import history
from orchestrator.report.charts.scaling import roofline, scaling
from orchestrator.report.charts.style import (
    DARK_PAGE,
    GRID,
    LEVEL_OPACITY,
    LIGHT_PAGE,
    LOOKS,
    MARKERS,
    MUTED,
    SHADES,
    SPAN_OPACITY,
    sheet,
)
from orchestrator.report.figures import figures
from orchestrator.report.history.series import Series, Shown
from orchestrator.report.insight import NO_INSIGHT
from orchestrator.report.render import render
from remote_payload.contract.result import Result
from tests.cli.comparing import MADE, store
from tests.report import gone_wrong, synthetic, synthetic_rmsnorm, traces
from tests.report.drawn import SVG, read

HOSTILE = (
    "<script>alert(1)</script>",
    "]]>",
    "a & b",
    "\"quoted\" 'twice'",
    "\x00\x1b[31m\ud800\uffff",
    "_hidden",
    "$a_b$",
    "שלום עולם",
    "日本語のカーネル",
    "🐢" * 40,
    "m" * 500,
    "e\u0301\u0301\u0301\u0301\u0301\u0301",
    "\u202eevil",
    " ",
)


def text(chart: Chart | None) -> str:
    """All that can be read on a drawing."""
    assert chart is not None
    return read(chart.svg).words


def of(result: Result) -> list[Chart]:
    """Every chart of a result that is drawn."""
    found = figures(result)
    every = [*scaling(found), roofline(found), *floors(found, NO_INSIGHT)]
    return [chart for chart in every if chart and chart.is_drawn]


def renamed(name: str) -> Result:
    """A result in which sdpa is called so."""
    result = synthetic.gpu_result()
    bench = tuple(replace(r, provider=name) if r.provider == "sdpa" else r for r in result.bench)
    checks = tuple(replace(c, provider=name) if c.provider == "sdpa" else c for c in result.checks)
    return replace(result, bench=bench, checks=checks)


def series(values: list[float], edited: int = 0) -> Series:
    """SYNTHETIC: a run for each value, at a commit of its own; the last ones with edits."""
    shown = [
        Shown(
            f"run-{n}",
            hashlib.sha1(bytes([n])).hexdigest(),
            f"2026-01-{n + 1:02}",
            "",
            True,
            v,
            v,
            v,
        )
        for n, v in enumerate(values)
    ]
    clean = tuple(shown[: len(shown) - edited])
    trend = trend_of([Draw(one.commit, math.log(one.value), 0.01) for one in clean])
    edits = tuple(replace(one, is_clean=False) for one in shown[len(clean) :])
    names = ("A GPU", "softmax", "mine", "M=16", "cold", "", "µs")
    return Series(*names, trend, clean, edits, ())


STEPPED = [10.0, 10.1, 9.9, 10.05, 10.0, 9.95, 10.1, 10.0, 12.0, 12.1, 11.9, 12.0, 12.05, 12.1]


def every() -> list[Chart]:
    results = (synthetic.gpu_result(), synthetic_rmsnorm.rmsnorm_result())
    measured = traces.result(ceilings=traces.CEILINGS)
    drawn = [chart for result in (*results, measured) for chart in of(result)]
    return [*drawn, history([series(STEPPED, edited=1)])]


def test_scaling_shows_every_provider_and_the_labelled_original() -> None:
    warm, cold = scaling(figures(synthetic.gpu_result()))
    assert warm.name == "scaling-b16-s512-d64-fp16-back-to-back.svg"
    for word in ("sdpa", "sparsek", "original report: H100 SXM", "128", "µs per head (median"):
        assert word in text(warm)
    assert "original report" not in text(cold)


@pytest.mark.parametrize(
    ("heads", "said"), [((96,), "one value of heads was"), ((8, 96), "two values of heads were")]
)
def test_what_a_table_tells_as_well_is_no_chart_and_the_reason_is_a_clause(
    heads: tuple[int, ...], said: str
) -> None:
    result = synthetic.gpu_result()
    few = tuple(r for r in result.bench if r.case.size("H") in heads)
    for chart in scaling(figures(replace(result, bench=few))):
        assert not chart.is_drawn
        assert (chart.svg, chart.description) == ("", "")
        assert chart.reason == f"only {said} timed, which the table shows"
    told = render(synthetic.run(replace(result, bench=few))).markdown
    assert "scaling-" not in told
    assert "No chart" not in told
    assert "](charts/" in told, "the floors are drawn of one case"


def test_families_of_cases_get_charts_of_their_own() -> None:
    result = synthetic.cpu_result()
    longer = tuple(replace(r, case=r.case.at("S", 128)) for r in result.bench)
    checks = tuple(replace(c, case=c.case.at("S", 128)) for c in result.checks)
    both = replace(result, bench=result.bench + longer, checks=result.checks + checks)
    both = synthetic.described(both)
    assert len({chart.name for chart in scaling(figures(both))}) == 2


def test_the_roofline_shows_roofs_with_their_figures() -> None:
    chart = roofline(figures(synthetic.gpu_result()))
    for word in ("HBM 3.35 TB/s", "exp (256 FLOP each), tensor 989 TFLOPS", "sparsek", "H=96"):
        assert word in text(chart)


def test_without_a_known_roof_the_reason_stands_instead() -> None:
    chart = roofline(figures(synthetic.cpu_result()))
    assert chart is not None
    assert chart.svg == ""
    assert "no roof is known" in chart.reason


@pytest.mark.parametrize(
    "result", [gone_wrong.failed_check_result(), gone_wrong.interrupted_result()]
)
def test_nothing_partial_is_drawn(result: Result) -> None:
    derived = figures(result)
    assert scaling(derived) == ()
    assert roofline(derived) is None


def test_a_refuted_timing_is_not_drawn() -> None:
    assert "sparsek" not in text(roofline(figures(gone_wrong.above_roof_result())))


def test_a_history_shows_steps_edits_and_commits_and_needs_three_of_them() -> None:
    chart = history([series(STEPPED, edited=1)])
    step = hashlib.sha1(bytes([8])).hexdigest()[:10]
    for word in ("slower by", "with uncommitted edits", step, "A GPU", "µs (median, 95 %)"):
        assert word in text(chart)
    assert f"at {step}" in chart.description
    assert 'class="bsk-marker bsk-hollow' in chart.svg
    few = history([series(STEPPED[:2])])
    assert (few.is_drawn, few.reason) == (False, "only 2 commits can be shown")


@pytest.mark.parametrize("chart", every(), ids=lambda chart: chart.name)
def test_a_drawing_says_what_it_is_to_those_who_cannot_see_it(chart: Chart) -> None:
    seen = read(chart.svg)
    name = chart.name.removesuffix(".svg")
    assert seen.tree.get("role") == "img"
    labelled = (seen.tree.get("aria-labelledby") or "").split()
    ids = [node.get("id") or "" for node in seen.tree.iter() if node.get("id")]
    assert labelled == ids[:2]
    assert all(one.startswith(f"bsk-{name}-") for one in ids)
    assert seen.said("title") == chart.title
    assert seen.said("desc") == chart.description
    assert re.search(r"\d", chart.description)
    assert chart.description.endswith(".")


def test_a_description_tells_the_figures_that_one_sees() -> None:
    warm, _, roofs, bars = of(synthetic.gpu_result())
    assert warm.description == (
        "At heads 128 sparsek is the fastest, 2.94 µs per head, and sdpa the slowest, 3.88. "
        "From heads 8 to 128 sparsek goes from 3.52 to 2.94."
    )
    assert roofs.description.startswith("Most at H=96 has sparsek: 364 TFLOPS, 2.36× below HBM.")
    assert "The fastest is sparsek with 283.4 µs, 2.36× the HBM floor." in bars.description


@pytest.mark.parametrize("chart", every(), ids=lambda chart: chart.name)
def test_a_drawing_can_stand_in_a_page_and_leads_nowhere(chart: Chart) -> None:
    assert chart.svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert chart.svg.endswith("</svg>\n")
    assert "\n\n" not in chart.svg
    bare = chart.svg.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|href|<script|<image|@import|url\((?!#bsk-)", bare)
    classes = {
        one
        for node in ElementTree.fromstring(chart.svg).iter()
        for one in (node.get("class") or "").split()
    }
    assert all(one.startswith("bsk-") for one in classes)
    assert len(chart.svg.encode()) < 8000


@pytest.mark.parametrize("chart", every(), ids=lambda chart: chart.name)
def test_no_text_is_small_and_none_touches_anything(chart: Chart) -> None:
    sizes = re.findall(r"font(?:-size)?[:=]\"?([\d.]+)", chart.svg)
    assert sizes == ["14"]
    wide = float(read(chart.svg).tree.get("width") or 0)
    assert 14 * 368 / wide >= 11
    assert read(chart.svg).faults() == []


def light(colour: str) -> float:
    """WCAG 2's relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def through(colour: str, page: str, opacity: float) -> str:
    pairs = [(int(colour[at : at + 2], 16), int(page[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a * opacity + b * (1 - opacity)):02x}" for a, b in pairs)


@pytest.mark.parametrize("name", [name for name in SHADES if name != GRID])
def test_text_and_lines_stand_out_on_light_pages_dark_ones_and_paper(name: str) -> None:
    rules = sheet([name])
    on_light, on_dark, on_paper = re.findall(rf"\.bsk-{name}{{color:(#\w{{6}})}}", rules)
    assert on_paper == on_light
    _, dark, paper = re.split(r"@media", rules)
    assert dark.startswith(" (prefers-color-scheme:dark){")
    assert paper.startswith(" print{")
    for colour, page in ((on_light, LIGHT_PAGE), (on_dark, DARK_PAGE)):
        assert contrast(colour, page) >= 4.5
        assert contrast(through(colour, page, LEVEL_OPACITY), page) >= 3
        muted = SHADES[MUTED].light if page == LIGHT_PAGE else SHADES[MUTED].dark
        assert contrast(colour, through(muted, page, SPAN_OPACITY)) >= 4.5


def test_a_page_of_many_drawings_has_the_same_rule_for_a_class_in_each() -> None:
    known: dict[str, str] = {}
    for chart in every():
        for media in re.split(r"@media", read(chart.svg).said("style")):
            for names, rule in re.findall(r"([^{}]+)\{([^{}]*)\}", media):
                assert known.setdefault(media[:9] + names, rule) == rule


@pytest.mark.parametrize("chart", every(), ids=lambda chart: chart.name)
def test_nothing_takes_its_colour_from_two_rules_of_which_another_drawing_has_one(
    chart: Chart,
) -> None:
    coloured = set(re.findall(r"\.(bsk-[\w-]+)\{color:", read(chart.svg).said("style")))
    for node in ElementTree.fromstring(chart.svg).iter():
        assert len(coloured & {*(node.get("class") or "").split()}) <= 1
        if node.tag in (f"{SVG}text", f"{SVG}path"):
            assert coloured & {*(node.get("class") or "").split()}


def test_providers_differ_by_colour_by_dash_and_by_marker() -> None:
    for part in ("shade", "dash", "marker"):
        assert len({getattr(look, part) for look in LOOKS}) == len(LOOKS) == len(MARKERS)


@pytest.mark.parametrize("name", HOSTILE)
def test_strange_names_are_drawn_without_harm(name: str) -> None:
    drawn = of(renamed(name))
    assert len(drawn) == 4
    for chart in drawn:
        assert "<script" not in chart.svg
        assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ud800-\udfff\uffff]", chart.svg)
        assert read(chart.svg).faults() == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("日本語", "日本語"),
        ("m" * 500, f"{'m' * 14}…{'m' * 7}"),
        ("served by root@203.0.113.7:22042", "served by (address)"),
        ("שלום", "\u2068שלום\u2069"),
        ("", "?"),
    ],
)
def test_a_name_keeps_its_letters_and_is_cut_to_what_can_be_read(name: str, said: str) -> None:
    assert label(name) == said


def test_text_of_other_scripts_is_told_its_width_and_ours_is_not() -> None:
    assert words.is_known("original report: H100 SXM, 2.36× 283.4 µs (95 %)")
    (warm, *_) = of(renamed("核"))
    assert len(re.findall("<text[^>]*textLength", warm.svg)) == 1


def test_charts_are_called_by_their_run_and_say_no_more_of_it_than_a_report() -> None:
    assert in_run("20261122-101530-h100-bench", "a.svg") == "20261122-101530-h100-bench-a.svg"
    for run_id in ("20261122-203.0.113.7-bench", "../../etc/passwd", "a b", "\ud800"):
        assert re.fullmatch(r"[0-9a-f]{16}-a\.svg", in_run(run_id, "a.svg"))
    long = in_run("20261122-101530-h100-bench", "x" * 400 + ".svg")
    assert re.fullmatch(r"[0-9a-f]{16}\.svg", long)


def test_the_same_result_gives_the_same_bytes_in_any_process() -> None:
    program = (
        "import hashlib; from tests.report.test_charts import every; print("
        "hashlib.sha256(''.join(chart.svg for chart in every()).encode()).hexdigest())"
    )
    seeds = ("1", "2")
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in seeds
    }
    assert len(digests) == 1
    assert every() == every()


def test_a_report_draws_without_anything_that_is_slow_to_import() -> None:
    program = (
        "import sys; from tests.report.test_charts import of, synthetic; "
        "[chart.svg for chart in of(synthetic.gpu_result())]; "
        "print({'matplotlib', 'numpy', 'scipy'} & {*sys.modules})"
    )
    out = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
    )
    assert out.stdout.strip() == b"set()"


def test_what_was_kept_of_drawings_before_is_no_run_and_is_left_alone(tmp_path: Path) -> None:
    store(tmp_path, MADE, synthetic.gpu_result())
    before = tmp_path / "runs" / ".charts" / ("0" * 64)
    before.parent.mkdir()
    before.write_bytes(b"of before")
    assert run(["--runs", str(tmp_path / "runs"), "report", "latest"]) == 0
    assert run(["--runs", str(tmp_path / "runs"), "runs"]) == 0
    assert [file.name for file in before.parent.iterdir()] == [before.name]
    names = sorted(file.name for file in (tmp_path / "runs" / MADE / "charts").iterdir())
    assert len(names) == 4
    assert all(name.startswith(f"{MADE}-") for name in names)


def test_markers_lie_in_the_room_that_is_kept_for_them() -> None:
    for shape in MARKERS:
        marker = Markers(((50.0, 50.0),), shape, LOOKS[0].shade, 4.0)
        (box,) = marker.boxes
        inside = f'<svg xmlns="{SVG[1:-1]}"><title>a</title>{marker.svg("a")}</svg>'
        (area,) = read(inside).areas
        assert box.left <= area.left
        assert area.right <= box.right
        assert box.top <= area.top
        assert area.bottom <= box.bottom
