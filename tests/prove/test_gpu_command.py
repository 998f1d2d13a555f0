"""`make gpu`: what it says on a machine without a GPU, and the command it runs on one with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli.app import cli
from tests.payload.running import ROOT
from tests.prove.places import program

SCRIPT = ROOT / ".ci" / "gpu"

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 11) or not sys.platform.startswith("linux"),
    reason="a GPU machine is Linux with Python 3.11 or newer",
)


def gpu(
    folder: Path, *options: str, python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """.ci/gpu with folder/bin first on the PATH, and everything it writes in `folder`."""
    env = {
        "HOME": str(folder),
        "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
        "PYTHON": python,
        "VENV": str(folder / "venv"),
        "WHEELHOUSE": str(folder / "wheelhouse"),
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    command = [str(SCRIPT), *options]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=100)


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr of a machine that is unfit."""
    assert (done.returncode, done.stdout) == (4, "")
    (line,) = done.stderr.splitlines()
    return line


def test_a_machine_without_a_gpu_exits_4_with_one_line(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "nvidia-smi", "echo no devices were found; exit 6")
    assert said(gpu(tmp_path)) == (
        "make gpu: no NVIDIA GPU here (nvidia-smi lists none); run it on a machine with a Hopper GPU"
    )
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ("exit 1", "cannot import torch; set PYTHON to one that can"),
        ("echo none", "sees no GPU, though nvidia-smi does"),
        ("echo '(8, 9)'", "compute capability (8, 9); the proofs need Hopper"),
    ],
)
def test_a_gpu_that_torch_cannot_use_is_named(tmp_path: Path, answer: str, line: str) -> None:
    program(tmp_path / "bin" / "nvidia-smi", "echo 'GPU 0: NVIDIA H200 (UUID: GPU-1)'")
    python = program(tmp_path / "python", answer)
    assert line in said(gpu(tmp_path, python=str(python)))


def test_the_command_is_one_that_orchestrator_takes(tmp_path: Path) -> None:
    done = gpu(tmp_path, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "python3 -m orchestrator profile --host local --device cuda --prove --peers "
        "--ceilings --cutlass --cutlass-limit 60 --rounds 16 --time-limit 440 --batch 16 --heads 8,16,32,64,96,128\n"
    )
    words = done.stdout.split()[3:]
    profile = cli.get_command(None, words[0])  # type: ignore[arg-type]
    assert profile is not None
    context = profile.make_context("profile", words[1:])
    assert context.params["prove"] is True
    assert context.params["heads"] == (8, 16, 32, 64, 96, 128)


def test_packages_that_cannot_be_had_are_named_with_the_way_out(tmp_path: Path) -> None:
    bare = shutil.which("python3", path="/usr/bin")
    if bare is None or subprocess.run([bare, "-c", "import ensurepip, tomllib"]).returncode:
        pytest.skip("needs a system Python that can make virtual environments")
    if subprocess.run([bare, "-c", "import fabric"], stderr=subprocess.DEVNULL).returncode == 0:
        pytest.skip("the system Python has our packages")
    line = said(gpu(tmp_path, "--dry-run", python=bare))
    assert line.startswith("make gpu: missing here: ")
    assert "fabric" in line
    assert "run `make gpu-kit` on a machine with network and copy wheelhouse/" in line


def test_an_unknown_option_is_a_usage_error(tmp_path: Path) -> None:
    done = gpu(tmp_path, "--quick")
    assert (done.returncode, done.stderr) == (2, "usage: .ci/gpu [--rehearse] [--dry-run]\n")


def test_what_is_installed_is_what_the_project_asks_for() -> None:
    def printed(*options: str) -> list[str]:
        command = [sys.executable, str(ROOT / ".ci" / "requirements"), *options]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    names = {line.partition(">")[0] for line in printed()}
    assert {"click", "fabric", "jinja2", "pydantic", "ruamel.yaml", "ncu-report"} <= names
    assert not {"torch", "matplotlib"} & names
    assert [line.partition(">")[0] for line in printed("--charts")] == ["matplotlib"]
