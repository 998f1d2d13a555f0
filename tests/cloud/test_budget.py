"""--stop-after and --max-minutes: whole commands against an API and a pod on this machine."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode
from tests.cli.quick import quick_payload
from tests.cloud.conftest import Project
from tests.cloud.renting import (
    BARE_PATH,
    POD,
    STAYS,
    STOP,
    add_pod,
    laptop,
    the_run,
    until,
    watchdogs,
)
from tests.cloud.server import FakeRunPod, pod_json, problem
from tests.ssh.server import LOCKS, SshServer


def test_the_pod_is_stopped_when_the_run_is_over_and_the_price_told_and_kept(
    rented: Project, fake: FakeRunPod
) -> None:
    done = rented.orchestrator("check", "--host", "pod", "--stop-after")
    assert done.code == ExitCode.OK, done.err
    assert fake.seen[-1] == STOP
    assert f"pod {POD} is stopped (EXITED)" in done.err
    said = re.search(r"cost: (.+) \(2\.69 \$/h × \d+ s, 1 × NVIDIA H100 80GB HBM3\)", done.err)
    assert said
    (charge,) = json.loads((the_run(rented) / "price.json").read_text())["charges"]
    assert charge["usd_per_hour"] == 2.69
    assert 0 < charge["duration_s"] < 60
    assert charge["gpu"] == "NVIDIA H100 80GB HBM3"


def test_without_a_budget_the_price_is_told_and_the_pod_left_running(
    rented: Project, fake: FakeRunPod
) -> None:
    done = rented.orchestrator("check", "--host", "pod")
    assert done.code == ExitCode.OK, done.err
    assert "cost: " in done.err
    assert STOP not in fake.seen
    assert not watchdogs(rented)


def test_a_failed_run_stops_the_pod_as_well(rented: Project, fake: FakeRunPod) -> None:
    quick_payload(rented.root, "sys.exit(7)\n")
    done = rented.orchestrator("check", "--host", "pod", "--stop-after")
    assert done.code != ExitCode.OK
    assert "NO RESULT" in done.out
    assert fake.seen[-1] == STOP


def test_an_error_before_the_run_stops_the_pod_as_well(rented: Project, fake: FakeRunPod) -> None:
    (rented.root / "remote_payload/runner.py").write_text("raise SystemExit('no supervisor')\n")
    done = rented.orchestrator("check", "--host", "pod", "--stop-after")
    assert done.code == ExitCode.UNFIT, done.err
    assert fake.seen[-1] == STOP


def test_a_pod_that_cannot_be_reached_is_stopped_as_it_bills_all_the_same(
    rented: Project, fake: FakeRunPod
) -> None:
    fake.add(pod_json(address="127.0.0.1", port=1))
    done = rented.orchestrator("check", "--host", "pod", "--stop-after")
    assert done.code == ExitCode.UNREACHABLE
    assert "refuses connections" in done.err
    assert fake.seen[-1] == STOP


def test_another_host_key_does_not_make_us_stop_a_pod(
    rented: Project, fake: FakeRunPod, sshd: SshServer
) -> None:
    add_pod(rented, sshd, "changed", host_key="SHA256:" + "A" * 43)
    done = rented.orchestrator("check", "--host", "changed", "--stop-after")
    assert done.code == ExitCode.UNREACHABLE
    assert STOP not in fake.seen


def test_a_pod_that_will_not_stop_is_the_commands_error(rented: Project, fake: FakeRunPod) -> None:
    fake.add(pod_json(**{**pod_json(address="127.0.0.1", port=fake_port(fake)), "locked": True}))
    done = rented.orchestrator("check", "--host", "pod", "--stop-after")
    assert done.code == ExitCode.UNREACHABLE
    assert "RunPod does not do this to pod" in done.err
    assert "cost: " in done.err
    assert (the_run(rented) / "result.json").exists()


def fake_port(fake: FakeRunPod) -> int:
    return int(fake.pods[POD][0]["ssh"]["direct"]["port"])


def test_a_pod_on_which_another_run_goes_on_is_not_stopped(
    rented: Project, fake: FakeRunPod, sshd: SshServer, tmp_path: Path
) -> None:
    apart = tmp_path / "locks of another container"
    apart.mkdir()
    add_pod(rented, sshd, "same", env={LOCKS: str(apart)})
    quick_payload(rented.root, STAYS)
    other = laptop(rented, "check", "--host", "same", "--device", "cpu")
    busy = the_run(rented).name
    try:
        quick_payload(rented.root)
        done = rented.orchestrator("check", "--host", "pod", "--stop-after")
        assert done.code == ExitCode.OK, done.err
        assert STOP not in fake.seen
        assert f"not stopped, as run {busy} still goes on there" in done.err
        assert len(watchdogs(rented)) == 1
    finally:
        rented.orchestrator("cancel", busy)
        other.communicate(timeout=30)


def test_a_limit_arms_the_pods_watchdog_and_calls_it_off_in_the_end(
    rented: Project, fake: FakeRunPod, notes: Path
) -> None:
    quick_payload(rented.root, "time.sleep(1)\nanswer()\n")
    done = rented.orchestrator("check", "--host", "pod", "--max-minutes", "30")
    assert done.code == ExitCode.OK, done.err
    assert "the pod stops itself in 30 min at the latest (runpodctl)" in done.err
    request = json.loads((the_run(rented) / "request.json").read_text())
    assert request["time_limit_s"] == 29 * 60
    assert not watchdogs(rented)
    assert STOP not in fake.seen
    assert not notes.exists()


def test_a_laptop_that_dies_does_not_keep_the_pod_billing(rented: Project, notes: Path) -> None:
    quick_payload(rented.root, STAYS)
    process = laptop(rented, "check", "--host", "pod", "--max-minutes", "0.1")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    until(notes.exists, 15)
    assert notes.read_text() == f"pod stop {POD}\n"


def test_leaving_a_run_leaves_the_pod_to_its_watchdog(rented: Project, fake: FakeRunPod) -> None:
    quick_payload(rented.root, STAYS)
    process = laptop(rented, "check", "--host", "pod", "--stop-after")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == ExitCode.INTERRUPTED, said
    assert "the pod stops itself in 45 min at the latest" in said
    assert STOP not in fake.seen
    assert len(watchdogs(rented)) == 1
    rented.orchestrator("cancel", the_run(rented).name)


@pytest.mark.parametrize("option", [("--stop-after",), ("--max-minutes", "5")])
def test_a_host_that_is_no_pod_has_no_budget(rented: Project, option: tuple[str, ...]) -> None:
    rented.add("local", transport="local")
    refused = rented.orchestrator("check", "--host", "local", *option)
    assert refused.code == ExitCode.USAGE
    assert "are for pods, and local (this machine) is none" in refused.err


def test_a_limit_that_the_pod_cannot_keep_is_refused_before_any_work(
    rented: Project, sshd: SshServer
) -> None:
    add_pod(rented, sshd, "bare", env={"PATH": BARE_PATH})
    refused = rented.orchestrator("check", "--host", "bare", "--max-minutes", "5")
    assert refused.code == ExitCode.UNFIT
    assert "neither RUNPOD_API_KEY nor runpodctl" in refused.err
    assert not (rented.root / "runs").exists()
    warned = rented.orchestrator("check", "--host", "bare", "--stop-after")
    assert warned.code == ExitCode.OK, warned.err
    assert "stop the pod yourself" in warned.err


def test_a_price_that_cannot_be_asked_for_stops_nothing(rented: Project, fake: FakeRunPod) -> None:
    fake.faults = [problem(404, "Not Found", "for a moment")]
    done = rented.orchestrator("check", "--host", "pod")
    assert done.code == ExitCode.OK, done.err
    assert "the price is not known" in done.err
    assert (
        "\nCost: not known; nobody told the price.\n" in (the_run(rented) / "report.md").read_text()
    )
    shown = rented.orchestrator("runs", "show", "--json").json["price"]
    assert shown == {"charges": [], "unpriced": 1, "usd": None, "commands": 1}


def test_a_dry_run_shows_the_watchdog_and_asks_nobody(rented: Project, fake: FakeRunPod) -> None:
    shown = rented.orchestrator("check", "--host", "pod", "--dry-run", "--max-minutes", "5")
    assert shown.code == ExitCode.OK
    assert "<watchdog, " in shown.out
    assert "--max-minutes leaves the run 240 s of its 1800 s" in shown.err
    assert fake.seen == []
