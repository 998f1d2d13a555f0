"""Unlike things: each row of them is refused, with what differs; no figure is told of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from orchestrator.report.comparing.page import first_line
from orchestrator.report.gates.gate import Answer, Policy
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import ProviderFacts, Role
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.words import Binding, Device, Method
from tests.comparing import runs
from tests.report import synthetic


def moved(change: Callable[[Case], Case]) -> Result:
    """The small result on other cases."""
    result = runs.small()
    return replace(
        result,
        request=replace(result.request, cases=tuple(map(change, result.request.cases))),
        checks=tuple(replace(c, case=change(c.case)) for c in result.checks),
        bench=tuple(replace(r, case=change(r.case)) for r in result.bench),
        cases=tuple(replace(c, case=change(c.case)) for c in result.cases),
    )


def asked(*providers: Provider) -> Result:
    result = runs.small()
    return replace(result, request=replace(result.request, providers=providers))


SDPA, OURS = Provider("sdpa"), Provider("sparsek", required=True)
MINE = Provider("sparsek", target="mine.py:attention")


def on_a_cpu(result: Result) -> Result:
    """Ten thousand times as slow, so that a CPU could have done it."""
    bench = tuple(
        replace(r, samples_us=tuple(1e4 * us for us in r.samples_us)) for r in result.bench
    )
    return replace(
        result,
        bench=bench,
        request=replace(result.request, device=Device.CPU),
        machine=synthetic.cpu_machine(),
        build=None,
    )


def other_baseline(result: Result) -> Result:
    providers = tuple(
        replace(one, role=Role.RIVAL) if one.name == "sdpa" else one
        for one in result.operator.providers
    )
    old = ProviderFacts("old", "the revision before", Role.BASELINE)
    return replace(result, operator=replace(result.operator, providers=(old, *providers)))


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (
            runs.small(),
            replace(runs.small(), machine=synthetic.gpu_machine(gpu="NVIDIA H200")),
            "the devices differ (NVIDIA H100 80GB HBM3 before, NVIDIA H200 after)",
        ),
        (
            runs.small(),
            replace(runs.small(), machine=synthetic.gpu_machine(sm_count=66)),
            "the devices differ (NVIDIA H100 80GB HBM3 before, NVIDIA H100 80GB HBM3, 66 SMs after)",
        ),
        (
            runs.small(),
            on_a_cpu(runs.small()),
            "the devices differ (NVIDIA H100 80GB HBM3 before, CPU: SYNTHETIC CPU after)",
        ),
        (
            asked(SDPA, MINE),
            asked(SDPA, replace(MINE, target="other.py:attention")),
            "the targets of sparsek differ (mine.py:attention, a Python file before, "
            "other.py:attention, a Python file after)",
        ),
        (
            asked(SDPA, replace(MINE, target="mine.cu:attention", binding=Binding.TORCH)),
            asked(SDPA, replace(MINE, target="mine.cu:attention")),
            "the targets of sparsek differ (mine.cu:attention, a CUDA file, bound by torch before, "
            "mine.cu:attention, a CUDA file after)",
        ),
        (
            runs.small(),
            other_baseline(runs.small()),
            "the baselines differ (sdpa before, old after)",
        ),
        (
            runs.small(),
            replace(
                runs.small(),
                operator=replace(runs.small().operator, target="mine/attention.py:Attention"),
            ),
            "the operator's files differ (none before, mine/attention.py:Attention after)",
        ),
    ],
    ids=["model", "slice", "CPU", "target", "binding", "baseline", "operator's file"],
)
def test_that_unlike_things_are_refused_with_what_differs(
    before: Result, after: Result, reason: str
) -> None:
    found = runs.compared(before, after)
    assert not found.rows
    mine = [one for one in found.refused if one.provider == "sparsek"]
    assert len(mine) == runs.ROWS
    assert {one.reason for one in mine} == {reason}
    assert found.ruling(Policy()).answer is Answer.UNDECIDED


def test_that_another_model_of_gpu_is_in_the_first_line() -> None:
    other = replace(runs.small(), machine=synthetic.gpu_machine(gpu="NVIDIA H200"))
    assert first_line(runs.compared(runs.small(), other)).startswith("NOT COMPARED: the devices")


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        (lambda case: replace(case, dtype=DType.BF16), "dtype (fp16 / bf16)"),
        (lambda case: replace(case, operator="gqa"), "operator (attention / gqa)"),
        (lambda case: case.at("S", 1024), "S (512 / 1024)"),
        (
            lambda case: replace(case, axes=(*case.axes, ("causal", True))),
            "causal (as usual / true)",
        ),
    ],
    ids=["dtype", "operator", "axis", "mask"],
)
def test_that_a_row_on_another_case_is_refused_and_the_nearest_one_named(
    change: Callable[[Case], Case], differs: str
) -> None:
    found = runs.compared(runs.small(), moved(change))
    assert not found.rows
    mine = [one for one in found.refused if one.provider == "sparsek"]
    assert {one.reason for one in mine} == {f"not timed again; the nearest is another {differs}"}


def test_that_a_row_by_another_method_is_refused() -> None:
    result = runs.small()
    graphs = tuple(
        replace(r, method=Method.GRAPH) if r.method is Method.COLD else r for r in result.bench
    )
    found = runs.compared(result, replace(result, bench=graphs))
    assert len(found.rows) == len(runs.HEADS)
    (reason,) = {one.reason for one in found.refused if one.provider == "sparsek"}
    assert reason == "not timed again; the nearest is another method (cold / graph)"


def test_that_a_target_which_differs_refuses_its_own_rows_alone() -> None:
    """The user's provider was moved; ours beside it is compared."""

    def with_mine(target: str) -> Result:
        result = runs.small()
        ours = [r for r in result.bench if r.provider == "sparsek"]
        mine = Provider("mine", target=target)
        checks = (synthetic.check("mine", synthetic.case(heads)) for heads in runs.HEADS)
        return replace(
            result,
            bench=(*result.bench, *runs.another("mine", ours)),
            checks=(*result.checks, *checks),
            request=replace(result.request, providers=(*result.request.providers, mine)),
        )

    found = runs.compared(with_mine("a.py:f"), with_mine("b.py:f"))
    assert {row.provider for row in found.rows} == {"sparsek"}
    assert {one.provider for one in found.refused} == {"mine"}
