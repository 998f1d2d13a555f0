"""The emulator on arm64, as on users' Macs: the same bits and the same report, under qemu-user."""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.kernels.emulated import CSRC, compiler, emulator_alone

HERE = Path(__file__).parent
PROGRAMS = (CSRC / "conformance" / "hopper_conformance.cu", HERE / "emulator_example.cu")
# GCC notes that passing CUtensorMap by value changed in GCC 4.6; nothing here is that old.
FLAGS = ("-std=c++17", "-O0", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", "-Wno-psabi")

cross = shutil.which("aarch64-linux-gnu-g++")
qemu = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
pytestmark = pytest.mark.skipif(
    cross is None or qemu is None, reason="needs g++-aarch64-linux-gnu and qemu-user"
)


def compile_units(command: str, units: list[Path], folder: Path) -> list[str]:
    """Objects, compiled several at a time."""

    def compile_unit(unit: Path) -> str:
        target = str(folder / (unit.name + ".o"))
        includes = (f"-I{CSRC}", f"-I{CSRC}/emulator")
        arguments = [command, *FLAGS, *includes, "-c", "-x", "c++", str(unit), "-o", target]
        subprocess.run(arguments, check=True)
        return target

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(compile_unit, units))


def link(command: str, source: Path, emulator: list[str], folder: Path) -> str:
    """One of PROGRAMS, static: qemu-user then needs no libraries of the other machine."""
    program = str(folder / source.stem)
    objects = compile_units(command, [source], folder)
    subprocess.run([command, *objects, *emulator, "-static", "-o", program], check=True)
    return program


def test_arm64_gives_the_same_bits_and_the_same_report(
    tmp_path: Path, surroundings: tuple[str, ...]
) -> None:
    assert cross is not None
    assert qemu is not None
    (tmp_path / "arm64").mkdir()
    units = sorted((CSRC / "emulator").glob("*.cpp"))
    emulator = compile_units(cross, units, tmp_path / "arm64")
    for source in PROGRAMS:
        here = link(compiler(), source, list(emulator_alone(surroundings)), tmp_path)
        there = link(cross, source, emulator, tmp_path / "arm64")
        want = subprocess.run([here], capture_output=True, text=True)
        got = subprocess.run([qemu, there], capture_output=True, text=True)
        assert (got.stdout, got.returncode) == (want.stdout, want.returncode)
        assert want.stdout
