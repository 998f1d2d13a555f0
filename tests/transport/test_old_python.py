"""Pythons that are too old for the agents: each program gets as far as saying so."""

from __future__ import annotations

import ast
import os
import shutil
import sys
from importlib import resources
from pathlib import Path

import pytest

from orchestrator.errors import HostUnfit
from orchestrator.transport import agent
from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host, TransportKind

PARTS = {"__init__", "first"}.union(*agent._PARTS.values())
PROGRAMS = sorted(
    Path(item.name).stem
    for item in resources.files("remote_payload.agent").iterdir()
    if item.name.endswith(".py") and Path(item.name).stem not in PARTS
)


def an_old_python(version: str) -> str:
    """A real interpreter of that version: the system's, or one of pyenv's; "" without one."""
    pyenv = shutil.which("pyenv")
    root = os.environ.get("PYENV_ROOT") or (Path(pyenv).resolve().parents[1] if pyenv else None)
    kept = Path(root or "/nonexistent", "versions")
    found = sorted(kept.glob(f"{version}.*/bin/python{version}"))
    named = shutil.which(f"python{version}") or ""
    return str(found[-1]) if found else named if "/shims/" not in named else ""


def heard(python: str, name: str, tmp_path: Path) -> str:
    host = Host("old", TransportKind.LOCAL, str(tmp_path / "w"), python)
    transport = LocalTransport(host)
    with pytest.raises(HostUnfit) as caught, agent.open_agent(transport, name, str(tmp_path / "w")):
        pass
    assert caught.value.hint.startswith("Set `python:` for this host")
    return caught.value.message


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_an_old_python_reads_of_an_agent_is_no_more_than_that_it_is_too_old(name: str) -> None:
    source = agent.program(name).source
    tree = ast.parse(source, feature_version=(3, 6))
    assert source.isascii()
    assert [type(part) for part in tree.body] == [ast.Import, ast.If, ast.Expr]


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.8"])
def test_a_python_of_before_3_9_says_that_it_is_too_old_whichever_agent_it_is_to_run(
    version: str, tmp_path: Path
) -> None:
    python = an_old_python(version)
    if not python:
        pytest.skip(f"no Python {version} here")
    for name in PROGRAMS:
        told = heard(python, name, tmp_path)
        assert told.endswith(f"{python} is too old: python too old: {version}, need 3.9")
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("name", PROGRAMS)
def test_python_2_is_too_old_and_no_riddle(name: str, tmp_path: Path) -> None:
    python = an_old_python("2.7")
    if not python:
        pytest.skip("no Python 2 here")
    assert "is too old: need 3.9, and it is older than 3.4" in heard(python, name, tmp_path)


def test_the_words_of_a_python_without_dash_i_are_known_where_none_is_installed(
    tmp_path: Path,
) -> None:
    """A stand-in that refuses as Python 2.7.18 did when it was asked."""
    python = tmp_path / "python"
    python.write_text(
        "#!/bin/sh\n"
        "echo 'Unknown option: -I' >&2\n"
        'echo "usage: $0 [option] ... [-c cmd | -m mod | file | -] [arg] ..." >&2\n'
        "exit 2\n"
    )
    python.chmod(0o755)
    assert "is too old" in heard(str(python), "job", tmp_path)


def test_an_agent_runs_under_the_python_that_runs_this(tmp_path: Path) -> None:
    host = Host("new", TransportKind.LOCAL, str(tmp_path / "w"), sys.executable)
    with agent.open_agent(LocalTransport(host), "job", host.workspace) as session:
        session.send_json({"do": "list"})
        assert session.receive_json()["jobs"] == []
