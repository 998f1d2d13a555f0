"""The client against an API that obeys its description, and against one that has a bad day."""

from __future__ import annotations

import socket
from datetime import datetime, timezone
from typing import Any

import pytest

from orchestrator.cloud.api import Api, ApiKey, Patience
from orchestrator.cloud.pod import Endpoint, Pod, PodStatus, trust_alias
from orchestrator.cloud.runpod import RunPod
from orchestrator.errors import AuthenticationError, ExitCode, HostStopped, HostUnreachable
from tests.cloud.server import (
    KEY,
    FakeRunPod,
    Fault,
    cut_off,
    hang_up,
    page,
    pod_json,
    pod_like,
    problem,
    silence,
)

POD = "7h9k2m4n6p"


def test_a_running_pod_is_read_whole(fake: FakeRunPod, client: RunPod) -> None:
    fake.add(pod_json())
    assert client.pod(POD) == Pod(
        id=POD,
        name="attention",
        status=PodStatus.RUNNING,
        gpu="NVIDIA H100 80GB HBM3",
        gpu_count=1,
        cost_usd_per_hour=2.69,
        started_at=datetime(2026, 6, 1, 12, 2, tzinfo=timezone.utc),
        ssh=Endpoint("195.26.233.3", 34446, "root"),
        exposes_ssh=True,
        locked=False,
    )
    assert fake.seen == [f"GET /v2/pods/{POD}"]


def test_fields_that_we_do_not_know_are_no_concern_of_ours(
    fake: FakeRunPod, client: RunPod
) -> None:
    fake.add({**pod_json(), "moonPhase": {"waning": True}})
    assert client.pod(POD).name == "attention"


def test_a_cpu_pod_has_no_gpu(fake: FakeRunPod, client: RunPod) -> None:
    pod = pod_json(cpu={"id": "cpu5c", "vcpuCount": 4, "memory": 16})
    del pod["gpu"]
    fake.add(pod)
    assert (client.pod(POD).gpu, client.pod(POD).gpu_count) == (None, 0)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"status": "PAUSED"}, "status"),
        ({"status": None}, "status"),
        ({"cost": "2.69"}, "cost"),
        ({"cost": -1}, "cost"),
        ({"startedAt": "yesterday"}, "startedAt"),
        ({"startedAt": "2026-06-01T12:02:00"}, "startedAt"),
        ({"ssh": None}, "ssh"),
        ({"ssh": {"proxy": None}}, "ssh.direct"),
        ({"ssh": {"direct": {"host": "h", "port": "22", "username": "u"}}}, "ssh.direct.port"),
        ({"ssh": {"direct": {"host": "h", "port": 70022, "username": "u"}}}, "ssh.direct.port"),
        ({"ssh": {"direct": {"host": "-oX=y", "port": 22, "username": "u"}}}, "ssh.direct.host"),
        ({"ssh": {"direct": {"host": "$(id)", "port": 22, "username": "u"}}}, "ssh.direct.host"),
        ({"ssh": {"direct": {"host": "h", "port": 22, "username": "u;id"}}}, "ssh.direct.username"),
    ],
)
def test_a_field_that_we_need_and_cannot_read_is_named(
    fake: FakeRunPod, client: RunPod, change: dict[str, Any], named: str
) -> None:
    fake.faults = [pod_like({**pod_json(), **change})]
    with pytest.raises(HostUnreachable, match=rf"is not a pod .*: {named}: ") as caught:
        client.pod(POD)
    assert "newer release" in caught.value.hint


@pytest.mark.parametrize("missing", ["id", "name", "status", "cost", "startedAt", "ssh"])
def test_a_missing_field_is_named(fake: FakeRunPod, client: RunPod, missing: str) -> None:
    pod = pod_json()
    del pod[missing]
    fake.faults = [pod_like(pod)]
    with pytest.raises(HostUnreachable, match=f"{missing}: Field required"):
        client.pod(POD)


