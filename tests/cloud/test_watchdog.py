"""The watchdog as a real process: this machine is the pod, `runpodctl` a program that takes notes."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator.cloud.watchdog import Watchdog
from orchestrator.errors import HostUnfit
from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host, TransportKind
from tests.cloud.renting import BARE_PATH, POD, stand_in, until
from tests.cloud.server import KEY, FakeRunPod, pod_json, problem


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


@dataclass(frozen=True)
class Pod:
    """A workspace and the environment that the inventory gives it."""

    workspace: Path
    env: dict[str, str]

    @property
    def host(self) -> Host:
        env = tuple(self.env.items())
        here = Host("pod", TransportKind.LOCAL, str(self.workspace), sys.executable, env=env)
        return replace(here, pod=POD)

    def watchdog(self, name: str = "w1", exports: str = "/nowhere") -> Watchdog:
        return Watchdog(LocalTransport(self.host), name, exports)

    def states(self) -> list[dict[str, object]]:
        return [json.loads(path.read_text()) for path in self.files()]

    def files(self) -> list[Path]:
        return sorted((self.workspace / "watchdogs").glob("*.json"))


@pytest.fixture
def pod(tmp_path: Path) -> Iterator[Pod]:
    made = Pod(tmp_path / "work space", {"PATH": BARE_PATH})
    yield made
    pids = [int(str(state.get("pid", 0))) for state in made.states()]
    for path in made.files():
        path.unlink()
    until(lambda: not any(runs(pid) for pid in pids if pid))


def test_the_pod_is_stopped_by_its_own_tool_when_time_is_up(pod: Pod, tmp_path: Path) -> None:
    notes = stand_in(tmp_path / "bin")
    pod.env["PATH"] = f"{tmp_path / 'bin'}:{BARE_PATH}"
    assert pod.watchdog().arm(0.7) == ("runpodctl",)
    assert not notes.exists()
    until(notes.exists)
    assert notes.read_text() == f"pod stop {POD}\n"
    until(lambda: pod.states()[0].get("said") == ["stopped"])


def test_an_older_tool_is_asked_in_its_own_words(pod: Pod, tmp_path: Path) -> None:
    notes = stand_in(tmp_path / "bin", exit_status=1)
    pod.env["PATH"] = f"{tmp_path / 'bin'}:{BARE_PATH}"
    pod.watchdog().arm(0.1)
    until(lambda: "said" in pod.states()[0])
    assert notes.read_text() == f"pod stop {POD}\nstop pod {POD}\n"
    assert pod.states()[0]["said"] == ["runpodctl exit 1", "no key"]


def test_without_the_tool_the_api_is_asked_with_the_pods_key(pod: Pod, fake: FakeRunPod) -> None:
    fake.add(pod_json())
    pod.env.update({"RUNPOD_API_KEY": KEY, "RUNPOD_API_URL": fake.url})
    assert pod.watchdog().arm(0.3) == ("api",)
    until(lambda: "said" in pod.states()[0])
    assert fake.seen == [f"POST /v2/pods/{POD}/action"]
    assert pod.states()[0]["said"] == ["no runpodctl", "stopped"]


def test_an_api_that_refuses_is_noted_without_its_words_or_the_key(
    pod: Pod, fake: FakeRunPod
) -> None:
    fake.faults = [problem(403, "Forbidden", f"Bearer {KEY} may not")]
    pod.env.update({"RUNPOD_API_KEY": KEY, "RUNPOD_API_URL": fake.url})
    pod.watchdog().arm(0.1)
    until(lambda: "said" in pod.states()[0])
    assert pod.states()[0]["said"] == ["no runpodctl", "HTTP 403"]
    assert KEY not in pod.files()[0].read_text()


def test_the_key_is_in_no_file_and_no_command_line(pod: Pod, fake: FakeRunPod) -> None:
    pod.env.update({"RUNPOD_API_KEY": KEY, "RUNPOD_API_URL": fake.url})
    pod.watchdog().arm(60)
    (state,) = pod.states()
    assert KEY.encode() not in Path(f"/proc/{state['pid']}/cmdline").read_bytes()
    assert not [p for p in pod.workspace.rglob("*") if p.is_file() and KEY in p.read_text()]


def test_what_only_interactive_shells_are_told_is_read_from_the_pods_own_file(
    pod: Pod, fake: FakeRunPod, tmp_path: Path
) -> None:
    fake.add(pod_json())
    exports = tmp_path / "rp_environment"
    exports.write_text(
        f'export RUNPOD_POD_ID="{POD}"\nexport RUNPOD_API_KEY="{KEY}"\n'
        f"export RUNPOD_API_URL={fake.url}\n"
    )
    assert pod.watchdog(exports=str(exports)).arm(0.1) == ("api",)
    until(lambda: fake.seen)


def test_the_key_is_not_sent_over_plain_http_to_another_machine(pod: Pod) -> None:
    pod.env.update({"RUNPOD_API_KEY": KEY, "RUNPOD_API_URL": "http://api.example.org/v2"})
    with pytest.raises(HostUnfit, match="cannot stop itself"):
        pod.watchdog().arm(60)


def test_a_pod_that_cannot_stop_itself_is_unfit_and_nothing_is_left_there(pod: Pod) -> None:
    with pytest.raises(HostUnfit, match="neither RUNPOD_API_KEY nor runpodctl"):
        pod.watchdog().arm(60)
    assert not pod.files()


def test_a_cancelled_watchdog_ends_and_never_bites(pod: Pod, tmp_path: Path) -> None:
    notes = stand_in(tmp_path / "bin")
    pod.env["PATH"] = f"{tmp_path / 'bin'}:{BARE_PATH}"
    pod.watchdog().arm(1.0)
    pid = int(str(pod.states()[0]["pid"]))
    assert runs(pid)
    pod.watchdog().cancel()
    assert not runs(pid)
    assert not pod.files()
    time.sleep(1.2)
    assert not notes.exists()
    pod.watchdog().cancel()


def test_a_renewed_watchdog_counts_anew(pod: Pod, tmp_path: Path) -> None:
    notes = stand_in(tmp_path / "bin")
    pod.env["PATH"] = f"{tmp_path / 'bin'}:{BARE_PATH}"
    pod.watchdog().arm(1.5)
    assert pod.watchdog().renew(60)
    time.sleep(2.2)
    assert not notes.exists()
    assert pod.watchdog().renew(0.1)
    until(notes.exists)
    assert not pod.watchdog("w2").renew(60)


def test_each_watchdog_is_its_own_and_dead_ones_are_cleared_away(pod: Pod, tmp_path: Path) -> None:
    stand_in(tmp_path / "bin")
    pod.env["PATH"] = f"{tmp_path / 'bin'}:{BARE_PATH}"
    pod.watchdog("w1").arm(60)
    pod.watchdog("w2").arm(60)
    pid = int(str(pod.states()[0]["pid"]))
    os.kill(pid, 9)
    until(lambda: not runs(pid))
    pod.watchdog("w3").arm(60)
    assert [path.stem for path in pod.files()] == ["w2", "w3"]


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a.json"])
def test_a_watchdogs_name_cannot_lead_out_of_its_folder(pod: Pod, name: str) -> None:
    pod.env.update({"RUNPOD_API_KEY": KEY})
    with pytest.raises(HostUnfit, match="could not start its watchdog"):
        pod.watchdog(name).arm(60)
