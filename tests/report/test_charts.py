"""Charts are well-formed SVG that show what was measured and nothing that was not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from orchestrator.report.charts.scaling import Chart, roofline, scaling
from orchestrator.report.figures import figures
from remote_payload.contract.result import Result
from tests.report import gone_wrong, synthetic

SVG = "{http://www.w3.org/2000/svg}"


def words(chart: Chart) -> str:
    """All text of a drawing."""
    tree = ElementTree.fromstring(chart.svg)
    assert tree.tag == f"{SVG}svg"
    return "\n".join("".join(node.itertext()) for node in tree.iter(f"{SVG}text"))


def test_scaling_shows_every_provider_and_the_labelled_original() -> None:
    warm, cold = scaling(figures(synthetic.gpu_result()))
    assert warm.name == "scaling-b16-s512-d64-fp16-back-to-back.svg"
    for text in ("sdpa", "sparsek", "original report: H100 SXM", "128", "µs per head"):
        assert text in words(warm)
    assert "original report" not in words(cold)


def test_one_head_count_makes_no_scaling_chart() -> None:
    result = synthetic.gpu_result()
    single = tuple(r for r in result.bench if r.case == synthetic.case())
    for chart in scaling(figures(replace(result, bench=single))):
        assert (chart.svg, chart.reason) == ("", "only one value of heads was timed")


def test_families_of_cases_get_charts_of_their_own() -> None:
    result = synthetic.cpu_result()
    longer = tuple(replace(r, case=r.case.at("S", 128)) for r in result.bench)
    checks = tuple(replace(c, case=c.case.at("S", 128)) for c in result.checks)
    both = replace(result, bench=result.bench + longer, checks=result.checks + checks)
    both = synthetic.described(both)
    assert len({chart.name for chart in scaling(figures(both))}) == 2


def test_the_roofline_shows_roofs_with_their_figures() -> None:
    chart = roofline(figures(synthetic.gpu_result()))
    assert chart is not None
    for text in ("tensor 989 TFLOPS", "HBM 3.35 TB/s", "exp, 256 FLOP each: 989 TFLOPS", "sparsek"):
        assert text in words(chart)


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
    chart = roofline(figures(gone_wrong.above_roof_result()))
    assert chart is not None
    assert "sparsek" not in words(chart)


@pytest.mark.parametrize("name", ["a$b$", "_hidden", "<b>&", "日本", "\x00\ud800", ""])
def test_strange_names_are_drawn_without_harm(name: str) -> None:
    result = synthetic.gpu_result()
    bench = tuple(replace(r, provider=name or r.provider) for r in result.bench if not r.control)
    checks = tuple(replace(c, provider=name or c.provider) for c in result.checks)
    for chart in scaling(figures(replace(result, bench=bench, checks=checks))):
        assert words(chart)


def test_drawings_carry_no_date_and_do_not_depend_on_the_users_style() -> None:
    import matplotlib

    (before,) = scaling(figures(synthetic.cpu_result()))
    assert "dc:date" not in before.svg
    with matplotlib.rc_context({"figure.facecolor": "black", "font.size": 30}):
        (after,) = scaling(figures(synthetic.cpu_result()))
        assert after.svg == before.svg


def test_the_report_room_is_imported_without_matplotlib() -> None:
    program = "import sys, orchestrator.report.render; print('matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert out.stdout.strip() == b"False"
