"""What the operators say of themselves without torch: axes, work, inputs, tolerance, defaults."""

from __future__ import annotations

import subprocess
import sys

import pytest

from orchestrator.cli.given import sweeps
from remote_payload.contract.case import Case, Value
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Role, Work
from remote_payload.operators import registry
from remote_payload.operators.base import BadCase
from tests.payload.running import ROOT

NAMES = ("rmsnorm", "add_rmsnorm", "softmax", "gemm_bias")


def case(operator: str, dtype: DType = DType.FP16, **axes: Value) -> Case:
    return registry.find(operator).case(axes, dtype)


@pytest.mark.parametrize("name", NAMES)
def test_an_operator_is_found_by_its_folder_and_needs_no_torch_to_speak_of_itself(
    name: str,
) -> None:
    program = (
        "import sys; from remote_payload.operators import registry; o = registry.find(sys.argv[1]);"
        "[o.facts_of(c) for s in (o.gpu_sweep, o.cpu_sweep) for c in o.sweep(s, o.dtypes)];"
        "print(o.facts.name); sys.exit('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", program, name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, name), done.stderr
    assert name in registry.names()


@pytest.mark.parametrize(
    ("of", "work"),
    [
        (
            case("rmsnorm", T=3, D=8),
            Work(4 * 24, (24 + 24 + 8) * 2, 24 * 2, matrix=False),
        ),
        (
            case("add_rmsnorm", DType.FP32, T=3, D=8),
            Work(5 * 24, (4 * 24 + 8) * 4, 2 * 24 * 4, matrix=False),
        ),
        (
            case("softmax", DType.BF16, M=3, N=8),
            Work(3 * 24, 2 * 24 * 2, 24 * 2, 24, matrix=False),
        ),
        (
            case("gemm_bias", M=2, N=3, K=5, activation="relu"),
            Work(2 * 2 * 3 * 5, (10 + 15 + 3 + 6) * 2, 6 * 2),
        ),
        (
            case("gemm_bias", M=2, N=3, K=5, activation="silu"),
            Work(2 * 2 * 3 * 5, (10 + 15 + 3 + 6) * 2, 6 * 2, 6),
        ),
    ],
    ids=lambda value: value.label if isinstance(value, Case) else "",
)
def test_the_work_of_a_case_is_what_a_person_counts(of: Case, work: Work) -> None:
    assert registry.find(of.operator).work(of) == work


def test_a_word_among_the_axes_stands_in_the_label_and_may_be_swept() -> None:
    operator = registry.find("gemm_bias")
    assert case("gemm_bias", M=64, N=32, K=16, activation="gelu").label == (
        "M=64 N=32 K=16 fp16 activation=gelu"
    )
    (said,) = sweeps.cases(["M=64,activation=relu,silu,N=32..128x2"], operator.axes)
    assert said == {"M": (64,), "activation": ("relu", "silu"), "N": (32, 64, 128)}
    made = operator.sweep({**operator.cpu_sweep, **said}, (DType.FP16,))
    assert len(made) == 6
    assert {one.get("activation", "") for one in made} == {"relu", "silu"}
    with pytest.raises(BadCase, match="activation: expected one of relu, gelu, silu, got tanh"):
        case("gemm_bias", M=1, N=1, K=1, activation="tanh")
    with pytest.raises(sweeps.BadValues, match="activation: expected some of relu, gelu, silu"):
        sweeps.cases(["activation=tanh"], operator.axes)


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_cases_of_real_models_on_a_gpu_and_small_ones_on_two_cores(name: str) -> None:
    operator = registry.find(name)
    on_gpu = operator.sweep(operator.gpu_sweep, operator.dtypes[:1])
    on_cpu = operator.sweep(operator.cpu_sweep, operator.dtypes[:1])
    most = max(work.traffic_bytes for one in on_cpu if (work := operator.work(one)))
    assert 2 <= len(on_cpu) <= 3
    assert most < 5 << 20
    assert len(on_gpu) >= 3
    assert any(one.size("D") == 8192 or one.size("N") >= 16384 for one in on_gpu)


@pytest.mark.parametrize("name", NAMES)
def test_torch_is_the_baseline_and_nothing_of_csrc_is_built_for_it(name: str) -> None:
    facts = registry.find(name).facts
    assert facts.baseline == "torch"
    assert not facts.library
    assert facts.named(Role.RIVAL) == ("torch-compile",)
    assert facts.ours == ("triton" if name == "rmsnorm" else "")
    assert registry.find("attention").facts.library
