"""A user's kernel that an interpreter runs on the CPU is emulated: checked, and never timed."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.contract.records import CheckRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Status
from tests.payload import stand_ins
from tests.payload.running import Finished, a_request, run_payload

pytest.importorskip("torch")

_TRITON = """
@triton.jit
def _copy(x, y, n, block: tl.constexpr):
    at = tl.program_id(0) * block + tl.arange(0, block)
    tl.store(y + at, tl.load(x + at, at < n), at < n)


def _copied(out):
    back = torch.empty_like(out)
    _copy[(triton.cdiv(out.numel(), 256),)](out, back, out.numel(), block=256)
    return back
"""
_NUMBA = """
@cuda.jit
def _copy(x, y):
    at = cuda.grid(1)
    if at < x.shape[0]:
        y[at] = x[at]


def _copied(out):
    back = torch.empty_like(out)
    _copy[(out.numel() + 63) // 64, 64](out.flatten().numpy(), back.view(-1).numpy())
    return back
"""
_ATTENTION = """
def attention(q, k, v, causal, scale):
    call = torch.nn.functional.scaled_dot_product_attention
    return _copied(call(q, k, v, is_causal=causal, scale=scale))
"""
_IMPORTS_TRITON = "import triton\nimport triton.language as tl\n"
FILES = {
    "eager": "import torch\n" + _IMPORTS_TRITON + _TRITON + _ATTENTION,
    "lazy": "import torch\ndef _copied(out):\n    import eager\n    return eager._copied(out)\n"
    + _ATTENTION,
    "plain": "import torch\n_copied = torch.clone\n" + _ATTENTION,
    "itself": "import os\nos.environ['TRITON_INTERPRET'] = '1'\nimport torch\n"
    + _IMPORTS_TRITON
    + _TRITON
    + _ATTENTION,
    "simulated": "import os\nos.environ['NUMBA_ENABLE_CUDASIM'] = '1'\nimport torch\n"
    "from numba import cuda\n" + _NUMBA + _ATTENTION,
}
BY_TRITON = ", run by Triton's interpreter on the CPU (TRITON_INTERPRET)"
BY_NUMBA = ", run by Numba's CUDA simulator on the CPU (NUMBA_ENABLE_CUDASIM)"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with both packages, on the path of the payload."""
    folder = tmp_path / "site"
    stand_ins.triton(folder)
    stand_ins.numba(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    for name in ("TRITON_INTERPRET", "NUMBA_ENABLE_CUDASIM"):
        monkeypatch.delenv(name, raising=False)
    return folder


def run(site: Path, *names: str) -> Finished:
    for name in FILES:
        (site / f"{name}.py").write_text(FILES[name])
    own = (Provider(name, target=f"{site / name}.py:attention", required=True) for name in names)
    return run_payload(a_request(Provider("sdpa"), *own), site.parent / "job")


def emulated(done: Finished, name: str, how: str) -> CheckRecord:
    """Its record, found emulated, with the reason, and never timed."""
    record = done.check(name)
    assert (record.status, record.emulated) == (Status.OK, True), done.log
    assert record.implementation.endswith(how)
    assert not done.bench(name)
    return record


def test_a_users_triton_kernel_under_the_interpreter_is_checked_and_never_timed(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_INTERPRET", "true")  # as Triton reads it; the next test says 1
    done = run(site, "plain", "eager", "lazy")
    for name in ("eager", "lazy"):
        emulated(done, name, BY_TRITON)
    assert not done.check("plain").emulated, "it needs no triton"
    assert {row.provider for row in done.bench("sdpa") + done.bench("plain")} == {"sdpa", "plain"}
    assert (done.exit_status, done.result.unfit) == (4, True)
    assert done.result.reason == (
        "bench: eager is emulated here, and an emulated kernel is never timed; "
        "choose a host with a GPU and leave TRITON_INTERPRET unset"
    )


def test_a_file_that_turns_an_interpreter_on_by_itself_is_found_out_and_harms_nobody_else(
    site: Path,
) -> None:
    done = run(site, "itself", "simulated", "plain")
    emulated(done, "itself", BY_TRITON)
    emulated(done, "simulated", BY_NUMBA)
    assert not done.check("plain").emulated
    assert {row.status for row in done.bench("plain")} == {Status.OK}
    assert f"check simulated {done.check('plain').case.label}: ok" in done.log
    assert "(emulated)" in done.log
