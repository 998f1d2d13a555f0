"""Which toolkit compiles, and why: one order for every compile, and no silent second choice."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.compiling.errors import CompileError
from remote_payload.contract.machine import BuildReport
from remote_payload.contract.plans import BuildPlan
from remote_payload.contract.words import Status
from remote_payload.machine import installed, toolkit
from remote_payload.machine.toolkit import NoToolkit, NotWhereNamed, Toolkit
from remote_payload.operators.exp import kernel as exp_kernel
from remote_payload.stages.build import build
from remote_payload.stages.ceilings import cutlass_build
from remote_payload.stages.prove import prove_conformance
from remote_payload.stages.prove.prove import Skipped
from tests.prove.places import HOPPER, ON_GPU, place, program


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any toolkit: its PATH is bin/, its /usr/local is local/."""
    for name in ("bin", "local"):
        (tmp_path / name).mkdir()
    for name in toolkit.HOMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(toolkit, "LOCAL", str(tmp_path / "local"))
    return tmp_path


def nvcc_in(folder: Path) -> Path:
    return program(folder / "nvcc", "echo release 13.0, V13.0.88")


def test_cuda_home_comes_before_cuda_path_before_the_path_before_usr_local(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = nvcc_in(machine / "local/cuda-13.1/bin")
    assert toolkit.find() == Toolkit(str(newest), str(machine / "local/cuda-13.1"))
    plain = nvcc_in(machine / "local/cuda/bin")
    assert toolkit.find() == Toolkit(str(plain), str(machine / "local/cuda"))
    on_path = nvcc_in(machine / "bin")
    assert toolkit.find() == Toolkit(str(on_path), "PATH")
    by_path = nvcc_in(machine / "by-path/bin")
    monkeypatch.setenv("CUDA_PATH", str(machine / "by-path"))
    assert toolkit.find() == Toolkit(str(by_path), "CUDA_PATH")
    by_home = nvcc_in(machine / "by-home/bin")
    monkeypatch.setenv("CUDA_HOME", str(machine / "by-home"))
    assert toolkit.find() == Toolkit(str(by_home), "CUDA_HOME")
    assert toolkit.find().words == f"{by_home} (by CUDA_HOME)"
    assert toolkit.nvcc_program() == str(by_home)
    # What comes with a toolkit is looked for in the same one first.
    assert toolkit.nvcc_places()[:2] == (str(by_home.parent), str(machine / "bin"))


@pytest.mark.parametrize(
    ("folders", "newest"),
    [
        (("cuda-12.9", "cuda-12.10"), "cuda-12.10"),
        (("cuda-12.10", "cuda-13"), "cuda-13"),
        (("cuda-13", "cuda-13.0"), "cuda-13.0"),
        (("cuda-9.2", "cuda-11.8", "cuda-12.4"), "cuda-12.4"),
        (("cuda-samples", "cuda-11.8"), "cuda-11.8"),
    ],
)
def test_versions_are_compared_as_numbers(
    machine: Path, folders: tuple[str, ...], newest: str
) -> None:
    for folder in folders:
        nvcc_in(machine / "local" / folder / "bin")
    assert toolkit.find().why == str(machine / "local" / newest)


def test_other_tools_are_taken_from_the_newest_toolkit_by_number_too(tmp_path: Path) -> None:
    for version in ("9.2", "12.9", "12.10"):
        program(tmp_path / f"cuda-{version}" / "tool", "true")
    found = installed.program("tool", str(tmp_path), (str(tmp_path / "cuda-*" / "tool"),))
    assert found == str(tmp_path / "cuda-12.10" / "tool")


@pytest.mark.parametrize("variable", toolkit.HOMES)
def test_a_toolkit_that_is_named_and_not_there_fails_by_name(
    machine: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    nvcc_in(machine / "bin")
    monkeypatch.setenv(variable, "/opt/gone")
    with pytest.raises(NotWhereNamed, match=rf"^{variable}=/opt/gone has no bin/nvcc; let it name"):
        toolkit.find()
    report = built(machine)
    assert report.status is Status.FAILED
    assert report.reason.startswith(f"{variable}=/opt/gone has no bin/nvcc; ")
    with pytest.raises(CompileError, match="/opt/gone has no bin/nvcc"):
        exp_kernel.library(machine, machine / "builds", HOPPER)
    with pytest.raises(Skipped, match="/opt/gone has no bin/nvcc"):
        prove_conformance.nvcc(place(machine / "proof", ON_GPU, capability=HOPPER), "x.cu", "x")
    with pytest.raises(cutlass_build.BuildFailed, match="/opt/gone has no bin/nvcc") as failed:
        cutlass_build._nvcc(machine)
    assert failed.value.status is Status.FAILED


def test_without_a_toolkit_it_is_said_where_it_was_looked_for(machine: Path) -> None:
    looked = f"{machine}/bin, {machine}/local/cuda/bin"
    with pytest.raises(NoToolkit, match=r"nvcc not found \(looked in"):
        toolkit.find()
    assert built(machine) == BuildReport(Status.SKIPPED, f"nvcc not found (looked in {looked})")


def test_every_compile_of_a_job_takes_the_same_toolkit(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = 'echo "error: refused by $0"; [ "$1" = --version ]'
    for folder in ("bin", "named/bin"):
        program(machine / folder / "nvcc", said)
    monkeypatch.setenv("CUDA_HOME", str(machine / "named"))
    chosen = f"refused by {machine}/named/bin/nvcc"
    (machine / "csrc").mkdir()
    (machine / "csrc" / "a.cu").touch()
    assert chosen in built(machine).reason
    with pytest.raises(CompileError, match=chosen):
        exp_kernel.library(machine, machine / "builds", HOPPER)
    with pytest.raises(Exception, match=chosen):
        prove_conformance.nvcc(
            place(machine / "proof", ON_GPU, machine, capability=HOPPER), "x.cu", "x"
        )
    assert cutlass_build._nvcc(machine).toolkit.nvcc == f"{machine}/named/bin/nvcc"


def built(machine: Path) -> BuildReport:
    return build.build(
        BuildPlan(("sm_90a",)),
        sources=machine,
        builds=machine / "builds",
        device_arch=None,
        progress=lambda *_: None,
    )
