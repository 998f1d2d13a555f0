"""Right candidates pass, and each wrong one is refused for what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.workflows.own import Beside
from remote_payload.contract.words import Fault, Status
from tests.laid_out import LaidOut
from tests.problems_kernelbench.conftest import PROBLEMS

pytest.importorskip("torch")

OFF = "elements of out are off by more than 0.0001 and 0.0001 of their size"
# By problem and candidate: the fault, and what the reason holds.
WRONG = {
    "1_Scaled_difference/wrong_arguments": (Fault.RAISED, "takes 3 positional arguments but 4"),
    "1_Scaled_difference/wrong_class": (Fault.COMPILE, "has no class 'ModelNew'"),
    "1_Scaled_difference/wrong_dtype": (Fault.DTYPE, "returned dtype torch.float16"),
    "2_Running_maximum_with_places/wrong_outputs": (Fault.FORM, "returned 1 outputs, expected 2"),
    "2_Running_maximum_with_places/wrong_places": (Fault.VALUES, "of 300 elements of out1"),
    "3_Masked_sum_of_embeddings/wrong_mask": (Fault.VALUES, OFF),
    "4_Square_on_cuda/wrong_stale": (Fault.VALUES, "its second call, on other inputs: "),
    "4_Square_on_cuda/wrong_stale_by_class": (Fault.VALUES, "its second call, on other inputs: "),
    "5_Clamp_in_place/wrong_input": (Fault.VALUES, OFF),
    "6_Batch_norm/wrong_mode": (Fault.VALUES, OFF),
    "1_Linear_GELU_Add/wrong_constructor": (
        Fault.COMPILE,
        "ModelNew cannot be constructed as Model is, from 3 arguments: too many positional",
    ),
    "1_Linear_GELU_Add/wrong_order": (Fault.VALUES, OFF),
    "1_Linear_GELU_Add/wrong_precision": (Fault.VALUES, OFF),
    "1_Linear_GELU_Add/wrong_weights": (Fault.VALUES, OFF),
    "2_Conv_ReLU_Scale/wrong_shape": (Fault.SHAPE, "returned shape [2, 8, 80]"),
    "2_Conv_ReLU_Scale/wrong_state": (Fault.VALUES, "its second call, on other inputs: "),
    "3_Linear_Dropout_Softmax/wrong_no_dropout": (Fault.VALUES, OFF),
    "1_Small_MLP/wrong_ignores_input": (Fault.VALUES, OFF),
    "1_Small_MLP/wrong_seed": (Fault.VALUES, OFF),
    "2_Recurrent_with_state/wrong_direction": (Fault.VALUES, "of 24 elements of out0"),
    "3_Attention_block/wrong_mask": (Fault.VALUES, OFF),
    "3_Attention_block/wrong_raises": (Fault.RAISED, "raised RuntimeError: CUDA error"),
}
# Compiled by other tests, as files of providers.
COMPILED = ("right_inline.py", "right_inline_cuda.py")


@pytest.mark.parametrize("problem", sorted(PROBLEMS.glob("level*/*.py")), ids=lambda p: p.stem)
def test_what_is_right_passes_and_what_is_wrong_is_refused(problem: Path, tmp_path: Path) -> None:
    there = PROBLEMS / "candidates" / problem.parent.name / problem.stem
    candidates = [one for one in sorted(there.glob("*.py")) if one.name not in COMPILED]
    host = LaidOut.of(tmp_path, problem, Beside(submissions=tuple(candidates)))
    for name in ("reference", *(one.name for one in host.own.providers)):
        record = host.check(name)
        if name.startswith("wrong"):
            fault, reason = WRONG[f"{problem.stem}/{name}"]
            assert record.status is Status.FAILED, name
            assert reason in record.reason
            assert record.fault is fault
        else:
            assert (record.status, record.reason) == (Status.OK, ""), name
            assert record.ruling is not None
            assert record.ruling.by == "KernelBench"
            assert record.deterministic
