"""Toolkits of their own, and ten lines compiled with them as doctor does."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator.doctor.diagnosis import Diagnosis
from orchestrator.doctor.finding import Case, Finding
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.host_facts import CompileProbe, Facts, Reach, Toolkit
from orchestrator.workflows.compile_probe import compile_ten_lines
from orchestrator.workflows.diagnose import diagnose
from tests import toolkit

SYSTEM = "/usr/bin:/bin"
REACH = Reach("", 0.0, 0.0, 0, 0.0)


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toolkit.copy_toolkit(tmp_path_factory.mktemp("toolkit") / "cuda-13")


@pytest.fixture
def here(tmp_path: Path) -> Host:
    (tmp_path / "work").mkdir()
    return Host("here", TransportKind.LOCAL, str(tmp_path / "work"), sys.executable)


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with one host compiler, so that a failure is not tried again with another."""
    folder = tmp_path_factory.mktemp("bin")
    for name in ("sh", "rm", "dd", "gcc", "g++", "as", "ld"):
        (folder / name).symlink_to(str(shutil.which(name, path=SYSTEM)))
    return str(folder)


@dataclass(frozen=True)
class Tried:
    """A host on which the whole toolkit was tried once, what came of it, and what was told."""

    host: Host
    path: str
    seen: CompileProbe
    told: list[str]


@pytest.fixture(scope="module")
def warm(kit: Path, lean: str, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    workspace = tmp_path_factory.mktemp("warm") / "work"
    workspace.mkdir()
    host = Host("here", TransportKind.LOCAL, str(workspace), sys.executable)
    return Tried(host, lean, *probe(host, kit, PATH=lean))


def probe(
    host: Host, kit: Path, *others: Path, limit_s: float = 60.0, **env: str
) -> tuple[CompileProbe, list[str]]:
    """What comes of it, and what the person watching is told."""
    told: list[str] = []
    host = replace(host, env=(*host.env, *({"PATH": SYSTEM} | env).items()))
    kits = tuple(Toolkit(f"{one}/bin/nvcc", "13.0", False, True) for one in (kit, *others))
    with connect(host, Trust(Path(host.workspace).parent / "known_hosts")) as transport:
        case = Case(host, REACH, Facts(toolkits=kits))
        seen = compile_ten_lines(transport, case, told.append, limit_s)
    assert seen is not None
    return seen, told


def look(host: Host) -> Diagnosis:
    with connect(host, Trust(Path(host.workspace).parent / "known_hosts")) as transport:
        return diagnose(transport)


def line(diagnosis: Diagnosis, topic: str) -> Finding:
    return next(one for one in diagnosis.findings if one.topic == topic)


def left_in(workspace: str) -> list[str]:
    return sorted(path.name for path in Path(workspace).iterdir())
