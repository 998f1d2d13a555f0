"""torch, torch.compile and Triton as providers: who is called, and how they say that they cannot."""

from __future__ import annotations

import importlib.util
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from remote_payload.contract.dtypes import DType
from remote_payload.contract.words import NOT_PRESENT, Status
from remote_payload.operators import registry
from remote_payload.operators.loaded import CannotRun

torch = pytest.importorskip("torch")
from remote_payload.operators import torch_provider  # noqa: E402
from remote_payload.operators.rmsnorm import tensors as rmsnorm  # noqa: E402
from tests.operators.trying import checked, setting  # noqa: E402

RMSNORM = registry.find("rmsnorm")
SMALL = RMSNORM.case({"T": 4, "D": 96}, DType.FP16)
WITHOUT_TRITON = importlib.util.find_spec("triton") is None


def doubled(x: Any, times: int = 2) -> Any:
    return x * times


def unreadable(x: Any) -> Any:
    """What torch cannot put into one graph."""
    torch._dynamo.graph_break()
    return x


def test_a_provider_of_torch_says_which_function_and_which_torch() -> None:
    record = checked("torch", SMALL)
    what = "torch.nn.functional.rms_norm" if torch_provider.since(2, 4) else "square, mean"
    assert record.implementation.startswith(what)
    assert record.implementation.endswith(f", torch {torch.__version__}")


def test_where_torch_has_no_rms_norm_the_composed_one_is_right() -> None:
    x, weight = torch.randn(5, 64).half(), torch.rand(64).half()
    composed, own = (f(x, weight, 1e-6) for f in (rmsnorm._composed, rmsnorm._own))
    assert torch.allclose(composed.double(), own.double(), rtol=2**-9)
    assert composed.dtype is torch.float16


def test_every_form_is_compiled_anew_however_many_there_are() -> None:
    """torch gives up after eight, says so once in a log, and goes on without compiling."""
    ready = torch_provider.Compiled(doubled, backend="eager")
    counted = torch._dynamo.utils.counters["stats"]
    before = counted["unique_graphs"]
    for size in range(1, 13):
        x = torch.ones(size, size + 1)
        assert torch.equal(ready(x, times=3), x * 3)
        assert torch.equal(ready(x, times=3), x * 3)
    assert counted["unique_graphs"] - before == 12


def test_what_torch_cannot_compile_cannot_run_and_says_why(tmp_path: Path) -> None:
    loaded = torch_provider.compiled(unreadable, "nothing", setting("rmsnorm"))
    with pytest.raises(CannotRun, match=r"torch\.compile does not work here: Unsupported: "):
        loaded.implementation(torch.ones(3))


@pytest.mark.parametrize(("folder", "kept"), [("builds", True), ("my builds", False)])
def test_what_torch_compiles_is_kept_in_the_workspace_unless_a_blank_would_break_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str, kept: bool
) -> None:
    """torch splits its C++ command lines at blanks."""
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    monkeypatch.delenv("TRITON_CACHE_DIR", raising=False)
    monkeypatch.setenv("TORCHINDUCTOR_COMPILE_THREADS", "1")
    place = replace(setting("rmsnorm"), builds=str(tmp_path / folder))
    torch_provider.compiled(doubled, "a product", place)
    found = os.environ.pop("TORCHINDUCTOR_CACHE_DIR", "")
    os.environ.pop("TRITON_CACHE_DIR", None)
    assert found.startswith(str(tmp_path)) == kept


def test_a_compiler_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(function: Any, **_: Any) -> Any:
        time.sleep(60)

    monkeypatch.setattr(torch, "compile", hang)
    monkeypatch.setattr(torch_provider, "COMPILE_LIMIT_S", 0.2)
    loaded = torch_provider.compiled(doubled, "nothing", setting("rmsnorm"))
    began = time.monotonic()
    with pytest.raises(
        CannotRun, match=r"does not work here: TimeoutError: no result within 0\.2 s"
    ):
        loaded.implementation(torch.ones(3))
    assert time.monotonic() - began < 30


def test_what_is_compiled_is_kept_in_the_workspace_unless_the_user_has_a_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("TRITON_CACHE_DIR", "TORCHINDUCTOR_COMPILE_THREADS"):
        monkeypatch.setenv(variable, "")  # so that it is put back
        del os.environ[variable]
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "/mine")
    torch_provider.keep_caches(replace(setting("rmsnorm"), builds=str(tmp_path)))
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == "/mine"
    assert os.environ["TRITON_CACHE_DIR"].startswith(str(tmp_path))


@pytest.mark.skipif(not WITHOUT_TRITON, reason="triton is installed")
def test_a_triton_that_cannot_be_imported_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "triton.py").write_text("raise OSError('libtriton.so: cannot open')")
    monkeypatch.syspath_prepend(str(tmp_path))
    record = checked("triton", SMALL)
    assert record.status is Status.SKIPPED
    assert record.reason == "present but cannot be imported: OSError: libtriton.so: cannot open"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, of its own
def test_torch_compiles_rmsnorm_where_there_is_a_cxx_compiler() -> None:
    record = checked("torch-compile", SMALL)
    assert record.status is Status.OK, record.reason
    assert record.implementation.startswith("torch.compile of torch.nn.functional.rms_norm")


@pytest.mark.skipif(not WITHOUT_TRITON, reason="triton is installed")
def test_without_triton_its_kernel_is_not_imported_and_the_check_says_how_to_get_it() -> None:
    record = checked("triton", SMALL)
    assert record.status is Status.SKIPPED
    assert record.reason.startswith(f"{NOT_PRESENT}: pip install triton")


@pytest.mark.skipif(WITHOUT_TRITON, reason="needs triton")
@pytest.mark.parametrize("dtype", RMSNORM.dtypes)
@pytest.mark.parametrize("most_held", [64, 16384])
def test_our_triton_kernel_is_right_whether_a_row_fits_or_not(
    monkeypatch: pytest.MonkeyPatch, dtype: DType, most_held: int
) -> None:
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    from remote_payload.operators.rmsnorm import triton

    if not triton.INTERPRETED:
        pytest.skip("triton was imported before its interpreter was asked for")
    monkeypatch.setattr(triton, "MOST_HELD", most_held)
    for axes in ({"T": 1, "D": 1}, {"T": 3, "D": 200}):
        record = checked("triton", RMSNORM.case(axes, dtype))
        assert (record.status, record.reason, record.emulated) == (Status.OK, "", True)
