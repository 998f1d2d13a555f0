"""csrc/conformance: the same questions to a GPU and to the emulator."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

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


def test_the_emulator_answers_every_question(tmp_path: Path, surroundings: tuple[str, ...]) -> None:
    done = emulated_answers(tmp_path, surroundings)
    lines = done.stdout.splitlines()
    assert len(lines) == 39
    sums = [re.fullmatch(r" *\d+ (.+?) +([0-9a-f]{8})", line) for line in lines]
    assert all(sums), lines
    # A case that tests nothing would look like another, or like a buffer of zeros.
    zeros = {line for line in lines if line.endswith("00000000")}
    assert [line for line in zeros if "wholly outside" not in line] == []
    # A release by one warp for four is undefined: here it is named, a GPU may forgive it.
    assert "nothing tells this thread that warp 1 has waited for it" in done.stderr


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
def test_a_gpu_agrees_bit_for_bit(tmp_path: Path, surroundings: tuple[str, ...]) -> None:
    program = tmp_path / "on_gpu"
    compile_for_hopper(SOURCE, "-o", str(program))
    on_gpu = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert on_gpu == emulated_answers(tmp_path, surroundings).stdout
