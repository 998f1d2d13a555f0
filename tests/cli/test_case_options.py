"""Which cases a command asks for: options of the default operator's axes, and --case of any."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from orchestrator.cli.given import case_options
from orchestrator.errors import UsageError
from orchestrator.workflows.operator_choice import choose
from orchestrator.workflows.plan import Wish, plan
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.words import Device, Stage
from remote_payload.operators import registry
from remote_payload.operators.attention.definition import OPERATOR, attention_case
from remote_payload.operators.base import Axis

PRODUCT = replace(
    OPERATOR,
    name="product",
    axes=(Axis("M", "rows"), Axis("N", "columns", otherwise="M"), Axis("T", "turned", "", False)),
    possible=lambda case: None,
)


def run(*arguments: str) -> tuple[Result, dict[str, Any]]:
    """A command that has these options alone, and what it was given."""
    seen: dict[str, Any] = {}

    @click.command()
    @case_options.case_options
    def command(**given: Any) -> None:
        given["sweeps"] = case_options.asked(given, choose(given["operator"], Path()))
        seen.update(given)

    return CliRunner().invoke(command, arguments), seen


def asked(*arguments: str) -> dict[str, Any]:
    outcome, seen = run(*arguments)
    assert outcome.exit_code == 0, outcome.output
    return seen


def refused(*arguments: str) -> str:
    outcome, seen = run(*arguments)
    assert outcome.exit_code == 2, outcome.output
    assert seen == {}
    return " ".join(outcome.output.replace("│", " ").split())


def planned(here: Path, device: Device, *arguments: str) -> tuple[Case, ...]:
    """The cases that a check with these options would run."""
    return plan(Wish((Stage.CHECK,), device=device, **asked(*arguments)), here).request.cases


@pytest.fixture
def product(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second operator, though no file of it lies here."""
    known = registry.known
    monkeypatch.setattr(
        registry, "known", lambda name: PRODUCT if name == "product" else known(name)
    )


def test_what_is_left_open_stays_open() -> None:
    assert asked() == {"operator": "attention", "dtypes": (), "sweeps": ({},)}


def test_each_axis_of_the_default_operator_is_an_option() -> None:
    seen = asked(
        *("--batch", "2", "--heads", "8..32x2", "--kv-heads", "4,8", "--seq", "64", "--causal"),
        *("--kv-seq", "128", "--dim", "64", "--window", "0,32", "--dtype", "bf16,fp32,bf16"),
    )
    assert seen["sweeps"] == (
        {
            "B": (2,),
            "H": (8, 16, 32),
            "Hkv": (4, 8),
            "S": (64,),
            "Skv": (128,),
            "D": (64,),
            "W": (0, 32),
            "causal": (True,),
        },
    )
    assert seen["dtypes"] == (DType.BF16, DType.FP32)


def test_a_mask_that_is_refused_is_another_thing_than_one_left_open() -> None:
    assert asked("--no-causal")["sweeps"] == ({"causal": (False,)},)


def test_each_case_adds_to_the_options_and_outweighs_them() -> None:
    seen = asked("--seq", "64", "--heads", "8", "--case", "H=4,causal=both", "--case", "dim=32")
    assert seen["sweeps"] == (
        {"S": (64,), "H": (4,), "causal": (False, True)},
        {"S": (64,), "H": (8,), "D": (32,)},
    )


def test_what_is_left_open_is_chosen_for_the_device(tmp_path: Path) -> None:
    asked_for = ("--seq", "64", "--heads", "4")
    assert planned(tmp_path, Device.CUDA, *asked_for) == (
        attention_case(16, 4, 64, 64, DType.FP16),
    )
    assert planned(tmp_path, Device.CPU, *asked_for) == (attention_case(1, 4, 64, 64, DType.FP16),)


def test_cases_that_are_the_same_problem_are_run_once(tmp_path: Path) -> None:
    cases = ("--case", "H=8,S=64", "--case", "H=8,Hkv=8,S=64,Skv=64,causal=no,W=0")
    assert planned(tmp_path, Device.CPU, *cases) == (attention_case(1, 8, 64, 64, DType.FP16),)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--heads", "8..4x2"), "--heads': 8..4x2 is empty"),
        (("--heads", "0"), "--heads': 0 is not allowed; expected 1 or more"),
        (("--heads", "8,8"), "--heads': 8,8 names a value twice"),
        (("--heads", "both"), "--heads': both: expected a number"),
        (
            ("--case", "Q=1"),
            "--case': Q is no axis; expected some of B, H, Hkv, S, Skv, D, W, causal",
        ),
        (("--case", "64"), "--case': 64: expected AXIS=VALUE, such as M=4096"),
        (("--case", "causal=8"), "--case': 8: expected yes, no or both"),
        (("--dtype", "fp12"), "--dtype': 'fp12' is no element type; expected some of fp16, bf16"),
    ],
)
def test_what_cannot_be_is_refused_by_the_option_that_says_it(
    arguments: tuple[str, ...], told: str
) -> None:
    assert told in refused(*arguments)


@pytest.mark.parametrize("name", ["conv", "", "../attention"])
def test_an_operator_that_nobody_has_is_told_with_those_there_are(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose(name, Path())
    told = str(caught.value)
    assert told.startswith(f"--operator: {name!r} is unknown; ours are attention, add_rmsnorm, ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--case", "H=8,Hkv=3"), "--case: kv_heads: 3 does not divide 8 heads"),
        (("--dim", "512"), "--case: dim: expected 256 at most, got 512"),
        (("--window", "8"), "--case: window: it goes with causal"),
        (("--causal", "--kv-seq", "8"), "--case: kv_seq: with a causal mask"),
        (("--dtype", "fp64"), "--dtype: attention takes fp16, bf16, fp32, got fp64"),
        (("--case", "H=0"), "--case: heads: expected 1 or more, got 0"),
    ],
)
def test_what_no_attention_can_be_is_refused_with_the_axes_there_are(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    with pytest.raises(UsageError) as caught:
        planned(tmp_path, Device.CPU, *arguments)
    assert str(caught.value).startswith(told)
    assert caught.value.hint.startswith("Axes of attention: B (batch), H (heads), Hkv (kv_heads)")


@pytest.mark.usefixtures("product")
def test_another_operators_axes_are_given_by_case() -> None:
    seen = asked("--operator", "product", "--case", "rows=4096,N=1024,2048,T=both")
    assert seen["operator"] == "product"
    assert seen["sweeps"] == ({"M": (4096,), "N": (1024, 2048), "T": (False, True)},)


@pytest.mark.usefixtures("product")
@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("--heads", "8"), "--heads"),
        (("--kv-seq", "8"), "--kv-seq"),
        (("--no-causal",), "--causal"),
        (("--heads", "8", "--case", "M=1"), "--heads"),
    ],
)
def test_an_axis_of_attention_beside_another_operator_is_refused(
    arguments: tuple[str, ...], option: str
) -> None:
    assert (
        f"{option} is an axis of attention; those of product are given by --case: "
        "M (rows), N (columns), T (turned)"
    ) in refused("--operator", "product", *arguments)


@pytest.mark.usefixtures("product")
def test_an_axis_that_only_attention_has_is_none_of_another_operator() -> None:
    told = refused("--operator", "product", "--case", "H=8")
    assert "H is no axis; expected some of M, N, T" in told