@pytest.mark.parametrize("body", [b"<html>Hello</html>", b"", b'{"id": "7h9', b"[]", b"\xff\xfe"])
def test_an_answer_that_is_no_pod_at_all_is_said_to_be_none(
    fake: FakeRunPod, client: RunPod, body: bytes
) -> None:
    fake.faults = [page(200, body)]
    with pytest.raises(HostUnreachable, match=r"is not a pod .*: the whole: "):
        client.pod(POD)


@pytest.mark.parametrize(
    ("fault", "kind", "said", "advice"),
    [
        (problem(401, "Unauthorized", "no"), AuthenticationError, "RUNPOD_API_KEY: no", "export"),
        (problem(403, "Forbidden", "no"), AuthenticationError, f"to pod {POD}: no", "read and wri"),
        (problem(402, "Payment", "no"), HostUnreachable, "balance is too low: no", "credit"),
        (problem(404, "Not Found", "no"), HostStopped, f"no pod {POD}: no", "migrated"),
        (problem(422, "Unprocessable", "no"), HostUnreachable, "HTTP 422.: no", "newer release"),
        (page(418, b"<b>tea</b>"), HostUnreachable, r"HTTP 418.$", "newer release"),
    ],
)
def test_each_refusal_is_told_once_with_its_way_out(
    fake: FakeRunPod,
    client: RunPod,
    fault: Fault,
    kind: type[HostUnreachable],
    said: str,
    advice: str,
) -> None:
    fake.faults = [fault]
    with pytest.raises(HostUnreachable, match=said) as caught:
        client.pod(POD)
    assert type(caught.value) is kind
    assert caught.value.exit_code is ExitCode.UNREACHABLE
    assert advice in caught.value.hint
    assert len(fake.seen) == 1


@pytest.mark.parametrize(
    "fault",
    [
        problem(503, "Unavailable", "soon"),
        page(502, b"<html>Bad Gateway</html>"),
        problem(429, "Too Many Requests", "minute window"),
        cut_off,
        hang_up,
    ],
)
def test_a_fault_that_passes_is_not_even_noticed(
    fake: FakeRunPod, client: RunPod, fault: Fault, pauses_s: list[float]
) -> None:
    fake.add(pod_json())
    fake.faults = [fault, fault]
    assert client.pod(POD).id == POD
    assert len(fake.seen) == 3
    assert len(pauses_s) == 2
    assert 0.25 <= pauses_s[0] <= 0.75
    assert 1.0 <= pauses_s[1] <= 3.0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (problem(503, "Unavailable", "maintenance"), r"out of order \(HTTP 503\): maintenance"),
        (cut_off, "broke off"),
        (hang_up, "cannot be reached"),
    ],
)
def test_a_fault_that_stays_is_told_after_three_tries(
    fake: FakeRunPod, client: RunPod, fault: Fault, said: str
) -> None:
    fake.faults = [fault] * 9
    with pytest.raises(HostUnreachable, match=said):
        client.pod(POD)
    assert len(fake.seen) == 3


def test_a_silence_that_passes_is_not_even_noticed(fake: FakeRunPod, impatient: RunPod) -> None:
    fake.add(pod_json())
    fake.faults = [silence(1.2), silence(1.2)]
    assert impatient.pod(POD).id == POD
    assert len(fake.seen) == 3


def test_a_silence_that_stays_is_told_after_three_tries(
    fake: FakeRunPod, impatient: RunPod
) -> None:
    fake.faults = [silence(1.2)] * 9
    with pytest.raises(HostUnreachable, match="does not answer"):
        impatient.pod(POD)
    assert len(fake.seen) == 3


def test_the_server_says_how_long_to_wait_and_is_obeyed(
    fake: FakeRunPod, client: RunPod, pauses_s: list[float]
) -> None:
    fake.add(pod_json())
    fake.faults = [problem(429, "Too Many Requests", "minute window", Retry_After="12")]
    client.pod(POD)
    assert 12 < pauses_s[0] < 13


