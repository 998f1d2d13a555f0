"""From a pod's id to today's address, and what each of its states means for the user."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cloud.runpod import RunPod, Waiting, endpoint
from orchestrator.errors import ExitCode, HostStopped, HostUnreachable
from orchestrator.transport.connect import FirstContact, Trust, connect
from orchestrator.values.command import Command
from orchestrator.values.host import Host, TransportKind
from tests.cloud.server import FakeRunPod, complaints, pod_json, problem
from tests.ssh.server import SshServer

POD = "7h9k2m4n6p"
HOST = Host("h100", TransportKind.SSH, "/workspace", "python", user="root", pod=POD)


def test_todays_address_and_port_are_taken_and_nothing_else_changes(
    fake: FakeRunPod, client: RunPod
) -> None:
    fake.add(pod_json(address="203.0.113.7", port=10022), pod_json(port=10044))
    first, second = endpoint(HOST, client), endpoint(HOST, client)
    assert (first.address, first.port, first.user) == ("203.0.113.7", 10022, "root")
    assert (second.address, second.port) == ("195.26.233.3", 10044)
    assert (first.name, first.workspace, first.pod) == ("h100", "/workspace", POD)
    assert first.trusted_as == f"runpod-{POD}-20260601T120200Z"


def test_the_address_is_not_shown(fake: FakeRunPod, client: RunPod) -> None:
    fake.add(pod_json())
    assert endpoint(HOST, client).where == f"h100 (pod {POD}:34446)"


def test_the_users_own_login_name_wins(fake: FakeRunPod, client: RunPod) -> None:
    fake.add(pod_json(user="ubuntu"))
    assert endpoint(HOST, client).user == "root"
    anyone = Host("h100", TransportKind.SSH, "/workspace", "python", pod=POD)
    assert endpoint(anyone, client).user == "ubuntu"


@pytest.mark.parametrize(
    ("pod", "said", "advice"),
    [
        ({"status": "PROVISIONING"}, "still being allocated", "in a minute"),
        ({"status": "STARTING"}, "still starting", "in a minute"),
        ({"status": "EXITED"}, r"is stopped \(EXITED\)", "Start it in RunPod's console"),
        ({"status": "ERROR"}, "ended in ERROR", "may go on billing"),
        ({"status": "TERMINATED"}, "is gone", "Rent another pod"),
        ({"port": None}, "no public SSH port", "public IP"),
        ({"port": None, "ports": ("8888/http",)}, "does not expose port 22", "TCP ports"),
    ],
)
def test_each_state_without_an_endpoint_is_told_with_advice(
    fake: FakeRunPod, client: RunPod, pod: dict[str, Any], said: str, advice: str
) -> None:
    fake.add(pod_json(**pod))
    with pytest.raises(HostUnreachable, match=rf"h100 \(pod {POD}\) .*{said}") as caught:
        endpoint(HOST, client)
    assert advice in caught.value.hint
    assert caught.value.exit_code is ExitCode.UNREACHABLE
    assert len(fake.seen) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("PROVISIONING", HostUnreachable),
        ("STARTING", HostUnreachable),
        ("EXITED", HostStopped),
        ("ERROR", HostStopped),
        ("TERMINATED", HostStopped),
    ],
)
def test_only_a_pod_that_will_not_come_up_by_itself_counts_as_stopped(
    fake: FakeRunPod, client: RunPod, status: str, kind: type[HostUnreachable]
) -> None:
    fake.add(pod_json(status=status))
    with pytest.raises(HostUnreachable) as caught:
        endpoint(HOST, client)
    assert type(caught.value) is kind


def test_a_pod_that_migrated_has_a_new_id(fake: FakeRunPod, client: RunPod) -> None:
    fake.faults = [problem(404, "Not Found", "pod not found")]
    with pytest.raises(HostUnreachable, match=f"RunPod has no pod {POD}") as caught:
        endpoint(HOST, client)
    assert "new id" in caught.value.hint


def test_a_pod_on_its_way_up_is_waited_for_and_each_state_told_once(
    fake: FakeRunPod, client: RunPod
) -> None:
    states = ("PROVISIONING", "PROVISIONING", "STARTING")
    on_its_way = [pod_json(status=state) for state in states]
    fake.add(*on_its_way, pod_json(port=None), pod_json(port=10022))
    told: list[str] = []
    found = endpoint(HOST, client, Waiting(limit_s=10, tell=told.append, pause_s=0.01))
    assert found.port == 10022
    assert told == [
        f"h100 (pod {POD}) is {state}; waiting for its SSH port, at most 10 s"
        for state in ("PROVISIONING", "STARTING", "RUNNING")
    ]


def test_waiting_has_an_end(fake: FakeRunPod, client: RunPod) -> None:
    fake.add(pod_json(status="STARTING"))
    with pytest.raises(HostUnreachable, match="still starting"):
        endpoint(HOST, client, Waiting(limit_s=0.1, pause_s=0.02))
    assert 2 < len(fake.seen) < 10


@pytest.mark.parametrize("status", ["EXITED", "ERROR", "TERMINATED"])
def test_a_pod_that_does_not_come_up_by_itself_is_not_waited_for(
    fake: FakeRunPod, client: RunPod, status: str
) -> None:
    fake.add(pod_json(status=status))
    with pytest.raises(HostUnreachable):
        endpoint(HOST, client, Waiting(limit_s=60))
    assert len(fake.seen) == 1


def test_every_opening_asks_anew_and_an_open_connection_asks_nobody(
    fake: FakeRunPod, client: RunPod, sshd: SshServer, tmp_path: Path
) -> None:
    fake.add(pod_json(address="127.0.0.1", port=sshd.port))
    pod = replace(sshd.unpinned("h100"), address=None, port=None, pod=POD)
    trust = Trust(tmp_path / "known_hosts", FirstContact.ACCEPT)
    with connect(pod, trust, lambda host: endpoint(host, client)) as transport:
        assert fake.seen == []
        for asked in (1, 1, 2):
            if asked > 1:
                transport.close()
            assert transport.run(Command(("true",))).ok
            assert len(fake.seen) == asked


def test_the_fake_api_is_judged_by_the_description_of_the_real_one() -> None:
    assert complaints(pod_json(), "Pod") == []
    incomplete = pod_json()
    del incomplete["runtime"]
    assert len(complaints(incomplete, "Pod")) == 1
