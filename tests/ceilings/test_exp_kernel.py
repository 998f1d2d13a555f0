"""The exp kernel: its numbers over the emulator, its instructions in the machine code."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks import sass
from remote_payload.compiling.errors import CompileError, NoCompiler
from remote_payload.machine import toolkit
from remote_payload.operators.exp import kernel as exp_kernel
from remote_payload.stages.build import build
from tests.kernels.emulated import CSRC, STRICT, compile_kernels, compiler

ROOT = CSRC.parent
VALUES, STEPS = exp_kernel.VALUES_PER_BLOCK, exp_kernel.STEPS_PER_PASS
needs_nvcc = pytest.mark.skipif(
    shutil.which("nvcc", path=":".join(toolkit.nvcc_places())) is None, reason="no nvcc"
)


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("exp")
    objects = []
    for unit in sorted((CSRC / "emulator").glob("*.cpp")):
        target = folder / f"{unit.stem}.o"
        include = (f"-I{CSRC}", f"-I{CSRC / 'emulator'}")
        options = ("-std=c++17", "-O0", "-fPIC", "-Wno-unknown-pragmas", *include)
        subprocess.run([compiler(), *options, "-c", str(unit), "-o", str(target)], check=True)
        objects.append(str(target))
    source = CSRC / "ceilings/exp.cu"
    return ctypes.CDLL(
        str(compile_kernels(source, folder / "exp.so", tuple(objects), CSRC, STRICT))
    )


@pytest.mark.parametrize(("blocks", "passes"), [(1, 1), (2, 3)])
def test_each_value_becomes_two_to_its_minus_as_often_as_was_asked(
    emulated: ctypes.CDLL, blocks: int, passes: int
) -> None:
    values = np.random.default_rng(1).random(blocks * VALUES, dtype=np.float32)
    given = values.copy()
    out = np.full(blocks * VALUES + 1, 7, dtype=np.float32)
    want = values.astype(np.float64)
    for _ in range(passes * STEPS):
        want = np.exp2(-want)
    places = (ctypes.c_void_p(each.ctypes.data) for each in (values, out))
    assert emulated.sparsek_exp_chains(*places, blocks, passes, None) == 0
    np.testing.assert_allclose(out[:-1], want, atol=1e-6)
    assert out[-1] == 7
    assert (values == given).all()


def test_a_launch_that_makes_no_sense_is_refused(emulated: ctypes.CDLL) -> None:
    room = (ctypes.c_float * VALUES)()
    assert emulated.sparsek_exp_chains(None, room, 1, 1, None) != 0
    assert emulated.sparsek_exp_chains(room, None, 1, 1, None) != 0
    assert emulated.sparsek_exp_chains(room, room, 0, 1, None) != 0
    assert emulated.sparsek_exp_chains(room, room, 1, 0, None) != 0


@needs_nvcc
def test_the_kernel_is_compiled_once_and_found_again(tmp_path: Path) -> None:
    first = exp_kernel.library(ROOT, tmp_path / "builds", (9, 0))
    before = Path(first).stat().st_mtime_ns
    assert exp_kernel.library(ROOT, tmp_path / "builds", (9, 0)) == first
    assert Path(first).stat().st_mtime_ns == before
    assert exp_kernel.library(ROOT, tmp_path / "builds", (8, 0)) != first
    assert not list((tmp_path / "builds").glob("*.partial"))


@needs_nvcc
def test_the_inner_loop_is_exponentials_and_next_to_nothing_else(tmp_path: Path) -> None:
    try:
        sass.find_tools(sass.tool_folders())
    except sass.NoDisassembler as exc:
        pytest.skip(str(exc))
    library = exp_kernel.library(ROOT, tmp_path / "builds", (9, 0))
    (kernel,) = sass.disassemble(Path(library)).values()
    end, start = next(
        (number, one.target)
        for number, one in enumerate(kernel)
        if one.target is not None and one.target < one.address and one.predicate
    )
    loop = tuple(one for one in kernel[: end + 1] if one.address >= (start or 0))
    assert sass.count(loop, "MUFU.EX2") == 8 * STEPS
    assert len(loop) <= 8 * STEPS + 4
    assert sass.count(kernel, "LDL") + sass.count(kernel, "STL") == 0


def test_without_nvcc_there_is_no_kernel_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolkit, "LOCAL", str(tmp_path))
    with pytest.raises(NoCompiler, match="no nvcc"):
        exp_kernel.library(ROOT, tmp_path / "builds", (9, 0))


def test_a_compiler_that_refuses_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nvcc = tmp_path / "nvcc"
    nvcc.write_text(
        "#!/bin/sh\n[ $1 = --version ] && exit 0\necho 'exp.cu(1): error: no such thing'\nexit 2\n"
    )
    nvcc.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(CompileError, match=r"not compile: exp\.cu:1: error: no such"):
        exp_kernel.library(ROOT, tmp_path / "builds", (9, 0))
    assert not list((tmp_path / "builds").iterdir())


@pytest.mark.gpu
def test_the_exp_rate_of_a_real_gpu_lies_below_its_documented_peak(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from remote_payload.contract.words import Status
    from remote_payload.machine.clock import CudaClock
    from remote_payload.operators.setting import Setting
    from remote_payload.stages.ceilings import ceiling_timing, table
    from remote_payload.stages.ceilings.ceilings import Task

    setting = Setting("cuda", str(ROOT), 42, builds=str(tmp_path / "builds"))
    task = Task(setting, 1024, 1.0)
    exp = table.of("exp", task)
    record = list(ceiling_timing.measure("exp", exp, task, CudaClock()))[-1]
    assert record.status is Status.OK, record.reason
    sms = torch.cuda.get_device_properties(0).multi_processor_count
    assert record.work_per_call / min(record.samples_us) * 1e6 < sms * 16 * 2.1e9


def test_the_attention_library_has_no_part_in_the_ceilings() -> None:
    read = build.units_of(ROOT)
    assert "csrc/attention/api.cu" in read
    assert not [name for name in read if name.startswith("csrc/ceilings/")]
