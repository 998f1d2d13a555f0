"""`make gpu`: what it says on a machine without a GPU, and the command it runs on one with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from orchestrator.cli.app import cli
from remote_payload.operators.attention.catalog import VARIANTS
from tests.payload.running import ROOT
from tests.prove.places import program

SCRIPT = ROOT / ".ci" / "gpu"

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 11) or not sys.platform.startswith("linux"),
    reason="a GPU machine is Linux with Python 3.11 or newer",
)


def gpu(
    folder: Path, *options: str, python: str = sys.executable, out: str = "out"
) -> subprocess.CompletedProcess[str]:
    """.ci/gpu, called from `folder`, with folder/bin first on the PATH; it writes there alone."""
    env = {
        "HOME": str(folder),
        "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
        "PYTHON": python,
        "VENV": "venv",
        "WHEELHOUSE": str(folder / "wheelhouse"),
        "OUT": out,
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    command = [str(SCRIPT), *options]
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=folder, timeout=100)


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr of a machine that is unfit."""
    assert (done.returncode, done.stdout) == (4, "")
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("part", ["first", "rest"])
def test_a_machine_without_a_gpu_exits_4_with_one_line(tmp_path: Path, part: str) -> None:
    program(tmp_path / "bin" / "nvidia-smi", "echo no devices were found; exit 6")
    assert said(gpu(tmp_path, part)) == (
        "make gpu: no NVIDIA GPU here (nvidia-smi lists none); run it on a machine with a Hopper GPU"
    )
    assert not (tmp_path / "venv").exists()
    assert "no NVIDIA GPU here" in (tmp_path / "out" / "unfit.txt").read_text()


def test_a_dry_run_prepares_nothing(tmp_path: Path) -> None:
    assert gpu(tmp_path, "rest", "--dry-run").returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_nothing_can_be_written_to_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    line = said(gpu(tmp_path, "first", "--rehearse", out="file"))
    assert line == f"make gpu: {tmp_path / 'file'} is no folder to write to: File exists"


@pytest.mark.parametrize(
    ("capability", "line"),
    [
        ("9.0", "cannot import torch; set PYTHON to one that can"),
        ("8.9", "compute capability 8.9; the proofs need Hopper"),
    ],
)
def test_a_machine_that_cannot_serve_is_named(tmp_path: Path, capability: str, line: str) -> None:
    program(tmp_path / "bin" / "nvidia-smi", f"echo {capability}")
    python = program(tmp_path / "python", "exit 1")
    assert line in said(gpu(tmp_path, "first", python=str(python)))


def commands(folder: Path, *options: str) -> list[click.Context]:
    """What a dry run prints, as orchestrator understands it."""
    done = gpu(folder, *options, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    found = []
    for line in done.stdout.splitlines():
        assert line.startswith("python3 -m orchestrator ")
        verb, *words = line.split()[3:]
        command = cli.get_command(None, verb)  # type: ignore[arg-type]
        assert command is not None
        found.append(command.make_context(verb, words))
    return found


def test_first_light_is_ours_beside_sdpa_and_then_conformance(tmp_path: Path) -> None:
    bench, prove = commands(tmp_path, "first")
    assert (bench.info_name, prove.info_name) == ("bench", "prove")
    assert (bench.params["axis_H"], bench.params["axis_B"]) == ((96, 8), (16,))
    assert bench.params["providers"] == ("sparsek", "sdpa", "sdpa-flash")
    assert prove.params["proofs"] == ("conformance",)
    assert bench.params["time_limit_s"] + prove.params["time_limit_s"] <= 240


def test_the_rest_is_all_shapes_and_rivals_with_counters_proofs_and_ceilings(
    tmp_path: Path,
) -> None:
    (profile,) = commands(tmp_path, "rest")
    assert profile.params["axis_H"] == (96, 8, 128, 64, 32, 16)
    assert all(profile.params[name] for name in ("prove", "peers", "ceilings"))
    assert profile.params["counters"] is None
    assert profile.params["time_limit_s"] <= 500
    assert profile.params["case_limit_s"] <= 40
    assert profile.params["proof_limit_s"] <= 45


def test_ours_can_be_left_out_of_the_rest_and_variants_of_it_raced(tmp_path: Path) -> None:
    (profile,) = commands(tmp_path, "rest", "--without", "sparsek")
    assert profile.params["without"] == ("sparsek",)
    (profile,) = commands(tmp_path, "rest", "--variants", ",".join(VARIANTS))
    assert profile.params["variants"] == VARIANTS


def test_packages_that_cannot_be_had_are_named_with_the_way_out(tmp_path: Path) -> None:
    bare = shutil.which("python3", path="/usr/bin")
    if bare is None or subprocess.run([bare, "-c", "import ensurepip, tomllib"]).returncode:
        pytest.skip("needs a system Python that can make virtual environments")
    if subprocess.run([bare, "-c", "import fabric"], stderr=subprocess.DEVNULL).returncode == 0:
        pytest.skip("the system Python has our packages")
    line = said(gpu(tmp_path, "first", "--rehearse", python=bare))
    assert line.startswith("make gpu: missing here: ")
    assert "fabric" in line
    assert "run `make gpu-kit` on a machine with network and copy wheelhouse/" in line


@pytest.mark.parametrize("words", [(), ("--quick",), ("first", "--quick", "--dry-run")])
def test_what_is_not_understood_is_a_usage_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = gpu(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: .ci/gpu ")
    assert len(words) < 2 or "--quick" in done.stderr.splitlines()[-1]


def test_what_is_installed_is_what_the_project_asks_for() -> None:
    command = [sys.executable, str(ROOT / ".ci" / "requirements")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    names = {line.partition(">")[0] for line in printed}
    assert {"click", "fabric", "jinja2", "pydantic", "ruamel.yaml"} <= names
    assert not {"torch", "matplotlib", "ncu-report"} & names
