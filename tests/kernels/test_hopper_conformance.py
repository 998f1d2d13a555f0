"""csrc/conformance: the same questions to a GPU and to the emulator."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from remote_payload.stages.prove.prove_conformance import CARRIED, carried, read, to_carry
from tests.kernels.emulated import CSRC, STRICT, compile_host, emulator_alone

HERE = Path(__file__).parent
SOURCE = CSRC / "conformance" / "hopper_conformance.cu"
FOR_HOPPER = ("-std=c++17", "-gencode=arch=compute_90a,code=sm_90a", "-I", str(CSRC))


def nvcc() -> str:
    found = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")
    if found is None:
        pytest.skip("nvcc not found")
    return found


def compile_for_hopper(unit: Path, *arguments: str) -> str:
    command = [nvcc(), *FOR_HOPPER, *arguments, str(unit)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def emulated_answers(folder: Path, objects: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    program = folder / "emulated"
    source = ("-x", "c++", str(SOURCE), "-x", "none")
    compile_host(CSRC, folder, *STRICT, *source, *emulator_alone(objects), "-o", str(program))
    return subprocess.run([program], check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def answered(
    tmp_path_factory: pytest.TempPathFactory, surroundings: tuple[str, ...]
) -> subprocess.CompletedProcess[str]:
    return emulated_answers(tmp_path_factory.mktemp("conformance"), surroundings)


def test_the_emulator_answers_every_question(
    answered: subprocess.CompletedProcess[str],
) -> None:
    answers = read(answered.stdout)
    assert len(answers.sums) == 58
    assert answers.remarks == ()
    # A case that tests nothing would look like a buffer of zeros.
    zeros = {name for name, checksum in answers.sums.items() if checksum == "00000000"}
    assert [name for name in zeros if "wholly" not in name] == []
    # A release by one warp for four is undefined: here it is named, a GPU may forgive it.
    assert "nothing tells this thread that warp 1 has waited for it" in answered.stderr


def test_questions_on_what_the_kernel_never_does_stand_apart(
    answered: subprocess.CompletedProcess[str],
) -> None:
    answers = read(answered.stdout)
    for word in ("64B", "32B", "no swizzle", "n256", "leading 8192", "start + 512", "setmaxnreg"):
        named = {name for name in answers.sums if word in name}
        assert named
        assert named <= answers.apart, word
    for word in ("TMA 4D", "A in registers", "wgmma n128 K K", "released by all", "prmt"):
        named = {name for name in answers.sums if word in name}
        assert named
        assert not named & answers.apart, word


def test_the_answers_that_are_carried_are_those_of_a_fresh_emulator(
    answered: subprocess.CompletedProcess[str],
) -> None:
    path = CSRC.parent / CARRIED
    fresh = to_carry(CSRC.parent, answered.stdout)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(fresh, "utf-8")
    assert path.read_text("utf-8") == fresh
    assert carried(CSRC.parent).sums == read(answered.stdout).sums


@pytest.mark.parametrize(
    "unit",
    [
        SOURCE,
        CSRC / "conformance" / "planted_faults.cu",
        HERE / "hopper_probe.cu",
        HERE / "hopper_races.cu",
        HERE / "emulator_example.cu",
    ],
    ids=lambda unit: unit.name,
)
def test_nvcc_compiles_it_for_hopper_and_warns_of_nothing(tmp_path: Path, unit: Path) -> None:
    said = compile_for_hopper(unit, "-cubin", "-o", str(tmp_path / "out.cubin"))
    assert "warning" not in said


@pytest.mark.skipif(
    not torch.cuda.is_available() or torch.cuda.get_device_capability() != (9, 0),
    reason="needs a Hopper GPU",
)
def test_a_gpu_agrees_bit_for_bit(tmp_path: Path) -> None:
    program = tmp_path / "on_gpu"
    compile_for_hopper(SOURCE, "-o", str(program))
    on_gpu = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert carried(CSRC.parent).differing(read(on_gpu), apart=False) == []
