"""What a command loads before it does anything: as little as it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.store.inventory.reading import keep_outline
from tests.cli.conftest import REPOSITORY, Project
from tests.ssh.server import SshServer
from tests.transport.broker.conftest import processes, until

# Each takes longer to load than all of ours together.
HEAVY = frozenset(
    [
        "paramiko",
        "fabric",
        "cryptography",
        "invoke",
        "nacl",
        "pydantic",
        "pydantic_core",
        "numpy",
        "scipy",
        "matplotlib",
        "jinja2",
        "ruamel",
        "rich",
        "pathspec",
        "requests",
        "urllib3",
        "torch",
        "asyncio",
        "xml",
        "email",
        "http",
        "ssl",
    ]
)


@pytest.fixture
def pod(project: Project, sshd: SshServer, home: Path) -> Iterator[Project]:
    project.add_ssh_host(sshd, persist="10m")
    yield project
    project.orchestrator("hosts", "disconnect")
    assert until(lambda: not processes(home))


def loaded(*words: str) -> set[str]:
    """The packages that a command loads, from its start to its end."""
    return _loaded("-m", "orchestrator", *words)


def _loaded(*program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *program],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    names = {row.rpartition("|")[2].strip().partition(".")[0] for row in rows}
    assert {"click", "orchestrator"} <= names
    return names


@pytest.mark.parametrize(
    "words", [("--help",), ("runs",), ("deploy", "--help"), ("hosts", "--help")]
)
def test_that_help_and_lists_load_nothing_heavy(project: Project, words: tuple[str, ...]) -> None:
    keep_outline(project.root / "inventory.yaml")  # as by whatever connected before
    assert loaded(*words) & HEAVY == set()


def test_that_a_deploy_over_an_open_connection_loads_nothing_heavy(pod: Project) -> None:
    # What git tracks is asked of git: without it, rules are read by a library.
    subprocess.run(["git", "init", "-q", str(pod.root)], check=True)
    assert pod.orchestrator("deploy", "--no-build").code == 0
    assert loaded("deploy", "--no-build") & HEAVY == set()
    assert loaded("hosts") & HEAVY == set()


def test_that_what_leads_to_a_build_or_a_run_loads_nothing_heavy() -> None:
    modules = ("workflows.build", "workflows.plan", "workflows.profile", "workflows.budget",
               "cli.running")  # fmt: skip
    lines = "; ".join(f"import orchestrator.{one}, click" for one in modules)
    assert _loaded("-c", lines) & HEAVY == set()
