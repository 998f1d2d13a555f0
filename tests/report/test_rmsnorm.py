"""A report of RMSNorm speaks of RMSNorm: of bytes where bytes bind, and of nothing of attention's."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from orchestrator.performance.roofline import Resource, binding, roofs
from orchestrator.report.figures import figures
from orchestrator.report.render import render
from remote_payload.contract.machine import Compilation, ProviderBuild
from remote_payload.contract.words import Method, Status
from remote_payload.operators import registry
from tests.comparing.test_builds import REMARK, SPILLS
from tests.golden import assert_golden
from tests.report import synthetic
from tests.report.reading import part
from tests.report.synthetic_rmsnorm import RMSNORM, TOKENS, rmsnorm_result

REPRODUCE = "orchestrator profile --host synthetic --operator rmsnorm --ceilings"
# Of attention, of its kernel in csrc/, and of what is only true of products of matrices.
FOREIGN = (
    r"attention|\bheads?\b|SDPA|sdpa|sparsek|softmax|q, k|µs/head|csrc|original report|\btargets?\b"
    r"|library|## Build|Stage build|ptxas|cuobjdump|TFLOPS|exponentials"
)


def rendered() -> str:
    return render(synthetic.run(rmsnorm_result(), reproduce=REPRODUCE)).markdown


def test_a_report_of_rmsnorm_reads_as_agreed() -> None:
    assert_golden("report/synthetic_rmsnorm.md", rendered())


def test_no_word_of_attention_stands_in_a_report_of_rmsnorm() -> None:
    found = [
        line
        for line in rendered().splitlines()
        if re.search(FOREIGN, line) and "GEMM" not in line and "Roofline" not in line
    ]
    assert found == [
        "| Fast\N{NO-BREAK SPACE}enough? | no target is set (orchestrator targets --help says how) |"
    ], "of the words of attention's targets only how to have some"


def test_that_a_users_own_cuda_file_is_under_build_with_what_it_spills() -> None:
    made = Compilation("sm_90a", "nvcc …", Status.OK, 1.0, REMARK + SPILLS)
    twice = tuple(ProviderBuild("mine", made) for _ in range(2))
    page = unescape(
        part(
            render(synthetic.run(replace(rmsnorm_result(), provider_builds=twice))).markdown,
            "Build: ",
        )
    )
    assert "\n\nNothing of our own was built in this run.\n\nOf users' own providers:" in page
    assert page.count("| mine | sm_90a | attend | 255 | 9328 / 9720 | 5016 | 0 | 1 |") == 1
    assert page.count("- Compiler notice: mine: C7510 Potential Performance Loss") == 1


@pytest.mark.parametrize("method", [Method.BACK_TO_BACK, Method.COLD])
def test_memory_binds_and_its_floor_is_the_bytes_over_the_bandwidth(method: Method) -> None:
    derived = figures(rmsnorm_result())
    assert derived.device is not None
    case = RMSNORM.case({"T": TOKENS[-1], "D": 8192}, RMSNORM.dtypes[0])
    facts = derived.result.facts(case)
    roof = binding(roofs(facts, derived.device, method))
    assert roof is not None
    assert roof.resource is Resource.MEMORY
    bytes_moved = (2 * TOKENS[-1] * 8192 + 8192) * 2
    assert roof.floor_us == pytest.approx(bytes_moved / derived.device.memory_gbs / 1e3)
    assert {each.resource for each in roofs(facts, derived.device, method)} == {
        Resource.MEMORY,
        Resource.L2,
    }, "no tensor cores, no exponentials"
    assert f"| HBM | {roof.floor_us:.4g} |" in rendered()


def test_the_first_line_is_the_verdict_of_our_kernel_in_microseconds() -> None:
    told = render(synthetic.run(rmsnorm_result()))
    assert told.verdict.startswith("triton is FASTER than torch on T=16384 D=8192 fp16: ")
    assert " µs (back_to_back); FASTER on 3 of 3 cases; 8 starts, noise " in told.verdict
    title, _, lead, *_ = told.markdown.splitlines()
    assert title.startswith("# triton is FASTER than torch on H100 SXM: ")
    assert " µs on T=16384 D=8192 fp16; " in lead
    assert lead.endswith("; FASTER on 3 of 3 cases.")


def test_columns_are_gigabytes_a_second_where_nothing_multiplies_matrices() -> None:
    full = part(rendered(), "Every timing in full")
    (header,) = {line for line in full.splitlines() if line.startswith("| Provider | Case | ")}
    seen_first = next(line for line in rendered().splitlines() if line.startswith("| Tokens |"))
    assert "| GB/s |" in header
    assert "| GB/s of triton | Of the roof by triton |" in seen_first
    for one in (header, seen_first):
        assert "TFLOPS" not in one
        assert "head" not in one
    product = registry.find("gemm_bias")
    case = product.case({"M": 64, "N": 64, "K": 64, "activation": "relu"}, product.dtypes[0])
    result = rmsnorm_result()
    bench = tuple(replace(one, case=case) for one in result.bench[:4])
    other = replace(result, operator=product.facts, cases=(product.facts_of(case),), bench=bench)
    shown = render(synthetic.run(other)).markdown
    assert "| TFLOPS | GB/s |" in shown
    assert "M=64 N=64 K=64 fp16 activation=relu" in shown
