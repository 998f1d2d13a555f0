"""The workflow for GitHub Actions: each step is really carried out, as a runner would, beside a real
repository with a base and a change; the kernels run on this machine's CPU."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from orchestrator.cli.app import cli
from tests.cli.conftest import REPOSITORY
from tests.packaging.conftest import wheel

__all__ = ["wheel"]

WORKFLOW = REPOSITORY / "examples" / "workflows" / "benchmark.yml"
# Short, as a test has to be: what is judged by so little is open, which the gate has to say.
QUICK = {"OPTIONS": "--bench-budget 1 --starts 2 --case M=8,N=64", "REPEATS": "1"}
OPEN = 6
WITHOUT_NETWORK = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def workflow() -> dict[str, Any]:
    return dict(YAML(typ="safe").load(WORKFLOW.read_text("utf-8")))


def steps() -> list[dict[str, Any]]:
    (job,) = workflow()["jobs"].values()
    return list(job["steps"])


@dataclass
class Runner:
    """As far as steps see one: a workspace, a folder for what is temporary, and a shell."""

    workspace: Path
    environ: Mapping[str, str]
    done: list[str] = field(default_factory=list)

    def carries_out(self, step: Mapping[str, Any], **more: str) -> subprocess.CompletedProcess[str]:
        """By the shell and the options that a runner takes."""
        self.done.append(step["name"])
        own = {name: str(value) for name, value in (step.get("env") or {}).items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=self.workspace,
            env={**self.environ, **own, **more},
            capture_output=True,
            text=True,
            timeout=120,
        )


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def fresh_python(folder: Path) -> Path:
    """A Python in which nothing is installed, but whose pip finds here all that is needed."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "all_else.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "bin" / "python"


@pytest.fixture
def runner(tmp_path: Path, wheel: Path) -> Runner:
    """A project as `orchestrator init` writes it, and a pull request that changes its kernel."""
    workspace = tmp_path / "work"
    workspace.mkdir()
    (tmp_path / "home").mkdir()
    program = [sys.executable, "-m", "orchestrator"]
    home = {"HOME": str(tmp_path / "home"), "CUDA_VISIBLE_DEVICES": ""}
    told = {**os.environ, **home, "PYTHONPATH": str(REPOSITORY)}
    subprocess.run([*program, "init"], cwd=workspace, env=told, check=True, capture_output=True)
    git(workspace, "init", "-q", "-b", "main")
    git(workspace, "add", "-A")
    git(workspace, "commit", "-qm", "as it was")
    base = git(workspace, "rev-parse", "HEAD")
    kernel = workspace / "kernels" / "my_softmax.py"
    kernel.write_text(kernel.read_text() + "\n# An edit.\n")
    git(workspace, "commit", "-qam", "as it is to be")
    python = fresh_python(tmp_path / "venv")
    given = {name: str(value) for name, value in workflow()["env"].items()}
    return Runner(
        workspace,
        {
            **os.environ,
            **home,
            **given,
            **QUICK,
            **WITHOUT_NETWORK,
            "PACKAGE": f"{wheel}[local]",
            "BASE": base,
            "PATH": f"{python.parent}:{os.environ['PATH']}",
            "GITHUB_WORKSPACE": str(workspace),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "RUNNER_TEMP": str(tmp_path / "temp"),
        },
    )


def named(name: str) -> dict[str, Any]:
    return next(step for step in steps() if step.get("name") == name)


def test_every_step_does_what_it_says(runner: Runner, tmp_path: Path) -> None:
    said = runner.carries_out(named("Install"))
    assert "Successfully installed blackwell-sparsek" in said.stdout, said.stderr
    assert runner.carries_out(named("A key for the host"), SSH_KEY="a key").returncode == 0
    key = tmp_path / "home" / ".ssh" / "id_ed25519"
    assert (key.read_text(), key.stat().st_mode & 0o777) == ("a key\n", 0o600)
    for name in ("The base beside it", "Time both", "The comparison as a page"):
        done = runner.carries_out(named(name))
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    comment = (runner.workspace / "comment.md").read_text()
    assert (tmp_path / "summary.md").read_text() == comment
    assert re.match(r"# \d+ rows?, after against before: ", comment)
    marks = runner.carries_out(named("Marks in the pull request"))
    assert marks.returncode == 0, marks.stderr
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in
               marks.stdout.splitlines())  # fmt: skip
    figures = runner.carries_out(named("Figures for other programs"))
    assert figures.returncode == 0, figures.stderr
    entries = json.loads((runner.workspace / "benchmark.json").read_text())
    head = git(runner.workspace, "rev-parse", "HEAD")
    assert {entry["unit"] for entry in entries} == {"µs"}
    assert all(f"commit {head}" in entry["extra"] for entry in entries)
    lines = (runner.workspace / "timings.csv").read_text().splitlines()
    assert len(lines) == 1 + len(entries)
    gate = runner.carries_out(named("Gate"))
    assert gate.returncode == OPEN, gate.stdout + gate.stderr
    assert "nothing decided" in gate.stderr
    kept = named_uses("actions/upload-artifact")["with"]["path"].split()
    assert all((runner.workspace / path).exists() for path in kept)
    assert runner.done == [step["name"] for step in steps() if "run" in step]


def named_uses(action: str) -> dict[str, Any]:
    return next(step for step in steps() if str(step.get("uses", "")).startswith(action))


def test_no_action_but_those_of_github_is_used_and_each_by_its_major_version() -> None:
    used = [str(step["uses"]) for step in steps() if "uses" in step]
    assert used
    for one in used:
        assert re.fullmatch(r"actions/(checkout|setup-python|upload-artifact)@v\d+", one)


def test_no_expression_stands_in_a_shell_where_its_text_would_be_program() -> None:
    for step in steps():
        assert "${{" not in str(step.get("run", ""))


def test_the_gate_is_last_and_needs_all_before_it_while_pages_are_told_anyway() -> None:
    *before, gate = steps()
    assert gate["name"] == "Gate"
    assert "if" not in gate
    after = before[[step.get("name") for step in before].index("Time both") + 1 :]
    assert {step["if"] for step in after} == {"${{ !cancelled() }}"}
    assert workflow()["permissions"] == {"contents": "read"}


def test_every_command_of_ours_is_one_that_is_taken() -> None:
    text = "\n".join(str(step.get("run", "")) for step in steps()).replace("\\\n", " ")
    commands = [
        line.strip() for line in text.splitlines() if line.strip().startswith("orchestrator")
    ]
    assert len(commands) == 6
    for line in commands:
        words = [word for word in shlex.split(line.partition(">")[0])[1:] if word != "$OPTIONS"]
        words = [word.replace("$DEVICE", "cpu").replace("$THRESHOLD", "10%") for word in words]
        context = click.Context(cli)
        parsed = cli.make_context("orchestrator", words, resilient_parsing=False)
        name, *rest = parsed._protected_args + parsed.args
        command = cli.get_command(context, name)
        assert command is not None
        command.make_context(name, list(rest), parent=parsed)
