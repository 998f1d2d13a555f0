"""What a compiler made and somebody damaged since is made again, and never loaded as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from remote_payload import build, emulation, exp_kernel
from remote_payload.contract import BuildPlan, Status
from tests.kernels.test_build_kept import HOPPER, sources

__all__ = ["sources"]  # the fixture, whose compilers are stand-ins


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _altered(path: Path) -> None:
    """With the same size and time."""
    was, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-8] + bytes(byte ^ 255 for byte in data[-8:]))
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def _swapped(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES = [_cut, _emptied, _altered, _swapped, _piped]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_library_of_the_emulator_is_compiled_again_and_can_be_loaded(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    for name, text in {
        "attention/api.cu": 'extern "C" int part();\nextern "C" int answer() { return part(); }\n',
        "emulator/cta.cpp": 'extern "C" int part() { return 42; }\n',
    }.items():
        (tmp_path / "csrc" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "csrc" / name).write_text(text)
    path = Path(emulation.library(tmp_path, tmp_path / "builds"))
    whole = path.read_bytes()
    damage(path)
    again = Path(emulation.library(tmp_path, tmp_path / "builds"))
    assert again.read_bytes() == whole
    # In a process of its own: loading a library that was cut short is a SIGBUS.
    code = f"import ctypes; print(ctypes.CDLL({str(again)!r}).answer())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "42\n")
    inode = again.stat().st_ino
    emulation.library(tmp_path, tmp_path / "builds")
    assert again.stat().st_ino == inode  # and then it is kept


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["libsparsek.sm_90a.so", "facts.json"])
def test_a_damaged_build_is_made_again(
    sources: Path, damage: Callable[[Path], None], name: str
) -> None:
    builds = sources.parent / "builds"

    def made() -> str:
        report = build.build(
            BuildPlan(("sm_90a",)),
            sources=sources,
            builds=builds,
            device_arch="sm_90a",
            progress=lambda *_: None,
        )
        assert report.status is Status.OK, report.reason
        return str(report.library)

    path = Path(made()).with_name(name)
    whole = Path(made()).read_bytes()
    damage(path)
    assert Path(made()).read_bytes() == whole
    assert path.is_file()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_object_is_not_linked(sources: Path, damage: Callable[[Path], None]) -> None:
    builds = sources.parent / "builds"
    path = Path(exp_kernel.library(sources, builds, HOPPER))
    whole = path.read_bytes()
    (unit,) = builds.glob("object-*/unit.o")
    object_was = unit.read_bytes()
    for harmed in (unit, path):
        damage(harmed)
    assert Path(exp_kernel.library(sources, builds, HOPPER)).read_bytes() == whole
    assert unit.read_bytes() == object_was
