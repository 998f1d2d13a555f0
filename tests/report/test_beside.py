"""Beside the best: who is compared with whom, and what the section says of the missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.performance.verdict import Verdict
from orchestrator.report.figures import figures
from orchestrator.report.render import render
from orchestrator.report.sections.findings import beside
from orchestrator.report.sections.findings.beside import Standing
from orchestrator.report.view.sections import BesideView
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status
from tests.report import gone_wrong, synthetic
from tests.report.reading import part, summaries


def with_peers(**median_us: float) -> Result:
    """SYNTHETIC run at H=8 and H=96; a provider's time is its µs per head, times the heads."""
    names = {name.replace("_", "-"): value for name, value in median_us.items()}
    cases = tuple(synthetic.case(heads) for heads in (8, 96))
    records = [
        synthetic.bench(name, of, synthetic.samples(value * of.size("H")))
        for of in cases
        for name, value in names.items()
    ]
    pairs = [
        synthetic.bench("sdpa", of, synthetic.samples(names["sdpa"] * of.size("H") * 1.001))
        for of in cases
    ]
    controls = [replace(pair, control=True) for pair in pairs]
    checks = [synthetic.check(name, of) for of in cases for name in names]
    missing = [
        synthetic.check(
            "fa4",
            of,
            status=Status.SKIPPED,
            reason=f"not present: {synthetic.ATTENTION.by_name['fa4'].how}",
            error=None,
        )
        for of in cases
    ]
    return replace(synthetic.gpu_result(), bench=(*records, *controls), checks=(*checks, *missing))


def of(result: Result) -> Standing:
    found = beside.standing(figures(result))
    assert found is not None
    return found


def section(result: Result) -> BesideView:
    (view,) = beside.section(of(result))
    return view


def test_all_are_compared_with_the_fastest_that_is_not_ours() -> None:
    found = of(with_peers(sdpa=3.8, sparsek=2.0, fa3=2.6, sdpa_cudnn=3.0))
    assert [place.provider for place in found.places[:4]] == [
        "sparsek",
        "fa3",
        "sdpa-cudnn",
        "sdpa",
    ]
    assert {place.provider for place in found.places if place.is_best} == {"fa3"}
    (ours, best, cudnn, _) = found.places[:4]
    assert best.against is None
    assert ours.against is not None
    assert ours.against.verdict is Verdict.FASTER
    assert ours.against.speedup.median == pytest.approx(1.3)
    assert cudnn.against is not None
    assert cudnn.against.verdict is Verdict.SLOWER


def test_each_case_has_a_best_of_its_own() -> None:
    result = with_peers(sdpa=3.0, sparsek=2.0, fa3=2.6)
    slow = [
        replace(r, samples_us=tuple(2 * value for value in r.samples_us))
        if r.provider == "fa3" and r.case.size("H") == 8
        else r
        for r in result.bench
    ]
    found = of(replace(result, bench=tuple(slow)))
    best = {(p.case.size("H"), p.provider) for p in found.places if p.is_best}
    assert best == {(8, "sdpa"), (96, "fa3")}


def test_the_users_own_kernel_is_measured_against_the_known_ones_not_the_other_way_round() -> None:
    found = of(with_peers(sdpa=3.8, sparsek=2.0, mine=1.9))
    assert {place.provider for place in found.places if place.is_best} == {"sdpa"}


def test_a_row_holds_time_rate_traffic_error_and_verdict() -> None:
    view = section(with_peers(sdpa=3.8, sparsek=2.0, fa3=2.6))
    (row,) = [row for row in view.table.rows if row[:2] == ("96", "sparsek")]
    # 4 * 16 * 96 * 512^2 * 64 flop and 4 * 16 * 96 * 512 * 64 * 2 byte in 192 us
    rates = (row[4], row[5])
    assert [float(rate) for rate in rates] == pytest.approx([537, 2097], rel=0.005)
    assert row[2].startswith("2.0")
    assert row[3].startswith("192")
    assert row[6] == "0.00049"
    assert row[7].startswith("1.30")
    assert row[8] == "FASTER"
    assert ("the best other", "—") in {(row[8], row[7]) for row in view.table.rows}


