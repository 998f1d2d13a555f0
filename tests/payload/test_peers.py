"""The peers' adapters, run for real against stand-in packages on the path."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Stage, Status
from remote_payload.operators import drawing
from remote_payload.operators.attention import reference
from remote_payload.operators.attention.catalog import PEERS
from remote_payload.operators.attention.definition import OPERATOR, attention_case
from remote_payload.operators.attention.peers import Dense, Ragged
from remote_payload.operators.loaded import CannotRun, Loaded
from remote_payload.operators.setting import Setting
from remote_payload.providers.loading import load
from tests.payload import stand_ins
from tests.payload.running import ROOT, TINY, TINY_CAUSAL, a_request, run_payload

CPU = Setting(device="cpu", root=str(ROOT), seed=42)
MODULES = {"fa3": "flash_attn_interface", "fa4": "flash_attn.cute", "flashinfer": "flashinfer"}
SCALE = 0.2


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, of this process and of those it starts; forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("stand_in_attention", "flash_attn", *MODULES.values()):
            del sys.modules[name]


def tensors(case: Case = TINY) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    q, k, v = drawing.make(OPERATOR.inputs(case), case, 42)
    return q, k, v


def is_right(loaded: Loaded, case: Case) -> bool:
    """Whether it gives the attention that it was asked for, with a scale of the asker's."""
    q, k, v = tensors(case)
    out = loaded.call(q, k, v, causal=case.flag("causal"), scale=SCALE)
    assert out.shape == q.shape
    wanted = reference.attention(q, k, v, causal=case.flag("causal"), scale=SCALE)
    return bool(torch.allclose(out.double(), wanted, rtol=1e-3, atol=2e-3))


def absent(name: str) -> bool:
    try:
        return importlib.util.find_spec(MODULES.get(name, name)) is None
    except ModuleNotFoundError:
        return True


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_that_is_not_installed_says_how_to_get_it(name: str) -> None:
    if not absent(name):
        pytest.skip(f"{name} is installed here")
    with pytest.raises(CannotRun) as caught:
        load(Provider(name), CPU)
    assert str(caught.value) == f"not present: {OPERATOR.by_name[name].how}"


@pytest.mark.parametrize("case", [TINY, TINY_CAUSAL])
@pytest.mark.parametrize(("when", "parameters", "with_lse"), stand_ins.FA3)
def test_fa3_is_called_by_every_signature_it_has_had(
    site: Path, when: str, parameters: str, with_lse: bool, case: Case
) -> None:
    stand_ins.flash(site, MODULES["fa3"], parameters, with_lse)
    loaded = load(Provider("fa3"), CPU)
    assert is_right(loaded, case)
    name = loaded.implementation(*tensors(), causal=False, scale=SCALE)
    splits = ", num_splits=1" if "num_splits" in parameters else ""
    where = f"flash_attn_interface.flash_attn_func{splits}, flash-attn-3 0.0.7"
    assert name == f"{where}, on [b, s, h, d] views (no copy)"


@pytest.mark.parametrize("case", [TINY, TINY_CAUSAL])
@pytest.mark.parametrize(("when", "parameters", "with_lse"), stand_ins.FA4)
def test_fa4_is_called_by_every_signature_it_has_had(
    site: Path, when: str, parameters: str, with_lse: bool, case: Case
) -> None:
    stand_ins.flash(site, MODULES["fa4"], parameters, with_lse)
    loaded = load(Provider("fa4"), CPU)
    assert is_right(loaded, case)
    assert "flash_attn.cute.flash_attn_func" in loaded.implementation(*tensors())


@pytest.mark.parametrize("case", [TINY, TINY_CAUSAL, TINY.at("B", 3).at("S", 7)])
def test_flashinfer_gets_each_head_as_a_sequence_and_names_its_backend(
    site: Path, case: Case
) -> None:
    stand_ins.flashinfer(site)
    loaded = load(Provider("flashinfer"), CPU)
    assert is_right(loaded, case)
    name = loaded.implementation(*tensors(case), causal=case.flag("causal"), scale=SCALE)
    assert "BatchPrefillWithRaggedKVCacheWrapper, backend stand-in, flashinfer-python 0.0.7" in name


