"""The bar chart of time against the floors, and the roofline's labels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.report.charts.drawing import Chart
from orchestrator.report.charts.floors import floors
from orchestrator.report.charts.roofline import roofline
from orchestrator.report.figures import figures
from orchestrator.report.insight import NO_INSIGHT
from remote_payload.contract.result import Result
from tests.report import gone_wrong, synthetic, traces
from tests.report.drawn import read


def words(chart: Chart | None) -> str:
    assert chart is not None
    return read(chart.svg).words


def chart(result: Result) -> Chart:
    (found,) = floors(figures(result), NO_INSIGHT)
    return found


def test_every_provider_stands_against_the_four_floors() -> None:
    found = chart(synthetic.gpu_result())
    assert found.name == "floors-b16-h96-s512-d64-fp16-back-to-back.svg"
    for text in ("HBM floor", "L2 floor", "tensor floor", "exp floor", "120.1 µs", "42.97 µs"):
        assert text in words(found)
    assert "374.2 µs, 3.11× the HBM floor" in words(found)
    assert "283.4 µs, 2.36× the HBM floor" in words(found)


def test_a_gpu_without_a_documented_l2_has_three_floors() -> None:
    machine = synthetic.gpu_machine(gpu="NVIDIA L40S", sm_count=142)
    slow = tuple(
        replace(record, samples_us=tuple(4 * us for us in record.samples_us))
        for record in synthetic.gpu_result().bench
    )
    result = replace(synthetic.gpu_result(), machine=machine, bench=slow)
    assert "L2 floor" not in words(chart(result))


def test_an_unknown_gpu_gives_the_reason_and_a_cpu_no_chart() -> None:
    machine = synthetic.gpu_machine(gpu="NVIDIA Unheard Of")
    found = chart(replace(synthetic.gpu_result(), machine=machine))
    assert (found.svg, found.reason) == ("", "no roof is known for this machine")
    assert floors(figures(synthetic.cpu_result()), NO_INSIGHT) == ()
    assert floors(None, NO_INSIGHT) == ()


def test_nothing_partial_or_refuted_is_drawn() -> None:
    assert floors(figures(gone_wrong.interrupted_result()), NO_INSIGHT) == ()
    assert "sparsek" not in words(chart(gone_wrong.above_roof_result()))


def test_the_same_result_gives_the_same_bytes() -> None:
    assert chart(synthetic.gpu_result()) == chart(synthetic.gpu_result())


@pytest.mark.parametrize("name", ["a$b$", "_hidden", "<b>&", "日本", "\x00\ud800"])
def test_strange_names_are_drawn_without_harm(name: str) -> None:
    result = synthetic.gpu_result()
    bench = tuple(replace(r, provider=name) for r in result.bench if r.provider == "sparsek")
    checks = tuple(replace(c, provider=name) for c in result.checks if c.provider == "sparsek")
    assert words(chart(replace(result, bench=bench, checks=checks)))


def test_the_roofline_names_each_providers_distance_to_its_nearest_roof() -> None:
    text = words(roofline(figures(synthetic.gpu_result())))
    assert "sparsek: 364 TFLOPS, 2.36× below HBM" in text
    assert "sdpa: 275 TFLOPS, 3.11× below HBM" in text
    for roof in ("L2 9.37 TB/s", "mma.sync 660 TFLOPS", "FP32 66.9 TFLOPS"):
        assert roof in text


def test_an_exp_roof_above_the_tensor_roof_is_on_the_page() -> None:
    base = synthetic.gpu_result()
    bench = tuple(
        replace(r, case=r.case.at("D", 128), samples_us=tuple(2 * us for us in r.samples_us))
        for r in base.bench
    )
    checks = tuple(replace(c, case=c.case.at("D", 128)) for c in base.checks)
    wider = synthetic.described(replace(base, bench=bench, checks=checks))
    text = words(roofline(figures(wider)))
    assert "exp (512 FLOP each) 1979 TFLOPS" in text
    assert "tensor 989 TFLOPS" in text


def test_measured_ceilings_are_practical_roofs() -> None:
    result = traces.result(ceilings=traces.CEILINGS)
    text = words(roofline(figures(result)))
    said = text.replace("\n", " ")
    assert "measured here: copy 3 TB/s, gemm-fp16 723 TFLOPS, exp 922 TFLOPS" in said
    assert "measured here" not in words(roofline(figures(synthetic.gpu_result())))
