"""gemm_ptx: its kernel in the emulator against fp64, and by nvcc for a GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remote_payload.contract.dtypes import DType
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.contract.words import Status
from remote_payload.operators.gemm.definition import OPERATOR
from remote_payload.operators.setting import Setting
from tests.examples.conftest import EXAMPLES
from tests.laid_out import apart
from tests.providers.places import REPOSITORY, needs_ninja, needs_nvcc

pytest.importorskip("torch")

from orchestrator.store.kernels import reading
from remote_payload.stages.check import check_case

SOURCE = EXAMPLES / "gemm_ptx" / "gemm.cu"
MOST_LINES = 400
# A tile of C and one step along K; several tiles and steps with tails of every axis; less than a
# tile of each, with more steps than the ring has stages.
SIZES = ((128, 128, 64), (200, 136, 72), (1, 8, 264))


def check(folder: Path, provider: Provider, *size: int, dtype: DType = DType.FP16) -> CheckRecord:
    """What the stage check says of it, in this process."""
    case = OPERATOR.case(dict(zip("MNK", size, strict=True)), dtype)
    setting = Setting("cpu", str(REPOSITORY), 1, operator="gemm", builds=str(folder), arch="sm_90a")
    return check_case.check(provider, case, setting)


def checks(folder: Path, provider: Provider, sizes: tuple[tuple[int, ...], ...]) -> list[Any]:
    """Of several sizes, one after the other."""
    return [check(folder, provider, *size) for size in sizes]


@needs_ninja
def test_that_the_emulator_finds_it_right_with_and_without_tails_and_free_of_races(
    tmp_path: Path,
) -> None:
    emulated = Provider("emulated", target="examples/gemm_ptx/emulated.py:gemm")
    *right, odd = apart(checks, tmp_path, emulated, (*SIZES, (8, 12, 8)))
    for size, record in zip(SIZES, right, strict=True):
        assert (record.status, record.emulated) == (Status.OK, True), (size, record.reason)
        assert record.deterministic, "its three calls had other orders of threads and copies"
    assert (odd.status, "multiples of 8" in odd.reason) == (Status.SKIPPED, True)
    assert len(list(tmp_path.glob("torch-*"))) == 1, "compiled once"


@needs_nvcc
@pytest.mark.parametrize("dtype", [DType.FP16, DType.BF16, DType.FP32])
def test_that_nvcc_compiles_it_as_its_kernels_yaml_says(tmp_path: Path, dtype: DType) -> None:
    entry = reading.load(SOURCE.with_name("kernels.yaml")).entries["gemm"]
    (said,) = (one.toolchain for one in entry.providers if one.name == "ptx")
    ptx = Provider("ptx", target="examples/gemm_ptx/gemm.cu:gemm", toolchain=said)
    assert said == Toolchain(flags=("-Icsrc",))
    record = check(tmp_path, ptx, 128, 128, 64, dtype=dtype)
    assert record.status is Status.SKIPPED
    assert record.reason.startswith("compiled, not run: no GPU here (nvcc ")


def test_that_the_kernel_stays_small() -> None:
    assert len(SOURCE.read_text("utf-8").splitlines()) <= MOST_LINES
