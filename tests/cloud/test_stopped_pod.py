"""A pod that is stopped, gone or on its way up, while somebody wants something of it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode
from tests.cli.quick import quick_payload
from tests.cloud.conftest import Project
from tests.cloud.renting import POD, STAYS, STOP, laptop, the_run, until
from tests.cloud.server import FakeRunPod, pod_json, problem
from tests.faults.conftest import kill_sessions
from tests.ssh.server import SshServer

# Patience with a host that is merely away; a pod that is off takes a small part of it.
PATIENCE_S = 120.0
AT_ONCE_S = 20.0


def said_at_its_end(process: subprocess.Popen[str]) -> str:
    began = time.monotonic()
    _, said = process.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - began < AT_ONCE_S, said
    return said


@pytest.mark.parametrize("option", [(), ("--stop-after",)])
def test_a_pod_stopped_in_mid_job_ends_at_once_with_the_state_unknown_and_the_way_back(
    rented: Project, fake: FakeRunPod, sshd: SshServer, option: tuple[str, ...]
) -> None:
    quick_payload(rented.root, STAYS)
    process = laptop(rented, "check", "--host", "pod", *option)
    running = fake.pods[POD]
    fake.add(pod_json(status="EXITED"))
    kill_sessions(sshd)
    said = said_at_its_end(process)
    run = the_run(rented).name
    assert process.returncode == ExitCode.UNREACHABLE
    assert f"pod (pod {POD}) is stopped (EXITED); the state of run {run} is unknown" in said
    assert "last seen" in said
    assert "results stay on its disk" in said
    assert f"Then: orchestrator attach {run}" in said
    assert "may well go on" not in said
    assert STOP not in fake.seen
    fake.add(*running)
    rented.orchestrator("cancel", run)
    attached = rented.orchestrator("attach")
    assert "was cancelled" in attached.err


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("EXITED", "is stopped (EXITED)"),
        ("ERROR", "ended in ERROR"),
        ("TERMINATED", "was terminated and is gone"),
    ],
)
def test_attaching_to_a_run_on_a_pod_that_is_off_fails_at_once(
    rented: Project, fake: FakeRunPod, state: str, words: str
) -> None:
    assert rented.orchestrator("check", "--host", "pod").code == ExitCode.OK
    price = (the_run(rented) / "price.json").read_bytes()
    fake.add(pod_json(status=state))
    began = time.monotonic()
    done = rented.orchestrator("attach")
    assert time.monotonic() - began < AT_ONCE_S
    assert done.code == ExitCode.UNREACHABLE
    assert words in done.err
    assert "is unknown, last seen" in done.err
    if state != "ERROR":  # it cost nothing, so it is no command of the price
        assert (the_run(rented) / "price.json").read_bytes() == price


def test_a_pod_that_runpod_no_longer_knows_fails_at_once(
    rented: Project, fake: FakeRunPod, sshd: SshServer
) -> None:
    quick_payload(rented.root, STAYS)
    process = laptop(rented, "check", "--host", "pod")
    running = fake.pods[POD]
    fake.faults = [problem(404, "Not Found", "pod not found")] * 9
    kill_sessions(sshd)
    said = said_at_its_end(process)
    assert process.returncode == ExitCode.UNREACHABLE
    assert f"RunPod has no pod {POD}" in said
    assert "is unknown, last seen" in said
    fake.faults = []
    fake.add(*running)
    rented.orchestrator("cancel", the_run(rented).name)


def test_a_pod_that_is_starting_again_is_waited_for(
    rented: Project, fake: FakeRunPod, sshd: SshServer, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    quick_payload(
        rented.root,
        "print('began', flush=True)\n"
        f"while not Path({str(go)!r}).exists(): time.sleep(0.05)\n"
        "answer()\n",
    )
    process = laptop(rented, "check", "--host", "pod")
    running = fake.pods[POD][0]
    fake.add(pod_json(status="STARTING"), pod_json(port=None), running)
    kill_sessions(sshd)
    until(lambda: len(fake.pods[POD]) == 1, 20)
    go.touch()
    _, said = process.communicate(timeout=60)
    assert process.returncode == ExitCode.OK, said
    assert "is STARTING; waiting for its SSH port" in said
    assert (the_run(rented) / "result.json").exists()