class Spy:
    """A function of [batch, seq, heads, dim] tensors that remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[torch.Tensor, ...]] = []
        self.out = torch.zeros(1, 96, 2, 16, dtype=torch.float16)

    def __call__(self, *qkv: torch.Tensor, softmax_scale: float, causal: bool) -> torch.Tensor:
        self.given.append(qkv)
        return self.out


def test_a_peer_gets_views_of_the_very_tensors_made_once_and_its_output_is_not_copied() -> None:
    spy, qkv = Spy(), tensors()
    dense = Dense(spy)
    outs = [dense(*qkv, causal=False, scale=SCALE) for _ in range(2)]
    for ours, first, second in zip(qkv, *spy.given, strict=True):
        assert first.data_ptr() == ours.data_ptr()
        assert first is second
        assert first.shape == (1, 96, 2, 16)
    assert {out.data_ptr() for out in outs} == {spy.out.data_ptr()}
    dense(*tensors(), causal=False, scale=SCALE)
    assert spy.given[2][0] is not spy.given[0][0]


def test_flashinfer_plans_once_for_calls_alike_and_again_for_others(site: Path) -> None:
    stand_ins.flashinfer(site)
    made: list[Any] = []
    wrapper = importlib.import_module("flashinfer").BatchPrefillWithRaggedKVCacheWrapper

    def make(*arguments: Any) -> Any:
        made.append(wrapper(*arguments))
        return made[-1]

    ragged = Ragged(make)
    for _ in range(3):
        ragged(*tensors(), causal=False, scale=SCALE)
    assert [one.plans for one in made] == [1]
    ragged(*tensors(), causal=True, scale=SCALE)
    assert [one.plans for one in made] == [2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import no_such_thing", "cannot be imported: ModuleNotFoundError: No module named"),
        ("raise OSError('libcudart.so.12: not found')", "OSError: libcudart.so.12: not found"),
        ("raise SystemExit('no GPU')", "SystemExit: no GPU"),
        ("1 / 0", "ZeroDivisionError"),
        ("", "without a function flash_attn_func"),
        ("def flash_attn_func(q, k, v, scale): ...", "no softmax_scale; it has q, k, v, scale"),
        ("flash_attn_func = int", "present (flash-attn-3 of unknown version), but"),
    ],
)
def test_a_broken_or_unknown_peer_is_no_crash_but_a_reason(
    site: Path, text: str, words: str
) -> None:
    stand_ins.module(site, MODULES["fa3"], text)
    with pytest.raises(CannotRun) as caught:
        load(Provider("fa3"), CPU)
    assert words in str(caught.value)
    assert str(caught.value).startswith("present")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raise ImportError('undefined symbol: _ZN3c10')", "undefined symbol"),
        ("import no_such_dependency", "No module named 'no_such_dependency'"),
    ],
)
def test_a_parent_package_that_breaks_is_present_not_missing(
    site: Path, text: str, words: str
) -> None:
    stand_ins.module(site, "flash_attn.__init__", text)
    with pytest.raises(CannotRun, match=f"present but cannot be imported: .*{words}"):
        load(Provider("fa4"), CPU)


def test_a_package_without_the_module_in_question_is_not_present(site: Path) -> None:
    stand_ins.module(site, "flash_attn.__init__", "")
    with pytest.raises(CannotRun, match="not present: pip install flash-attn-4"):
        load(Provider("fa4"), CPU)


def test_peers_run_end_to_end_with_the_others_and_the_missing_ones_are_rows(
    site: Path, tmp_path: Path
) -> None:
    stand_ins.flash(site, MODULES["fa3"], *stand_ins.FA3[2][1:])
    refusing = "def flash_attn_func(q, k, v, softmax_scale, causal):\n    assert q.is_cuda, 'CUDA!'"
    stand_ins.module(site, MODULES["fa4"], refusing)
    names = ("sdpa", "fa3", "fa4", "flashinfer")
    done = run_payload(a_request(*map(Provider, names)), tmp_path / "run")
    assert done.result.status is Status.OK, done.log
    assert {r.provider for r in done.result.bench} == {"sdpa", "fa3"}
    assert done.check("fa3").status is Status.OK
    assert (done.check("fa4").status, done.check("fa4").reason) == (
        Status.SKIPPED,
        "AssertionError: CUDA!",
    )
    assert done.check("flashinfer").reason == f"not present: {OPERATOR.by_name['flashinfer'].how}"


@pytest.mark.parametrize("required", [False, True])
def test_a_wrong_peer_is_never_timed_and_fails_the_run_only_if_asked_for_by_name(
    required: bool, site: Path, tmp_path: Path
) -> None:
    wrong = "def flash_attn_func(q, k, v, softmax_scale, causal):\n    return q + v"
    stand_ins.module(site, MODULES["fa3"], wrong)
    request = a_request(Provider("fa3", required=required), Provider("sdpa"))
    done = run_payload(request, tmp_path / "run")
    assert done.check("fa3").status is Status.FAILED
    assert not done.result.unfit
    assert done.result.status is (Status.FAILED if required else Status.OK)
    assert {r.provider for r in done.result.bench} == {"sdpa"}
    assert required or done.stage(Stage.CHECK).reason.startswith("left out: fa3 on ")


def test_a_missing_peer_that_was_asked_for_by_name_makes_the_host_unfit(tmp_path: Path) -> None:
    if not absent("flashinfer"):
        pytest.skip("flashinfer is installed here")
    request = a_request(Provider("flashinfer", required=True), Provider("sdpa"))
    done = run_payload(request, tmp_path / "run")
    assert done.result.unfit
    assert OPERATOR.by_name["flashinfer"].how in done.result.reason
    assert done.stage(Stage.CHECK).status is Status.FAILED


def test_what_packages_compile_is_kept_beside_our_library(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRITON_CACHE_DIR", raising=False)
    monkeypatch.setenv("FLASHINFER_WORKSPACE_BASE", "the user's own")
    with monkeypatch.context() as inside:
        inside.setattr(os, "environ", dict(os.environ))
        stand_ins.flash(site, MODULES["fa3"], *stand_ins.FA3[0][1:])
        load(Provider("fa3"), replace(CPU, library=str(tmp_path / "key" / "lib.so")))
        assert os.environ["TRITON_CACHE_DIR"] == str(tmp_path / "key" / "peers")
        assert os.environ["FLASHINFER_WORKSPACE_BASE"] == "the user's own"


def test_a_fault_on_the_device_is_no_refusal() -> None:
    loaded = Loaded(len, lambda: None, len, foreign=True)  # type: ignore[arg-type, return-value]
    assert loaded.refuses(AssertionError("inputs must be on CUDA device"))
    assert not loaded.refuses(RuntimeError("CUDA error: an illegal memory access was encountered"))


def has_triton() -> bool:
    try:
        return bool(metadata.version("triton"))
    except metadata.PackageNotFoundError:
        return False


@pytest.mark.skipif(not has_triton(), reason="triton is not installed")
def test_our_triton_kernel_is_right_in_tritons_own_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    cases = tuple(
        attention_case(1, 2, seq, dim, DType.FP16, causal)
        for seq in (1, 63, 64, 65, 200)
        for dim in (64, 128)
        for causal in (False, True)
    )
    request = a_request(Provider("triton"), cases=cases, stages=(Stage.CHECK,))
    done = run_payload(request, tmp_path)
    assert [(r.status, r.emulated) for r in done.result.checks] == [(Status.OK, True)] * len(cases)


@pytest.mark.skipif(not has_triton(), reason="triton is not installed")
def test_triton_without_a_gpu_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    if "remote_payload.operators.attention.triton" in sys.modules:
        pytest.skip("already imported by another test, with other settings")
    with pytest.raises(CannotRun, match="needs a CUDA GPU"):
        load(Provider("triton"), CPU)
