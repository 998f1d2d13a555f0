"""Copy and exp chains as operators: their work, their truth, and what a CPU has of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from remote_payload.contract.dtypes import DType  # noqa: E402
from remote_payload.contract.facts import Work  # noqa: E402
from remote_payload.contract.request import Provider  # noqa: E402
from remote_payload.contract.words import Stage, Status  # noqa: E402
from remote_payload.operators import registry  # noqa: E402
from remote_payload.operators.copy.definition import OPERATOR as COPY  # noqa: E402
from remote_payload.operators.exp.definition import OPERATOR as EXP  # noqa: E402
from remote_payload.operators.loaded import CannotRun  # noqa: E402
from remote_payload.operators.problem import Problem  # noqa: E402
from remote_payload.operators.setting import Setting  # noqa: E402
from remote_payload.providers.loading import load  # noqa: E402
from tests.payload.running import ROOT, a_request, run_payload  # noqa: E402


def setting(operator: str) -> Setting:
    return Setting("cpu", str(ROOT), 42, operator=operator)


def copy_of(elements: int, dtype: DType = DType.FP32) -> Problem:
    return Problem(COPY, COPY.case({"N": elements}, dtype), setting("copy"))


def chains(steps: int) -> Problem:
    return Problem(EXP, EXP.case({"N": 64, "steps": steps}, DType.FP32), setting("exp"))


def test_a_copy_reads_and_writes_every_byte_once_and_multiplies_nothing() -> None:
    assert COPY.work(copy_of(100, DType.BF16).case) == Work(0, 400, 200, matrix=False)
    assert EXP.work(chains(8).case) == Work(0, 512, 256, 64 * 8, matrix=False)


@pytest.mark.parametrize("dtype", COPY.dtypes)
def test_a_copy_is_exact_or_it_is_none(dtype: DType, monkeypatch: pytest.MonkeyPatch) -> None:
    from remote_payload.operators.copy import tensors

    monkeypatch.setattr(tensors, "BLOCK_ELEMENTS", 40)
    problem = copy_of(100, dtype)
    drawn = problem.drawn()
    same = (drawn[0].clone(),)
    assert problem.exact(same, drawn)
    assert problem.describe(problem.measure(same, drawn)) == ""
    for place in (0, 39, 40, 99):
        other = drawn[0].clone()
        other[place : place + 1].view(torch.uint8)[0] ^= 1
        assert not problem.exact((other,), drawn)
        assert problem.measure((other,), drawn).first == (place,)


def test_only_what_is_not_rounded_is_ever_taken_for_exact() -> None:
    problem = chains(4)
    (x,) = problem.drawn()
    (truth,) = problem.truth((x,))
    assert not problem.exact((truth.want.float(),), (x,))


def test_a_copy_for_other_inputs_goes_back_to_that_for_the_first() -> None:
    problem = copy_of(10)
    drawn = problem.drawn()
    others, back = problem.others(drawn)
    assert back is not None
    assert torch.equal(back(others)[0], drawn[0])
    assert not torch.equal(others[0], drawn[0])


@pytest.mark.parametrize("steps", [1, 4, 8, 2048])
def test_the_truth_of_chains_is_two_to_its_minus_as_often_or_where_it_stays(steps: int) -> None:
    problem = chains(steps)
    (x,) = problem.drawn()
    (block,) = problem.truth((x,))
    want = x.double()
    for _ in range(steps):
        want = torch.exp2(-want)
    assert torch.allclose(block.want, want, rtol=0, atol=1e-15)
    assert x.min() >= 0
    assert x.max() < 1


def test_one_step_too_few_is_seen_in_short_chains() -> None:
    for steps in (4, 8):
        problem = chains(steps)
        (x,) = problem.drawn()
        wrong: Any = x.double()
        for _ in range(steps - 1):
            wrong = torch.exp2(-wrong)
        assert problem.measure((wrong.float(),), (x,)).mismatches


def test_a_cpu_has_no_provider_of_chains_and_says_so() -> None:
    with pytest.raises(CannotRun, match="ex2 needs a CUDA GPU"):
        load(Provider("ex2"), setting("exp"))


def test_a_copy_is_checked_and_timed_like_anything_else(tmp_path: Path) -> None:
    case = COPY.case({"N": 4096}, DType.FP16)
    request = a_request(
        Provider("torch"), operator="copy", cases=(case,), stages=(Stage.CHECK, Stage.BENCH)
    )
    finished = run_payload(request, tmp_path)
    record = finished.check("torch", case)
    assert record.status is Status.OK, record.reason
    assert (record.error.max_abs, record.deterministic) == (0.0, True) if record.error else False
    assert {row.status for row in finished.bench("torch", case)} == {Status.OK}


def test_every_default_case_of_ours_can_be_and_has_work() -> None:
    for name in ("gemm", "copy", "exp"):
        operator = registry.find(name)
        for sweep in (operator.gpu_sweep, operator.cpu_sweep):
            for case in operator.sweep(sweep, operator.dtypes):
                work = operator.work(case)
                assert work is not None
                assert work.traffic_bytes > work.written_bytes > 0
                assert operator.tolerance(case).gates
