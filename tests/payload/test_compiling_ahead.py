"""What is compiled while torch is imported, and what becomes of it where that was in vain."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from remote_payload.contract.request import Provider
from remote_payload.contract.words import Device, Stage, Status
from remote_payload.machine import machine
from remote_payload.processes.isolate import Deadline
from remote_payload.stages.build import stage
from remote_payload.stages.build.started import Started, Target, ahead
from remote_payload.stages.draft import Draft
from remote_payload.stages.scene import Scene
from tests.payload.running import ROOT, a_request, gone_within, run_payload
from tests.processes import needs_proc

NVCC = """#!/bin/sh
case "$1" in
  --version) echo 'Cuda compilation tools, release 12.4, V12.4.131'; exit ;;
  -dryrun | --list-gpu-code) exit ;;
esac
case "$*" in *code=sm_80*) sleep 60 ;; esac
{}
for last; do :; done
: > "$last"
"""
REFUSES = "sleep 0.5; echo 'csrc/small.cu(1): error: no such thing'; exit 2"
ASKED = (Stage.BUILD, Stage.CHECK)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A snapshot with one kernel."""
    made = tmp_path / "root"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "remote_payload", made / "remote_payload", ignore=ignored)
    (made / "csrc").mkdir()
    (made / "csrc" / "small.cu").write_text("__global__ void nothing() {}\n")
    return made


def with_nvcc(folder: Path, does: str = "") -> str:
    """A PATH with a stand-in first, which would compile for sm_80 for a minute."""
    (folder / "nvcc").write_text(NVCC.format(does))
    (folder / "nvcc").chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def a_scene(folder: Path, **changes: object) -> Scene:
    request = a_request(Provider("sdpa"), stages=ASKED, **changes)
    draft = Draft(request, folder / "result.json", written=False)
    draft.note(machine=machine.look())
    return Scene(request, draft, folder / "root", folder / "builds", Deadline(60.0))


def test_that_compilers_are_at_work_while_torch_is_imported(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = with_nvcc(tmp_path, REFUSES)
    done = run_payload(
        a_request(Provider("sdpa"), stages=ASKED), tmp_path / "job", root=root, path=path
    )
    assert done.result.build is not None
    (one,), (build, _) = done.result.build.compilations, done.result.stages
    assert "no such thing" in done.result.reason
    assert one.seconds >= 0.5
    assert build.seconds < one.seconds  # it had begun before its stage did


@needs_proc
def test_that_nothing_goes_on_compiling_where_torch_cannot_be_imported(
    root: Path, tmp_path: Path
) -> None:
    (root / "torch").mkdir()
    (root / "torch" / "__init__.py").write_text("raise ImportError('it is half installed')\n")
    path, folder, began = with_nvcc(tmp_path, "sleep 60"), tmp_path / "job", time.monotonic()
    done = run_payload(a_request(Provider("sdpa"), stages=ASKED), folder, root=root, path=path)
    assert time.monotonic() - began < 30.0
    assert (done.exit_status, done.result.unfit) == (4, True)
    assert "it is half installed" in done.result.reason
    assert gone_within(2.0, folder)


def test_that_what_was_begun_for_another_device_is_ended_and_begun_anew(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", with_nvcc(tmp_path))
    scene, began = a_scene(tmp_path), time.monotonic()
    scene.compiling = Started(scene, Target("cuda", (8, 0)))
    time.sleep(0.5)  # it has a compiler at work by then
    assert not scene.compiling.report.done()
    outcome = stage.act(scene)
    assert time.monotonic() - began < 20.0
    report = scene.draft.result.build
    assert outcome.status is Status.OK
    assert report is not None
    assert [one.arch for one in report.compilations] == ["sm_90a"]


@pytest.mark.parametrize(
    ("device", "gpus", "target"),
    [
        (Device.AUTO, 0, Target("cpu", None)),
        (Device.AUTO, 2, Target("cuda", (9, 0))),
        (Device.CPU, 2, Target("cpu", (9, 0))),
        (Device.CUDA, 2, Target("cuda", (9, 0))),
        (Device.CUDA, 0, None),  # that ends the run
    ],
)
def test_that_the_driver_tells_what_to_begin_with(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    device: Device,
    gpus: int,
    target: Target | None,
) -> None:
    monkeypatch.setenv("PATH", with_nvcc(tmp_path))
    scene = a_scene(tmp_path, device=device)
    capability = "9.0" if gpus else None
    seen = replace(machine.look(), gpu_count=gpus, compute_capability=capability)
    scene.draft.note(machine=seen)
    found = ahead(scene)
    assert (found and found.target) == target
    if found is not None:
        found.stop()


def test_that_nothing_is_begun_for_an_operator_of_ones_own(root: Path, tmp_path: Path) -> None:
    assert ahead(a_scene(tmp_path, operator_target="op.py")) is None
