"""A run looks at its host first, beside its deploy, and stops with the words of `doctor`."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import HostKeyError
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.connect import FirstContact, Trust, connect
from orchestrator.values.host import Host
from orchestrator.workflows.diagnose import PATIENCE_S, Beside
from orchestrator.workflows.plan import Wish, plan
from orchestrator.workflows.profile import Order, profile
from remote_payload.contract.words import Device, Stage
from remote_payload.machine.device_lock import LOOK_LIMIT_S
from tests.cli.conftest import Outcome, Project
from tests.cli.quick import quick_payload
from tests.conftest import SshdVariant
from tests.disks import mounted
from tests.faults.doubles import Said
from tests.ssh.link import LossyLink
from tests.ssh.server import SshServer

TOOLS = Path(__file__).parents[1] / "fixtures" / "doctor"
H100 = {
    "PATH": f"{TOOLS / 'h100'}:/usr/local/bin:/usr/bin:/bin",
    "PYTHONPATH": str(TOOLS / "torch_cuda"),
}
# The agent bounds itself to 2.4 s; the rest is room for a busy test machine.
AGENT_LIMIT_S = 2.4


def doctors_words(project: Project, topic: str) -> tuple[str, str]:
    """What `doctor` says of the topic, and the mend."""
    found = project.orchestrator("doctor", "--json").json["findings"]
    one = next(one for one in found if one["topic"] == topic and one["level"] != "ok")
    return f"{topic}: {one['found']}", one["mend"]


def assert_stopped(project: Project, outcome: Outcome, topic: str) -> None:
    words, mend = doctors_words(project, topic)
    assert outcome.code == 4, outcome.err
    # JSON is passed on, and names no folder of anybody's; an error is for whoever reads it.
    before, _, after = words.partition("<workspace>")
    assert before in outcome.err
    assert after in outcome.err
    assert f"hint: {mend}" in outcome.err
    assert not (project.root / "runs").exists()


@pytest.mark.parametrize("verb", ["check", "bench", "profile"])
def test_a_gpu_that_was_insisted_on_and_is_not_there_stops_every_verb(
    project: Project, sshd: SshServer, verb: str
) -> None:
    project.add_ssh_host(sshd, env={"PATH": "/usr/bin:/bin"})
    quick_payload(project.root)
    assert_stopped(project, project.orchestrator(verb, "--device", "cuda"), "gpu")


def test_a_host_without_a_gpu_runs_on_its_cpu_and_says_so_once(
    project: Project, sshd: SshServer
) -> None:
    project.add_ssh_host(sshd, env={"PATH": "/usr/bin:/bin"})
    quick_payload(project.root)
    outcome = project.orchestrator("profile")
    assert outcome.code == 0, outcome.err
    words, mend = doctors_words(project, "gpu")
    assert outcome.err.count(f"{words} → {mend}\n") == 1


def test_a_fit_host_is_not_commented_upon(project: Project, sshd: SshServer) -> None:
    project.add_ssh_host(sshd, env=H100)
    quick_payload(project.root)
    outcome = project.orchestrator("profile", "--no-ncu")
    assert outcome.code == 0, outcome.err
    assert not [line for line in outcome.err.splitlines() if line.startswith(("gpu", "torch"))]


def test_a_torch_that_cannot_use_the_gpu_stops_a_run_unless_it_is_for_the_cpu(
    project: Project, sshd: SshServer, tmp_path: Path
) -> None:
    stub = tmp_path / "stub" / "torch"
    stub.mkdir(parents=True)
    (stub / "__init__.py").touch()
    (stub / "version.py").write_text("__version__ = '2.9.0'\ncuda = None\n")
    project.add_ssh_host(sshd, env=H100 | {"PYTHONPATH": str(stub.parent)})
    quick_payload(project.root)
    outcome = project.orchestrator("profile")
    assert_stopped(project, outcome, "torch")
    assert "or run on the CPU: --device cpu" in outcome.err
    assert project.orchestrator("profile", "--device", "cpu").code == 0


HIDDEN = "/usr/local/cuda* /opt/nvidia"
# This machine's own toolkit lies where builds look; the sessions of this server do not see it.
WITHOUT_TOOLKIT = (
    f"ForceCommand unshare -m sh -c 'for d in {HIDDEN}; do [ ! -d $d ] || mount -t tmpfs none $d; "
    'done; eval "$SSH_ORIGINAL_COMMAND"\''
)


@pytest.fixture
def bare_server(sshd: SshServer, sshd_variant: SshdVariant) -> SshServer:
    """A server whose machine has no CUDA toolkit but what PATH leads to."""
    if not any(Path("/").glob(pattern[1:]) for pattern in HIDDEN.split()):
        return sshd
    if os.geteuid() != 0:
        pytest.skip("the CUDA toolkit of this machine can be hidden by root only")
    return sshd_variant(WITHOUT_TOOLKIT)


def tools_of_an_h100(folder: Path, *names: str) -> dict[str, str]:
    """The environment of a host with an H100 and only the named tools."""
    folder.mkdir()
    for name in ("nvidia-smi", "log.xml", *names):
        (folder / name).symlink_to(TOOLS / "h100" / name)
    return H100 | {"PATH": f"{folder}:/usr/bin:/bin"}


def test_a_missing_compiler_stops_a_run_of_our_kernel_only(
    project: Project, bare_server: SshServer, tmp_path: Path
) -> None:
    project.add_ssh_host(bare_server, env=tools_of_an_h100(tmp_path / "tools"))
    quick_payload(project.root)
    assert_stopped(project, project.orchestrator("check"), "nvcc")
    assert project.orchestrator("check", "--providers", "sdpa").code == 0


def test_counters_that_were_insisted_on_need_an_ncu(
    project: Project, bare_server: SshServer, tmp_path: Path
) -> None:
    project.add_ssh_host(bare_server, env=tools_of_an_h100(tmp_path / "tools", "nvcc"))
    quick_payload(project.root)
    assert_stopped(project, project.orchestrator("profile", "--ncu"), "ncu")
    outcome = project.orchestrator("profile")
    assert outcome.code == 0, outcome.err
    assert "ncu: not found on PATH" in outcome.err
    assert "ncu: not found" not in project.orchestrator("profile", "--no-ncu").err


def test_a_workspace_that_is_read_only_is_told_in_doctors_words(
    project: Project, sshd: SshServer, tmp_path: Path
) -> None:
    with mounted(tmp_path / "fixed", "ro") as fixed:
        project.add_ssh_host(sshd, workspace=str(fixed / "work"))
        quick_payload(project.root)
        assert_stopped(project, project.orchestrator("profile"), "workspace")


def test_a_hanging_nvidia_smi_costs_no_more_than_the_agents_limit_and_stops_nothing(
    project: Project, sshd: SshServer
) -> None:
    quick_payload(project.root)
    took_s = {}
    for kind in ("h100", "hanging"):
        path = f"{TOOLS / kind}:/usr/local/bin:/usr/bin:/bin"
        project.add_ssh_host(sshd, env=H100 | {"PATH": path})
        began = time.monotonic()
        outcome = project.orchestrator("profile", "--device", "cuda", "--providers", "sdpa")
        took_s[kind] = time.monotonic() - began
        assert outcome.code == 0, outcome.err
    assert "gpu: nvidia-smi does not answer → " in outcome.err
    assert took_s["hanging"] < took_s["h100"] + AGENT_LIMIT_S + LOOK_LIMIT_S + 1.5, took_s


# Of the programs that travel in a command line and are told a nonce and the workspace alone, the
# look is the first.
ODD = """#!/bin/sh
if [ "$1 $2 $#" = "-IS -c 5" ]; then
  [ -e {book} ] || {{ touch {book}; {answer}; }}
