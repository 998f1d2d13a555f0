"""What an operator has not got is left out of its plan, or refused by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.doctor.diagnosis import diagnose
from orchestrator.doctor.diagnosis_need import fitness
from orchestrator.errors import UsageError
from orchestrator.store.kernels.users_provider import UsersProvider
from orchestrator.workflows.borrow import split
from orchestrator.workflows.plan import Wish, plan
from orchestrator.workflows.profile import Order
from remote_payload.contract.codec import CodecError
from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage
from remote_payload.run import intake
from tests.model.healthy_host import FACTS, HOST, REACH

PROFILE = (Stage.BUILD, Stage.CHECK, Stage.BENCH, Stage.TRACE, Stage.NCU)


def planned(operator: str = "rmsnorm", **wish: Any) -> Request:
    return plan(Wish(**{"stages": PROFILE, "operator": operator, **wish}), Path()).request


def test_only_an_operator_with_a_kernel_in_csrc_asks_for_the_build() -> None:
    assert planned().stages == PROFILE[1:]
    assert planned("attention").stages == PROFILE
    assert not planned().prove.proofs
    assert [one.name for one in planned().providers] == ["torch", "torch-compile", "triton"]


def test_a_host_without_nvcc_is_fit_for_rmsnorm_and_not_for_attention() -> None:
    """On a GPU; a kernel of ours in Triton needs no toolkit."""
    bare = diagnose(HOST, REACH, replace(FACTS, toolkits=()))
    assert fitness(bare, planned()).stop is None
    assert not [one for one in fitness(bare, planned()).notes if one.topic in ("nvcc", "arch")]
    stop = fitness(bare, planned("attention")).stop
    assert stop is not None
    assert stop.topic == "nvcc"


def test_counters_borrowed_elsewhere_build_nothing_either() -> None:
    order = Order(Path(), "profile", "", plan(Wish(stages=PROFILE, operator="rmsnorm"), Path()))
    timed, counted = split(order)
    assert timed.plan.request.stages == (Stage.CHECK, Stage.BENCH, Stage.TRACE)
    assert counted.plan.request.stages == (Stage.CHECK, Stage.NCU)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (
            {"stages": (*PROFILE, Stage.PROVE)},
            "--prove is about the kernel in csrc/, which belongs to attention; nothing is built "
            "for rmsnorm",
        ),
        ({"variants": ("lean",)}, "--variants is about the kernel in csrc/, which belongs to"),
        ({"arch": ("sm_90a",)}, "--arch is about the kernel in csrc/"),
        ({"peers": True}, "--peers: rmsnorm knows no packages of others"),
        (
            {"providers": ("torch", "sdpa")},
            "--providers: unknown provider 'sdpa'; rmsnorm has torch, torch-compile, triton",
        ),
        ({"without": ("sparsek",)}, "--without: unknown provider 'sparsek'; rmsnorm has torch"),
        (
            {"user_providers": (UsersProvider("triton", "a.py:f"),)},
            "the name 'triton' belongs to a built-in provider of rmsnorm",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_rmsnorm_has_not_got_is_refused_by_name(wish: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as refused:
        planned(**wish)
    assert words in refused.value.message
    assert refused.value.hint


def test_a_name_that_another_operator_knows_is_free_for_ones_own() -> None:
    own = (UsersProvider("torch", "numpy:dot"),)
    request = planned("attention", user_providers=own)
    assert request.providers[-1].name == "torch"


def test_the_payload_refuses_a_request_to_prove_what_csrc_has_no_kernel_of(tmp_path: Path) -> None:
    from remote_payload.contract import codec

    request = replace(planned(), stages=(Stage.PROVE,), cases=(), providers=())
    path = tmp_path / "request.json"
    path.write_text(codec.dumps(request))
    with pytest.raises(CodecError, match=r"operator: expected one that csrc/ has a kernel of"):
        intake.read(path)