def test_the_headline_counts_verdicts_over_cases() -> None:
    view = section(with_peers(sdpa=3.8, sparsek=2.0, fa3=2.6))
    assert view.headline == "sparsek against the best other: FASTER at 2 of 2 cases."
    without = section(with_peers(sdpa=3.8, fa3=2.6, triton=4.0))
    assert without.headline == "sparsek was not timed; the best here is fa3."


def test_a_missing_peer_is_listed_once_with_how_to_get_it() -> None:
    result = with_peers(sdpa=3.8, sparsek=2.0, fa3=2.6)
    assert section(result).absent == (
        f"fa4: not present: {synthetic.ATTENTION.by_name['fa4'].how}",
    )
    markdown = render(synthetic.run(result)).markdown
    assert "- fa4: not present: pip install flash-attn-4" in markdown


def test_fewer_than_three_providers_or_no_timing_have_no_section() -> None:
    for result in (
        with_peers(sdpa=3.8),
        with_peers(sdpa=3.8, sparsek=2.0),
        synthetic.cpu_result(),
        gone_wrong.failed_check_result(),
        gone_wrong.above_roof_result(),
        gone_wrong.interrupted_result(),
    ):
        assert beside.standing(figures(result)) is None
        told = summaries(render(synthetic.run(result)).markdown)
        assert not any(one.startswith("Beside the best") for one in told)


def test_without_a_noise_floor_nothing_is_faster() -> None:
    result = with_peers(sdpa=3.8, sparsek=2.0, fa3=2.6)
    bare = replace(result, bench=tuple(r for r in result.bench if not r.control))
    verdicts = {place.against.verdict for place in of(bare).places if place.against}
    assert verdicts == {Verdict.INCONCLUSIVE}


def test_other_methods_and_families_stay_out_and_the_note_says_so() -> None:
    result = with_peers(sdpa=3.8, sparsek=2.0, fa3=2.6)
    more = tuple(
        replace(
            r,
            case=r.case.at("S", 1024),
            samples_us=tuple(5 * value for value in r.samples_us),
        )
        for r in result.bench
    )
    cold = tuple(replace(r, method=Method.COLD) for r in result.bench)
    checks = tuple(replace(c, case=c.case.at("S", 1024)) for c in result.checks)
    both = replace(result, bench=result.bench + more + cold, checks=result.checks + checks)
    both = synthetic.described(both)
    found = of(both)
    assert {(p.case.size("S"), p.figure.record.method) for p in found.places} == {
        (512, Method.BACK_TO_BACK)
    }
    (view,) = beside.section(found)
    assert view.note.endswith("1 other family of cases: see every timing in full.")


def test_the_table_says_it_all_and_has_no_chart_beside_it() -> None:
    report = render(synthetic.run(with_peers(sdpa=3.8, sparsek=2.0, fa3=2.6)))
    section = part(report.markdown, "Beside the best: ")
    assert "| sparsek |" in section
    assert "hart" not in section
    assert not [chart.name for chart in report.charts if "beside" in chart.name]


def test_ten_providers_look_different_from_each_other() -> None:
    names = ("sdpa", "sparsek", "sdpa_flash", "sdpa_cudnn", "sdpa_efficient")
    peers = ("fa3", "fa4", "flashinfer", "triton", "mine")
    times = {name: 2.0 + 0.1 * number for number, name in enumerate((*names, *peers))}
    from orchestrator.report.charts.drawing import series

    found = of(with_peers(**times))
    drawn = series([place.figure for place in found.places], found.result.operator)
    looks = [look for _, look in drawn]
    for trait in ("shade", "marker", "dash"):
        assert len({getattr(look, trait) for look in looks}) == 10, trait
