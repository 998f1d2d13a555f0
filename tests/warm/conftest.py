"""A project with an operator and a provider of one's own, and a workspace on this machine."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator.launch.warm import Hear, Turn, Warm
from orchestrator.sync.deploy import deploy_from
from orchestrator.transport.base import Transport
from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.job import Heartbeat
from remote_payload.contract.plans import BenchPlan, CheckPlan
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.words import Device, Method, Stage
from tests.ssh.server import LOCKS

PAYLOAD = Path(__file__).parents[2] / "remote_payload"
OPERATOR = """import torch
axes = {"M": 8, "N": 16}
def inputs(M, N, dtype, generator): return torch.randn(M, N, dtype=dtype, generator=generator)
def reference(x): return torch.softmax(x, -1)
"""
RIGHT = "import torch\ndef mine(x): return torch.softmax(x, -1)\n"
WRONG = "import torch\ndef mine(x): return torch.softmax(x, -1) * 1.5\n"
BROKEN = "import torch\ndef mine(x): return torch.softmax(x, -1\n"
HANGS = (
    "import os, time\n"
    "def mine(x):\n"
    "    print('it hangs as', os.getpid(), flush=True)\n"
    "    time.sleep(3600)\n"
)


@dataclass(frozen=True)
class Project:
    """A folder to deploy from. root: it; workspace: on the host, which is this machine; temporary:
    of what runs there, of a short name as sockets need one."""

    root: Path
    workspace: Path
    temporary: Path

    @property
    def host(self) -> Host:
        env = ((LOCKS, str(self.root)), ("OMP_NUM_THREADS", "1"), ("TMPDIR", str(self.temporary)))
        return Host("here", TransportKind.LOCAL, str(self.workspace), sys.executable, env=env)

    def deployed(self, transport: Transport, mine: str = RIGHT, operator: str = OPERATOR) -> str:
        """The digest of a snapshot with these two files, on the host."""
        extra = [("mine.py", mine.encode()), ("op.py", operator.encode())]
        return deploy_from(self.root, transport, extra=extra).digest

    def request(self, snapshot: str, **changes: object) -> Request:
        """Check and a quick race of a provider beside the operator's reference."""
        asked = Request(
            run_id="20261130-081500-here-watch",
            snapshot=snapshot,
            stages=(Stage.CHECK, Stage.BENCH),
            cases=(),
            providers=(Provider("mine", target="mine.py:mine"), Provider("reference")),
            operator="op",
            operator_target="op.py",
            device=Device.CPU,
            check=CheckPlan(case_limit_s=20.0),
            bench=BenchPlan((Method.BACK_TO_BACK,), 1, 2, 1, 0.5, starts=(2,)),
        )
        return replace(asked, **changes)  # type: ignore[arg-type]

    def turn(
        self, warm: Warm, transport: Transport, mine: str = RIGHT, hear: Hear | None = None
    ) -> Turn:
        """Deploy, and one turn."""
        snapshot = self.deployed(transport, mine)
        return warm.turn(snapshot, self.request(snapshot), hear)

    def left(self) -> list[Path]:
        """Of processes that have ended: their folders, and what they had for a while."""
        return [*self.folders(), *self.temporary.iterdir()]

    def folders(self) -> list[Path]:
        """Those of warm processes."""
        return sorted((self.workspace / "warm").glob("*"))


class Ear:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.log = b""
        self.beats: list[Heartbeat] = []

    def take(self, data: bytes) -> None:
        self.log += data

    def beat(self, beat: Heartbeat) -> None:
        self.beats.append(beat)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("warm project")
    shutil.copytree(PAYLOAD, root / "remote_payload", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "csrc").mkdir()
    (root / "csrc" / "kernel.cu").write_text("// nothing to compile\n")
    with tempfile.TemporaryDirectory(prefix="w", dir="/tmp") as temporary:
        yield Project(root, tmp_path_factory.mktemp("host") / "work space", Path(temporary))


@pytest.fixture(scope="module")
def transport(project: Project) -> Iterator[LocalTransport]:
    with LocalTransport(project.host) as transport:
        yield transport


@pytest.fixture(scope="module")
def warm(transport: LocalTransport) -> Iterator[Warm]:
    """One process for the tests of a module; each leaves it warm."""
    with Warm(transport) as warm:
        yield warm
