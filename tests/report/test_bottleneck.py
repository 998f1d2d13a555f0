"""The section on what holds a provider back: from counters, from a trace, from the model."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.bottleneck.evidence import CallEvidence, Evidence
from orchestrator.report.figures import figures
from orchestrator.report.insight import NO_INSIGHT, Insight
from orchestrator.report.render import render
from orchestrator.report.section import Page
from orchestrator.report.sections.causes.bottleneck import held_back, in_words
from orchestrator.report.view.sections import HeldBackView
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.report import gone_wrong, synthetic, traces


def share(key: str, value: float) -> Evidence:
    return Evidence(key, key.replace("_", " "), value, "%", f"metric_of_{key}")


def counted(provider: str = "sparsek", **shares: float) -> Insight:
    items = tuple(share(key, value) for key, value in shares.items())
    return Insight((CallEvidence(provider, synthetic.case(), items),))


def views(result: Result, insight: Insight = NO_INSIGHT) -> dict[str, HeldBackView]:
    return {view.case.partition(" on ")[0]: view for view in held_back(figures(result), insight)}


def first_page(result: Result, insight: Insight = NO_INSIGHT) -> str:
    """What the first page says of whom the run is about."""
    return in_words(Page(synthetic.run(result), figures(result), insight=insight))


def test_counters_decide_and_every_figure_has_its_metric() -> None:
    told = counted(exp_pipe=88, tensor_pipe=31, dram=22)
    found = views(synthetic.gpu_result(), told)
    assert first_page(synthetic.gpu_result(), told).startswith(
        "limited by exponentials (XU pipe): exp pipe 88 % (metric_of_exp_pipe), tensor pipe 31 %"
    )
    assert "sparsek" not in found, "told twice"
    assert found["sdpa"].verdict.startswith("undetermined for want of DRAM throughput")


def test_without_counters_the_original_reports_claim_is_undetermined() -> None:
    verdict = views(synthetic.gpu_result())["sdpa"].verdict
    assert verdict.startswith("undetermined for want of DRAM throughput, tensor pipe, exp pipe")
    assert "HBM roof 32.1 %, tensor roof 27.8 %, exp roof 27.8 %" in verdict
    markdown = render(synthetic.run(synthetic.gpu_result())).markdown
    for claim in ("compute-bound", "well utilized", "sweet spot", "warps per block (optimal)"):
        assert claim not in markdown.lower()


def test_spills_and_serialised_wgmma_are_held_against_the_kernel_that_ran() -> None:
    ours = first_page(traces.result())
    assert "registers spill to local memory (20 B, ptxas, forward<64, 0>)" in ours
    assert "the compiler serialised wgmma (C7510)" in ours
    other = replace(traces.OURS, name="void sparsek::forward<128, false>(float*)")
    result = traces.result(traces.trace("sparsek", other))
    assert views(result)["sparsek"].remarks == ()
    assert "ptxas" not in first_page(result)
    assert views(traces.result())["sparsek"].remarks == (), "told on the first page"
    assert views(traces.result())["sdpa"].remarks == ()


def test_what_the_compiler_said_of_another_gpu_is_not_held_against_this_one() -> None:
    result = traces.result()
    assert result.build is not None
    (own,) = result.build.compilations
    other = replace(own, arch="sm_80", log=own.log.replace("sm_90a", "sm_80"))
    both = replace(result, build=replace(result.build, compilations=(other, own)))
    assert views(both)["sparsek"] == views(result)["sparsek"]
    assert first_page(both) == first_page(result)


def test_a_notice_is_held_against_the_kernel_for_its_own_type_alone() -> None:
    result = traces.result()
    assert result.build is not None
    (own,) = result.build.compilations
    plain = "_ZN7sparsek7forwardILi64ELb0EEEvPf"
    boxes = [f"ELb0ENS_3BoxINS_{name}EEEEE" for name in ("4Half", "8BFloat16")]
    half, bfloat = (plain.replace("ELb0EEE", box) for box in boxes)
    quiet = "".join(line for line in own.log.splitlines(True) if "(C7510)" not in line)
    log = own.log.replace(plain, half) + quiet.replace(plain, bfloat)
    build = replace(result.build, compilations=(replace(own, log=log),))

    def remarks(kind: str) -> str:
        name = f"void sparsek::forward<64, false, sparsek::Box<sparsek::{kind}>>(float*)"
        ran = traces.trace("sparsek", replace(traces.OURS, name=name))
        told = replace(traces.result(ran), build=build)
        return " ".join((first_page(told), *views(told)["sparsek"].remarks))

    assert "the compiler serialised wgmma (C7510)" in remarks("Half")
    assert "C7510" not in remarks("BFloat16")
    assert "spill" in remarks("BFloat16"), "which it does as well"


def test_a_grid_that_leaves_sms_idle_and_one_with_a_tail_are_remarked() -> None:
    few = replace(traces.FLASH, grid=(66, 1, 1))
    (remark,) = views(traces.result(traces.trace("sdpa", few)))["sdpa"].remarks
    assert "slots in use 50 %" in remark
    tail = replace(traces.FLASH, grid=(265, 1, 1))
    (remark,) = views(traces.result(traces.trace("sdpa", tail)))["sdpa"].remarks
    assert "slots in use 50.2 %" in remark


def test_a_short_kernel_is_remarked_by_its_own_time_and_not_by_the_benchs() -> None:
    short = replace(traces.FLASH, duration_us=4.0)
    (remark,) = views(traces.result(traces.trace("sdpa", short)))["sdpa"].remarks
    assert remark.startswith("short: launching it takes about as long: kernel time 4 µs")


def test_nothing_is_judged_on_a_cpu_or_from_a_refuted_timing() -> None:
    assert held_back(figures(synthetic.cpu_result()), NO_INSIGHT) == ()
    assert held_back(None, NO_INSIGHT) == ()
    assert "sparsek" not in views(gone_wrong.above_roof_result())
    assert views(gone_wrong.failed_check_result()) == {}


def test_a_counter_beyond_its_peak_is_named_and_not_used() -> None:
    found = views(synthetic.gpu_result(), counted(exp_pipe=120, tensor_pipe=31, dram=22))
    assert found["sparsek"].verdict.startswith("undetermined for want of exp pipe")
    assert "exp pipe 120 %" in " ".join(found["sparsek"].remarks)


def test_a_failed_trace_is_no_evidence() -> None:
    record = traces.trace("sdpa", status=Status.FAILED, kernels=())
    assert views(traces.result(record))["sdpa"].remarks == ()


def test_the_profilers_own_rule_stands_beside_our_verdict_in_the_report() -> None:
    said = "Compute is more heavily utilized than Memory: Look at the Compute Workload Analysis."
    insight = counted(dram=91, compute=12)
    (call,) = insight.calls
    told = Insight((replace(call, own_rules=(said,)),))
    remarks = views(synthetic.gpu_result(), told)["sparsek"].remarks
    assert f"ncu's own rule says otherwise: “{said.rstrip('.')}”" in remarks
    assert not any("own rule" in one for one in views(synthetic.gpu_result())["sdpa"].remarks)