fi
exec {python} "$@"
"""


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("echo no doctor here; exit 3", "did not start our agent (exit 3)"),
        ("kill -9 $$", "did not start our agent"),
        ("sleep 30", "it took too long"),
    ],
)
def test_a_look_that_fails_stops_nothing_and_is_told(
    project: Project, sshd: SshServer, tmp_path: Path, answer: str, words: str
) -> None:
    odd, book = tmp_path / "python", tmp_path / "book"
    odd.write_text(ODD.format(answer=answer, python=sys.executable, book=book))
    odd.chmod(0o755)
    project.add_ssh_host(sshd, python=str(odd))
    quick_payload(project.root)
    began = time.monotonic()
    outcome = project.orchestrator("check")
    assert outcome.code == 0, outcome.err
    assert outcome.err.count("going on without a look at ") == 1
    assert words in outcome.err
    assert time.monotonic() - began < PATIENCE_S + 10


def test_a_server_that_grants_one_session_loses_us_the_look_alone(
    project: Project, sshd_variant: SshdVariant
) -> None:
    project.add_ssh_host(sshd_variant("MaxSessions 1"))
    quick_payload(project.root)
    outcome = project.orchestrator("check")
    assert outcome.code == 0, outcome.err
    assert "going on without a look at" in outcome.err


def test_a_look_costs_a_long_line_next_to_nothing(
    project: Project,
    sshd: SshServer,
    lossy_link: Callable[..., LossyLink],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Against the same run without it, at 100 ms: one round trip and what Python takes to start.

    The fastest of each, in turn, as the machine may be busy.
    """
    link = lossy_link(latency_s=0.05)
    project.add_ssh_host(sshd, port=link.port, env={"PATH": "/usr/bin:/bin"})
    quick_payload(project.root)
    assert project.orchestrator("check").code == 0

    def took_s() -> float:
        began = time.monotonic()
        assert project.orchestrator("check").code == 0
        return time.monotonic() - began

    with_look_s, without_s = [], []
    for _ in range(8):
        with_look_s.append(took_s())
        with monkeypatch.context() as patch:
            patch.setattr(Beside, "fit_for", lambda self, request: ())
            without_s.append(took_s())
        if len(without_s) > 2 and min(with_look_s) - min(without_s) < 0.6:
            return
    pytest.fail(f"with a look {with_look_s}, without {without_s} s")


def test_the_look_waits_for_the_deploys_own_connection(
    project: Project, sshd: SshServer, tmp_path: Path
) -> None:
    """A host that cannot be reached is dialled once, and nobody is asked about its key twice."""
    quick_payload(project.root)
    asked: list[str] = []

    def ask(question: str, fingerprint: str) -> bool:
        asked.append(fingerprint)
        return False

    host: Host = sshd.unpinned()
    trust = Trust(tmp_path / "known_hosts", FirstContact.ASK, ask)
    stages = (Stage.BUILD, Stage.CHECK)
    order = Order(project.root, "check", "", plan(Wish(stages, device=Device.CPU), tmp_path))
    with connect(host, trust) as transport, pytest.raises(HostKeyError):
        profile(order, transport, RunStore(tmp_path / "runs"), Said())
    assert len(asked) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "look"]
