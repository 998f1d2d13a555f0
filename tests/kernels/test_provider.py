"""Our kernel as a provider: what it says that it cannot do, before anything is launched."""

from __future__ import annotations

import pytest

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Status
from remote_payload.operators.attention.definition import attention_case
from remote_payload.operators.setting import Setting
from remote_payload.stages.check import check_case
from tests.kernels.emulated import EmulatedLibrary
from tests.payload.running import ROOT

FP16 = DType.FP16
ONE_FORM = "sparsek takes q, k and v of one form, and no window"


@pytest.mark.timeout(300)  # the first to ask for the library waits for its compilation
@pytest.mark.parametrize(
    ("case", "why"),
    [
        (attention_case(1, 2, 64, 64, FP16, kv_heads=1), ONE_FORM),
        (attention_case(1, 2, 64, 64, FP16, kv_seq=128), ONE_FORM),
        (attention_case(1, 2, 1, 64, FP16, causal=True, kv_seq=64), ONE_FORM),
        (attention_case(1, 2, 64, 64, FP16, causal=True, window=16), ONE_FORM),
        (attention_case(1, 2, 64, 64, DType.FP32), "sparsek has no kernel for torch.float32"),
        (attention_case(1, 2, 64, 256, FP16), "sparsek has no kernel for torch.float16 and head"),
        (attention_case(1, 64, 8, 64, FP16), "sparsek needs a CUDA GPU for 64 heads"),
    ],
    ids=lambda value: value.label if isinstance(value, Case) else "",
)
def test_what_our_kernel_has_not_learnt_is_skipped_with_the_reason(
    case: Case, why: str, emulated: EmulatedLibrary
) -> None:
    setting = Setting("cpu", str(ROOT), seed=42, library=str(emulated.path))
    record = check_case.check(Provider("sparsek"), case, setting)
    assert (record.status, record.reason[: len(why)]) == (Status.SKIPPED, why)


@pytest.mark.timeout(300)
def test_a_decode_of_one_key_is_of_one_form_and_right(emulated: EmulatedLibrary) -> None:
    setting = Setting("cpu", str(ROOT), seed=42, library=str(emulated.path))
    case = attention_case(1, 2, 1, 64, FP16, causal=True)
    record = check_case.check(Provider("sparsek"), case, setting)
    assert (record.status, record.emulated) == (Status.OK, True), record.reason
