"""Right submissions pass, and wrong ones are refused for what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.contract.request import Provider
from remote_payload.contract.words import Status

pytest.importorskip("torch")

from tests.problems_gpumode.tasks import SAMPLES, travelled

OFF = "by the rule of check_implementation: "
OTHERS = f"its second call, on other inputs: {OFF}"
# What each wrong one is refused for. Those that end their process, or never end, run elsewhere.
WRONG = {
    "axpby_into": {
        "mutates_input": "changed its input data[0]",
        "previous": OTHERS,
        "stale": OTHERS,
        "uninitialised": OFF,
    },
    "centre_inplace": dict.fromkeys(("returns_input", "rows", "zeroes_both"), OFF),
    "gelu_method": {"first_calls": OFF, "other_gelu": OFF, "stale_by_address": OTHERS},
    "histogram": {
        "off_by_one": f"{OFF}output 0: 1 elements differ",
        "wrong_dtype": "returned dtype torch.int32, expected torch.int64",
        "zeros": OFF,
    },
    "quantise_rows": {
        "one_scale": OFF,
        "swapped": "returned shape [4], expected [4, 48]",
        "wrong_dtype": "returned dtype torch.float8_e5m2, expected torch.float8_e4m3fn",
    },
    "ragged_sums": {
        "drives_the_check": f"changed its input data[0]; {OFF}",
        "empty_segments": OFF,
        "mutates_input": "changed its input data[0]",
    },
    "rowsum": {
        "nothing": "returned NoneType, no tensor, expected out",
        "wrong_dtype": "returned dtype torch.float64, expected torch.float32",
        "wrong_shape": "returned shape [3, 1], expected [3]",
        "zeros": OFF,
    },
    "running_sum": {
        "does_not_parse": "could not be loaded: SyntaxError: '(' was never closed",
        "low_precision": OFF,
        "public_seeds": OFF,
    },
    "scaled_product": {
        "low_precision": f"{OFF}off by ",
        "nan": f"{OFF}off by nan",
        "raises": "NotImplementedError: no kernel for torch.bfloat16",
    },
    "small_layer": {
        "low_precision": OFF,
        "no_kernel": "has no function 'custom_kernel'",
        "returns_input": OFF,
    },
    "top_tokens": {
        "always_largest": f"{OFF}values: ",
        "public_inputs": f"{OFF}values: ",
        "values_alone": "returned out, expected out0, out1",
    },
    "windowed_attention": {
        "a_key_less": "returned out, expected out, lse",
        "ignores_mode": f"{OFF}out: ",
    },
}
ELSEWHERE = ("exits", "hangs")


@pytest.mark.parametrize("task", WRONG)
def test_that_right_submissions_pass_and_wrong_ones_are_refused(task: str, tmp_path: Path) -> None:
    folder = SAMPLES / task / "solutions"
    right = sorted(folder.glob("right*.py"))
    wrong = [one for one in sorted(folder.glob("wrong/*.py")) if one.stem not in ELSEWHERE]
    assert right
    assert [one.stem for one in wrong] == list(WRONG[task])
    host = travelled(SAMPLES / task, tmp_path, (*right, *wrong))
    for one in (Provider("reference"), *(host.candidate(path.stem) for path in right)):
        records = host.check(one)
        assert [record.status for record in records] == [Status.OK] * len(host.cases), records[-1]
    for name, reason in WRONG[task].items():
        last = host.check(host.candidate(name))[-1]
        assert last.status is not Status.OK, name
        assert reason in last.reason, name
