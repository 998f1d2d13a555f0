"""Destination-passing: who fills its outputs is recognised by its parameters, or by its entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.contract.request import Provider
from remote_payload.contract.words import Status
from remote_payload.operators.attention.definition import OPERATOR
from remote_payload.operators.loaded import Form
from remote_payload.providers import filling
from tests.payload.running import TINY
from tests.providers.places import checked, snapshot

FORM = Form(OPERATOR, TINY, "cpu", ("q", "k", "v"), OPERATOR.outputs(TINY), ("causal", "scale"))
SOURCE = """
import torch

def right(q, k, v, causal, scale):
    return torch.softmax((q.float() @ k.float().transpose(-1, -2)) * scale, -1) @ v.float()

def other_names(a, b, c, d, causal, scale):
    d.copy_(right(a, b, c, causal, scale))

def returns_it(q, k, v, out, causal, scale):
    return out.copy_(right(q, k, v, causal, scale))

def returns_another(q, k, v, out, causal, scale):
    return right(q, k, v, causal, scale).to(q.dtype)

def half(q, k, v, out, causal, scale):
    out[:, :, ::2] = right(q, k, v, causal, scale).to(q.dtype)[:, :, ::2]
"""


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("q, k, v, out, causal, scale", True),
        ("q, k, v, out, /, causal, scale", True),
        ("a, b, c, out, **scalars", True),
        ("q, k, v, causal, scale", False),
        ("q, k, v, out=None, causal=False, scale=1.0", False),
        ("q, k, v, *, out, causal, scale", False),
        ("q, k, out, v, causal, scale", False),
        ("*tensors, causal, scale", False),
    ],
)
def test_parameters_called_like_the_outputs_behind_the_inputs_say_so(
    parameters: str, expected: bool
) -> None:
    function = eval(f"lambda {parameters}: None")
    assert filling.fills(function, FORM) is expected


def test_a_compiled_function_that_tells_no_parameters_returns_its_outputs() -> None:
    assert not filling.fills(min, FORM)


def test_outputs_are_fresh_and_whole_and_nobody_hands_out_others(tmp_path: Path) -> None:
    root = snapshot(tmp_path, {"mine.py": SOURCE})
    names = ("other_names", "returns_it", "returns_another", "half")
    said = {"other_names": True}
    providers = [Provider(n, f"mine.py:{n}", True, destination_passing=said.get(n)) for n in names]
    done = checked(tmp_path, root, *providers)
    for name in ("other_names", "returns_it"):
        assert done.check(name).status is Status.OK, done.check(name).reason
        assert done.check(name).implementation.endswith(", fills its outputs")
    assert done.check("returns_another").reason == (
        "raised TypeError: returned a Tensor of its own, though it fills the outputs it gets"
    )
    assert done.check("half").status is Status.FAILED
    assert " NaN, " in done.check("half").reason, "what it leaves is not what lay there before"
