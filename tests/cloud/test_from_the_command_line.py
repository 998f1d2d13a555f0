"""Whole commands about a pod: a real API on this machine, a real SSH server as the pod."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode
from orchestrator.transport.login.known_hosts import keys_of
from tests.cloud.conftest import Project
from tests.cloud.server import KEY, FakeRunPod, page, pod_json, problem
from tests.conftest import SshdVariant
from tests.ssh.server import SshServer

REPOSITORY = Path(__file__).parents[2]
POD = "7h9k2m4n6p"
STARTED = ("2026-06-01T12:02:00Z", "2026-06-02T08:00:00Z")


def at(server: SshServer, started: str = STARTED[0]) -> dict[str, object]:
    """The pod while `server` is its sshd."""
    return pod_json(address="127.0.0.1", port=server.port, started=started)


def logins(server: SshServer) -> int:
    return server.log().count("Accepted publickey")


def test_a_pod_that_restarted_elsewhere_is_found_again_and_its_old_address_left_alone(
    project: Project, fake: FakeRunPod, sshd_variant: SshdVariant
) -> None:
    before = sshd_variant()
    after = sshd_variant(host_key=before.keys.other_host)
    fake.add(at(before))
    first = project.deploy()
    fake.add(at(after, STARTED[1]))
    second = project.deploy()
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert first.json["sent_files"] > 0
    assert second.json["sent_files"] == 0
    assert second.json["snapshot"] == first.json["snapshot"]
    assert (logins(before), logins(after)) == (1, 1)


def test_each_start_of_a_pod_has_a_host_key_of_its_own(
    project: Project, fake: FakeRunPod, sshd_variant: SshdVariant
) -> None:
    server = sshd_variant()
    fake.add(at(server))
    assert project.deploy().code == 0
    file = project.root / ".orchestrator/known_hosts"
    (key,) = keys_of(file, f"runpod-{POD}-20260601T120200Z")
    assert key.fingerprint == server.fingerprint
    assert keys_of(file, "h100") == ()
    fake.add(at(server, STARTED[1]))
    unasked = project.orchestrator("deploy", "--no-build")
    assert unasked.code == ExitCode.UNREACHABLE
    assert "is not known yet" in unasked.err


def test_another_key_since_the_same_start_is_refused_until_it_is_trusted_anew(
    project: Project, fake: FakeRunPod, sshd_variant: SshdVariant
) -> None:
    first = sshd_variant()
    impostor = sshd_variant(host_key=first.keys.other_host)
    fake.add(at(first))
    assert project.deploy().code == 0
    fake.add(at(impostor))
    refused = project.deploy()
    assert refused.code == ExitCode.UNREACHABLE
    assert "has CHANGED" in refused.err
    assert first.fingerprint in refused.err
    assert impostor.fingerprint in refused.err
    assert logins(impostor) == 0
    assert "forgot the host key" in project.orchestrator("hosts", "trust", "h100").out
    assert project.deploy().code == 0


def test_the_key_of_whoever_had_the_address_before_is_not_taken_for_the_pods(
    project: Project, fake: FakeRunPod, sshd: SshServer, home: Path
) -> None:
    (home / ".ssh").mkdir()
    stale = Path(f"{sshd.keys.other_host}.pub").read_text().split()[:2]
    line = f"[127.0.0.1]:{sshd.port} {' '.join(stale)}\n"
    (home / ".ssh/known_hosts").write_text(line)
    fake.add(at(sshd))
    assert project.deploy().code == 0


def test_a_refused_connection_is_looked_up_once_more(
    project: Project, fake: FakeRunPod, sshd: SshServer
) -> None:
    gone = pod_json(address="127.0.0.1", port=1)
    fake.add(gone, at(sshd))
    done = project.deploy()
    assert done.code == 0, done.err
    assert len(fake.seen) == 2


def test_a_pod_that_keeps_refusing_is_an_error(project: Project, fake: FakeRunPod) -> None:
    fake.add(pod_json(address="127.0.0.1", port=1))
    done = project.deploy()
    assert done.code == ExitCode.UNREACHABLE
    assert f"h100 (pod {POD}:1) refuses connections" in done.err
    assert len(fake.seen) == 2
    assert "127.0.0.1" not in done.err


def test_a_stopped_pod_ends_with_the_advice_to_start_it(project: Project, fake: FakeRunPod) -> None:
    fake.add(pod_json(status="EXITED"))
    done = project.deploy()
    assert done.code == ExitCode.UNREACHABLE
    assert f"h100 (pod {POD}) is stopped (EXITED)" in done.err
    assert "hint: Start it in RunPod's console" in done.err


def test_without_a_key_the_command_says_what_to_export(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNPOD_API_KEY")
    done = project.deploy()
    assert done.code == ExitCode.USAGE
    assert "RUNPOD_API_KEY is not set" in done.err


def test_a_dry_run_asks_nobody(project: Project, fake: FakeRunPod) -> None:
    assert project.orchestrator("deploy", "--dry-run").code == 0
    assert fake.seen == []


def test_status_shows_every_pod_with_its_price_and_where_it_is(
    project: Project, fake: FakeRunPod
) -> None:
    fake.add(pod_json())
    project.add("asleep", transport="ssh", runpod={"pod": "sleeping1"})
    project.add("local", transport="local")
    fake.add(pod_json("sleeping1", "EXITED"))
    shown = project.orchestrator("hosts", "status")
    assert shown.code == 0
    assert shown.out == (
        "h100    RUNNING  1 × NVIDIA H100 80GB HBM3  2.69 $/h  since 2026-06-01 12:02 UTC"
        "  root@195.26.233.3:34446\n"
        "asleep  EXITED   1 × NVIDIA H100 80GB HBM3  0.00 $/h\n"
    )
    assert shown.err == "next: orchestrator deploy --host h100\n"


def test_status_as_json_is_one_document_without_the_pods_environment(
    project: Project, fake: FakeRunPod
) -> None:
    fake.add(pod_json())
    shown = project.orchestrator("hosts", "status", "h100", "--json")
    assert shown.json == [
        {
            "name": "h100",
            "pod": POD,
            "status": "RUNNING",
            "gpu": "NVIDIA H100 80GB HBM3",
            "gpu_count": 1,
            "cost_usd_per_hour": 2.69,
            "started_at": "2026-06-01T12:02:00+00:00",
            "ssh": {"address": "195.26.233.3", "port": 34446, "user": "root"},
        }
    ]


def test_one_pod_that_is_gone_does_not_hide_the_others(project: Project, fake: FakeRunPod) -> None:
    fake.add(pod_json())
    project.add("gone", transport="ssh", runpod={"pod": "terminated1"})
    shown = project.orchestrator("hosts", "status", "--json")
    assert shown.code == ExitCode.UNREACHABLE
    assert shown.json[0]["status"] == "RUNNING"
    assert "has no pod terminated1" in shown.json[1]["problem"]
    assert "new id" in shown.err
    assert "gone  unknown" in project.orchestrator("hosts", "status").out.replace("    ", "  ")


def test_a_host_that_is_no_pod_has_no_status(project: Project) -> None:
    project.add("local", transport="local")
    refused = project.orchestrator("hosts", "status", "local")
    assert refused.code == ExitCode.USAGE
    assert "local (this machine) is not a pod" in refused.err


def test_an_inventory_without_pods_needs_no_key(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNPOD_API_KEY")
    (project.root / "inventory.yaml").write_text("hosts: {local: {transport: local}}\n")
    shown = project.orchestrator("hosts", "status", "--json")
    assert (shown.code, shown.json) == (0, [])
    assert "none has the key runpod" in shown.err


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("deploy", "--no-build"), "refused"),
        (("deploy", "--no-build"), "echoed"),
        (("deploy", "--no-build"), "redirected"),
        (("deploy", "--no-build"), "unreachable"),
        (("hosts", "status"), "echoed"),
        (("hosts", "status", "--json"), "none"),
    ],
)
def test_the_api_key_is_never_printed_not_even_with_debug(
    project: Project, fake: FakeRunPod, words: tuple[str, ...], fault: str
) -> None:
    fake.add(pod_json(status="EXITED"))
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    if fault == "refused":
        environment["RUNPOD_API_KEY"] = KEY[:-1]
    elif fault == "echoed":
        fake.faults = [problem(403, "Forbidden", f"Bearer {KEY} may not do this")]
    elif fault == "redirected":
        fake.faults = [page(302, KEY.encode(), Location=f"{fake.url}/{KEY}")]
    elif fault == "unreachable":
        environment["RUNPOD_API_URL"] = "http://127.0.0.1:1/v2"
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", "--debug", *words],
        cwd=project.root,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.stdout + done.stderr
    assert KEY[:-1] not in done.stdout + done.stderr


def test_a_pod_on_its_way_up_is_waited_for(
    project: Project, fake: FakeRunPod, sshd: SshServer
) -> None:
    fake.add(pod_json(status="STARTING"), at(sshd))
    begun = time.monotonic()
    done = project.deploy()
    assert done.code == 0, done.err
    assert f"h100 (pod {POD}) is STARTING; waiting for its SSH port" in done.err
    assert time.monotonic() - begun < 20