def test_nobody_waits_for_half_an_hour_but_hears_about_it(
    fake: FakeRunPod, client: RunPod, pauses_s: list[float]
) -> None:
    fake.faults = [problem(429, "Too Many Requests", "hour window", Retry_After="1812")]
    with pytest.raises(HostUnreachable, match="too often: hour window") as caught:
        client.pod(POD)
    assert caught.value.hint == "Try again in 1812 s."
    assert pauses_s == []


def test_a_date_as_retry_after_is_no_reason_to_fail(
    fake: FakeRunPod, client: RunPod, pauses_s: list[float]
) -> None:
    fake.add(pod_json())
    fake.faults = [page(503, b"", **{"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT"})]
    assert client.pod(POD).id == POD
    assert pauses_s[0] < 1


def test_an_address_where_nothing_listens_is_named() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        api = Api(f"http://127.0.0.1:{port}/v2", ApiKey(KEY), Patience(pauses_s=()))
        with pytest.raises(HostUnreachable, match=f"127.0.0.1:{port} cannot be reached"):
            RunPod(api).pod(POD)


def test_a_proxy_of_the_environment_is_not_asked_for_the_way_to_this_machine(
    fake: FakeRunPod, client: RunPod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    fake.add(pod_json())
    assert client.pod(POD).id == POD


def test_a_redirect_does_not_take_the_key_along(fake: FakeRunPod, client: RunPod) -> None:
    fake.add(pod_json())
    fake.faults = [page(307, b"", Location=f"{fake.url}/pods/{POD}")]
    with pytest.raises(HostUnreachable, match="sends us elsewhere"):
        client.pod(POD)
    assert len(fake.seen) == 1


def test_terminal_escapes_of_the_server_are_harmless(fake: FakeRunPod, client: RunPod) -> None:
    fake.add(pod_json(name="\x1b]0;owned\x07pod"))
    assert client.pod(POD).name == "\\x1b]0;owned\\x07pod"
    fake.faults = [problem(404, "Not Found", "\x1b[2Jgone")]
    with pytest.raises(HostUnreachable, match=r"\\x1b\[2Jgone"):
        client.pod(POD)


def test_a_running_pod_is_stopped(fake: FakeRunPod, client: RunPod) -> None:
    fake.add(pod_json())
    stopped = client.stop(POD)
    assert stopped.status is PodStatus.EXITED
    assert stopped.cost_usd_per_hour == 0
    assert fake.seen == [f"POST /v2/pods/{POD}/action"]


def test_stopping_a_stopped_pod_is_no_error(fake: FakeRunPod, client: RunPod) -> None:
    fake.add(pod_json(status="EXITED"))
    assert client.stop(POD).status is PodStatus.EXITED


def test_a_locked_pod_that_goes_on_billing_is_an_error(fake: FakeRunPod, client: RunPod) -> None:
    fake.add(pod_json(locked=True))
    with pytest.raises(HostUnreachable, match=f"pod {POD} as it is now: cannot stop") as caught:
        client.stop(POD)
    assert "locked" in caught.value.hint


def test_the_alias_of_the_host_key_names_pod_and_start(fake: FakeRunPod, client: RunPod) -> None:
    answers = [
        pod_json(started="2026-06-01T12:02:00Z"),
        pod_json(started="2026-06-01T14:02:00.25+02:00"),
        pod_json(started="2026-06-02T08:00:00Z"),
        pod_json(started=None),
    ]
    fake.add(*answers)
    assert [trust_alias(client.pod(POD)) for _ in answers] == [
        f"runpod-{POD}-20260601T120200Z",
        f"runpod-{POD}-20260601T120200Z",
        f"runpod-{POD}-20260602T080000Z",
        f"runpod-{POD}-never",
    ]
