"""hopper_conformance.cu: the same questions to a GPU and to the emulator."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from tests.kernels.emulated import CSRC, STRICT, compile_host, emulator_alone

HERE = Path(__file__).parent
SOURCE = HERE / "hopper_conformance.cu"
FOR_HOPPER = ("-std=c++17", "-gencode=arch=compute_90a,code=sm_90a", "-I", str(CSRC))


def nvcc() -> str:
    found = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")
    if found is None:
        pytest.skip("nvcc not found")
    return found


def compile_for_hopper(unit: Path, *arguments: str) -> None:
    command = [nvcc(), *FOR_HOPPER, *arguments, str(unit)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def emulated_answers(folder: Path, objects: tuple[str, ...]) -> str:
    program = folder / "emulated"
    source = ("-x", "c++", str(SOURCE), "-x", "none")
    compile_host(CSRC, folder, *STRICT, *source, *emulator_alone(objects), "-o", str(program))
    return subprocess.run([program], check=True, capture_output=True, text=True).stdout


def test_the_emulator_answers_every_question(tmp_path: Path, surroundings: tuple[str, ...]) -> None:
    lines = emulated_answers(tmp_path, surroundings).splitlines()
    assert len(lines) == 38
    sums = [re.fullmatch(r" *\d+ (.+?) +([0-9a-f]{8})", line) for line in lines]
    assert all(sums), lines
    # A case that tests nothing would look like another, or like a buffer of zeros.
    zeros = {line for line in lines if line.endswith("00000000")}
    assert [line for line in zeros if "wholly outside" not in line] == []


@pytest.mark.parametrize("unit", ["hopper_conformance.cu", "hopper_probe.cu", "hopper_races.cu",
                                  "emulator_example.cu"])  # fmt: skip
def test_nvcc_compiles_it_for_hopper(tmp_path: Path, unit: str) -> None:
    compile_for_hopper(HERE / unit, "-cubin", "-o", str(tmp_path / "out.cubin"))


@pytest.mark.skipif(
    not torch.cuda.is_available() or torch.cuda.get_device_capability() != (9, 0),
    reason="needs a Hopper GPU",
)
def test_a_gpu_agrees_bit_for_bit(tmp_path: Path, surroundings: tuple[str, ...]) -> None:
    program = tmp_path / "on_gpu"
    compile_for_hopper(SOURCE, "-o", str(program))
    on_gpu = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert on_gpu == emulated_answers(tmp_path, surroundings)
