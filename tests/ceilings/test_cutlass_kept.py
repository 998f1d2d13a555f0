"""A CUTLASS profiler that was built and damaged since is built again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from remote_payload.contract.words import Status
from tests.ceilings.stand_in import checkout
from tests.ceilings.test_cutlass import PLAN, an_nvcc, needs_cmake, run


def _cut(program: Path) -> None:
    os.truncate(program, 10)


def _altered(program: Path) -> None:
    was, data = program.stat(), program.read_bytes()
    program.write_bytes(b"#" * len(data))
    os.utime(program, ns=(was.st_atime_ns, was.st_mtime_ns))


def _left_by_older_code(program: Path) -> None:
    """It noted the revision alone."""
    _cut(program)
    (program.parents[2] / "finished").write_text("files-0123456789abcdef\n")


def _note_damaged(program: Path) -> None:
    _cut(program)
    (program.parents[2] / "finished").write_text("{")


def _note_is_a_fifo(program: Path) -> None:
    program.unlink()
    (program.parents[2] / "finished").unlink()
    os.mkfifo(program.parents[2] / "finished")


def _folder_is_a_file(program: Path) -> None:
    shutil.rmtree(program.parents[2])
    program.parents[2].touch()


@needs_cmake
@pytest.mark.parametrize(
    "damage",
    [
        _cut, _altered, Path.unlink, _left_by_older_code, _note_damaged, _note_is_a_fifo,
        _folder_is_a_file,
    ],
)  # fmt: skip
def test_a_damaged_profiler_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], object]
) -> None:
    an_nvcc(tmp_path, monkeypatch)
    plan = replace(PLAN, cutlass_source=str(checkout(tmp_path / "cutlass")))
    program = Path(run(tmp_path, plan).program)
    whole = program.read_bytes()
    damage(program)
    again = run(tmp_path, plan)
    assert again.status is Status.OK, again.reason
    assert Path(again.program).read_bytes() == whole
    assert (tmp_path / "times_built").read_text().split() == ["built", "built"]
    assert run(tmp_path, plan).status is Status.OK
    assert (tmp_path / "times_built").read_text().split() == ["built", "built"]
