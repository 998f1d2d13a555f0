"""The API key: asked for, checked, sent to the API alone, and never shown."""

from __future__ import annotations

import pytest

from orchestrator.cloud.api import ApiKey
from orchestrator.cloud.runpod import RunPod, from_environment
from orchestrator.errors import HostUnreachable, UsageError
from tests.cloud.server import KEY, FakeRunPod, pod_json, problem

POD = "7h9k2m4n6p"


def test_the_key_does_not_show_itself() -> None:
    assert KEY not in repr(ApiKey(KEY)) + str(ApiKey(KEY))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_a_server_that_repeats_the_key_is_not_quoted(
    fake: FakeRunPod, client: RunPod, status: int
) -> None:
    fake.faults = [problem(status, "Bad", "x" * 280 + f"key {KEY} is wrong", Retry_After="99")]
    with pytest.raises(HostUnreachable) as caught:
        client.pod(POD)
    assert "key ***" in caught.value.message
    assert KEY[:8] not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("value", ["", "  ", None])
def test_without_a_key_the_variable_is_asked_for(value: str | None) -> None:
    environ = {} if value is None else {"RUNPOD_API_KEY": value}
    with pytest.raises(UsageError, match="RUNPOD_API_KEY is not set"):
        from_environment(environ)


@pytest.mark.parametrize("key", ["two words", "naïve", "line\nbreak", "bell\x07"])
def test_what_cannot_be_a_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(UsageError, match="no API key can") as caught:
        from_environment({"RUNPOD_API_KEY": key})
    assert key not in caught.value.message + caught.value.hint


def test_a_line_end_behind_the_key_is_forgiven(fake: FakeRunPod) -> None:
    fake.add(pod_json())
    client = from_environment({"RUNPOD_API_KEY": f"{KEY}\n", "RUNPOD_API_URL": fake.url})
    assert client.pod(POD).id == POD


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://api.example.org/v2", "unencrypted"),
        ("ftp://127.0.0.1/v2", "unencrypted"),
        ("http://127.0.0.1.example.org/v2", "unencrypted"),
        ("api.example.org/v2", "not an address"),
        ("https://user:word@api.example.org/v2", "not an address"),
        ("https://api.example.org/v2?key=1", "not an address"),
    ],
)
def test_an_address_that_would_leak_the_key_is_refused(url: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        from_environment({"RUNPOD_API_KEY": KEY, "RUNPOD_API_URL": url})


@pytest.mark.parametrize("url", ["https://api.example.org/v2", "http://[::1]:1/v2"])
def test_other_addresses_are_taken(url: str) -> None:
    from_environment({"RUNPOD_API_KEY": KEY, "RUNPOD_API_URL": url})
