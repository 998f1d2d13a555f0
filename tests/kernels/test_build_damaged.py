"""What a compiler made and somebody damaged since is made again, and never loaded as it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from remote_payload.compiling import emulation
from remote_payload.contract.plans import BuildPlan
from remote_payload.contract.words import Status
from remote_payload.operators.exp import kernel as exp_kernel
from remote_payload.stages.build import build
from tests.disks import bound_by_modes
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


def _folder_is_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.touch()


def _folder_is_a_fifo(folder: Path) -> None:
    shutil.rmtree(folder)
    os.mkfifo(folder)


def _folder_is_a_link_to_nothing(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to("gone")


def _folder_is_a_link_to_another(folder: Path) -> None:
    shutil.rmtree(folder)
    other = folder.parent.parent / "other"
    other.mkdir()
    (other / "precious").write_text("kept")
    folder.symlink_to(other)


def _list_is_a_fifo(folder: Path) -> None:
    (folder / "inputs.json").unlink()
    os.mkfifo(folder / "inputs.json")


def _list_is_a_folder(folder: Path) -> None:
    (folder / "inputs.json").unlink()
    (folder / "inputs.json").mkdir()


def _list_names_nothing(folder: Path) -> None:
    """And so says nothing of a library that was cut short."""
    kept = json.loads((folder / "inputs.json").read_text())
    (folder / "inputs.json").write_text(json.dumps({**kept, "made": {}}))
    for path in folder.iterdir():
        if path.name != "inputs.json":
            _cut(path)


PLACES = [
    _folder_is_a_file, _folder_is_a_fifo, _folder_is_a_link_to_nothing,
    _folder_is_a_link_to_another, _list_is_a_fifo, _list_is_a_folder, _list_names_nothing,
]  # fmt: skip


CLEARS = "import pathlib, sys\nfrom remote_payload.compiling.kept import clear\nclear(pathlib.Path(sys.argv[1]))\n"


def test_a_folder_of_builds_that_is_read_only_gives_way_also_to_who_is_not_root(
    tmp_path: Path,
) -> None:
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "folder" / "inner" / "lib.so").touch()
    for path in ("folder/inner", "folder"):
        (tmp_path / path).chmod(0o555)
    words = (*bound_by_modes(), sys.executable, "-c", CLEARS, str(tmp_path / "folder"))
    subprocess.run(words, check=True, cwd=Path(__file__).parents[2])
    assert not (tmp_path / "folder").exists()


def _emulated(place: Path) -> Path:
    for name, text in {
        "attention/api.cu": 'extern "C" int part();\nextern "C" int answer() { return part(); }\n',
        "emulator/cta.cpp": 'extern "C" int part() { return 42; }\n',
    }.items():
        (place / "csrc" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "csrc" / name).write_text(text)
    return Path(emulation.library(place, place / "builds"))


def _built(sources: Path) -> Path:
    report = build.build(
        BuildPlan(("sm_90a",)),
        sources=sources,
        builds=sources.parent / "builds",
        device_arch="sm_90a",
        progress=lambda *_: None,
    )
    assert report.status is Status.OK, report.reason
    return Path(str(report.library))


@pytest.mark.parametrize("damage", PLACES)
def test_what_stands_in_the_place_of_an_emulator_is_no_emulator_and_gives_way(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = _emulated(tmp_path)
    whole = path.read_bytes()
    damage(path.parent)
    again = _emulated(tmp_path)
    assert (again, again.read_bytes()) == (path, whole)
    inode = again.stat().st_ino
    assert _emulated(tmp_path).stat().st_ino == inode  # and then it is kept


@pytest.mark.parametrize("damage", PLACES)
@pytest.mark.parametrize("pattern", ["libsparsek.sm_90a.so", "unit.o"])
def test_what_stands_in_the_place_of_a_build_is_no_build_and_gives_way(
    sources: Path, damage: Callable[[Path], None], pattern: str
) -> None:
    library = _built(sources)
    whole = library.read_bytes()
    (one, *_) = (sources.parent / "builds").glob(f"*/{pattern}")
    damage(one.parent)
    if pattern == "unit.o":  # which nobody asks for while there is a library
        shutil.rmtree(library.parent)
    assert (_built(sources), library.read_bytes()) == (library, whole)
    assert one.is_file()
    assert not one.parent.is_symlink()
    for precious in sources.parent.glob("other/*"):
        assert (precious.name, precious.read_text()) == ("precious", "kept")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_library_of_the_emulator_is_compiled_again_and_can_be_loaded(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = _emulated(tmp_path)
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
    path = _built(sources).with_name(name)
    whole = _built(sources).read_bytes()
    damage(path)
    assert _built(sources).read_bytes() == whole
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
