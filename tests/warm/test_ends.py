"""However a warm process ends, nothing of it is left."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostUnfit, LinkLost
from orchestrator.launch.warm import Warm
from orchestrator.transport.connect import Trust
from orchestrator.transport.local import LocalTransport
from orchestrator.transport.ssh import SshTransport
from orchestrator.values.job import Ending, Heartbeat
from remote_payload.contract.words import Status
from remote_payload.machine.device_lock import DeviceLock
from tests.processes import commands_in, left_at_work_in, needs_proc
from tests.ssh.link import LossyLink
from tests.ssh.server import LOCKS, SshServer
from tests.warm.conftest import HANGS, RIGHT, Ear, Project

pytestmark = needs_proc


def supervisor(project: Project) -> int:
    """The one that holds the channel: the folder of a warm process is called after it."""
    (folder,) = project.folders()
    return int(folder.name.partition("-")[0])


class Once(Ear):
    """Does something when the provider hangs, on a thread of its own."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._act: Callable[[], object] | None = act
        self.at_s = 0.0

    def take(self, data: bytes) -> None:
        super().take(data)
        if b"it hangs" in self.log and self._act is not None:
            act, self._act, self.at_s = self._act, None, time.monotonic()
            threading.Thread(target=act).start()


def test_that_a_link_cut_in_the_middle_of_a_turn_leaves_nothing_there(
    project: Project, sshd: SshServer, lossy_link: Callable[..., LossyLink], tmp_path: Path
) -> None:
    link, there = lossy_link(), Path(sshd.workspace)
    host = replace(sshd.host(), port=link.port, env=(("OMP_NUM_THREADS", "1"),))
    with SshTransport(host, Trust(tmp_path / "known_hosts")) as transport, Warm(transport) as warm:
        hear = Once(link.cut)
        with pytest.raises(LinkLost):
            project.turn(warm, transport, HANGS, hear)
        assert hear.at_s
        assert not warm.is_open
        assert left_at_work_in(there) == []
        assert list((there / "warm").iterdir()) == []
        turn = project.turn(warm, transport)
        assert (turn.result.status, turn.restarted) == (Status.OK, True)
    assert left_at_work_in(there) == []


def test_that_a_signal_to_its_supervisor_ends_all_of_it_also_while_it_gets_warm(
    project: Project, transport: LocalTransport
) -> None:
    with Warm(transport) as warm:
        snapshot = project.deployed(transport)
        warm.open(snapshot)
        threading.Timer(0.2, os.kill, (supervisor(project), signal.SIGTERM)).start()
        with pytest.raises(LinkLost, match="ended its warm process: ended by SIGTERM"):
            warm.turn(snapshot, project.request(snapshot))
    assert left_at_work_in(project.workspace) == []
    assert project.left() == []


def test_that_what_a_killed_supervisor_left_ends_and_its_folder_goes_with_the_next(
    project: Project, transport: LocalTransport
) -> None:
    with Warm(transport) as warm:
        hear = Once(lambda: os.kill(supervisor(project), signal.SIGKILL))
        with pytest.raises(LinkLost):
            project.turn(warm, transport, HANGS, hear)
        assert left_at_work_in(project.workspace) == []
        (left,) = project.folders()
        warm.open(project.deployed(transport))
        (mine,) = project.folders()
        assert mine != left
    assert project.left() == []


def test_that_a_payload_that_was_killed_in_the_middle_of_a_turn_is_told_as_killed(
    project: Project, transport: LocalTransport
) -> None:
    with Warm(transport) as warm:
        hear = Once(lambda: os.kill(called(project, "turns.live"), signal.SIGKILL))
        turn = project.turn(warm, transport, HANGS, hear)
        assert (turn.end.why, turn.end.words) == (Ending.EXIT, "was killed by signal 9")
        assert turn.result.reason == "it was killed by signal 9"
        assert project.turn(warm, transport).result.status is Status.OK
    assert left_at_work_in(project.workspace) == []


def test_that_closing_ends_it_in_the_middle_of_a_turn_too(
    project: Project, transport: LocalTransport
) -> None:
    with Warm(transport) as warm:
        snapshot = project.deployed(transport)
        warm.open(snapshot)
        threading.Timer(0.2, warm.close).start()
        with pytest.raises(LinkLost):
            warm.turn(snapshot, project.request(snapshot))
    assert left_at_work_in(project.workspace) == []
    assert project.left() == []


def test_that_it_ends_when_nobody_asks_and_starts_again_when_somebody_does(
    project: Project, transport: LocalTransport
) -> None:
    with Warm(transport, idle_s=0.2) as warm:
        snapshot = project.deployed(transport)
        warm.open(snapshot)
        assert len(project.folders()) == 1
        until = time.monotonic() + 10
        while project.folders() and time.monotonic() < until:
            time.sleep(0.05)
        assert left_at_work_in(project.workspace) == []
        turn = warm.turn(snapshot, project.request(snapshot, stages=()))
        assert (turn.restarted, turn.end.exit_status) == (True, 2)
        assert turn.end.message == "stages: expected at least one stage"


# In the place of the host's Python: a payload that ends right after its answer, before its supervisor
# has come to read that, which stands still until then.
ENDS = f"""#!{sys.executable}
import os, signal, subprocess, sys
if "turns.live" not in sys.argv[2]:
    os.execv({sys.executable!r}, [{sys.executable!r}, *sys.argv[1:]])
sys.stdin.readline()
above, answers = os.getppid(), int(sys.argv[4])
os.kill(above, signal.SIGSTOP)
words = ["sh", "-c", f"read line; kill -CONT {{above}}"]
quiet = subprocess.DEVNULL
goes_on = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)
os.write(answers, b'{{"status": 7}}\\n')
os.close(answers)
os._exit(0)
"""


def test_that_a_payload_that_ended_with_its_answer_is_another_in_the_next_turn(
    project: Project, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text(ENDS)
    python.chmod(0o755)
    host = replace(project.host, python=str(python))
    with LocalTransport(host) as transport, Warm(transport) as warm:
        snapshot = project.deployed(transport)
        request = project.request(snapshot, time_limit_s=1.0)
        ends = [warm.turn(snapshot, request).end for _ in range(2)]
    assert [(one.why, one.exit_status) for one in ends] == [(Ending.EXIT, 7)] * 2


@pytest.mark.parametrize("goes", ["the payload", "what starts its workers"])
def test_that_an_order_that_a_payload_ends_before_it_begins_is_carried_out_by_another(
    project: Project, transport: LocalTransport, goes: str
) -> None:
    with Warm(transport) as warm:
        project.turn(warm, transport)
        payload = called(project, "turns.live")
        os.kill(payload, signal.SIGSTOP)  # so that the order waits for it
        try:
            if goes == "the payload":
                threading.Timer(0.5, os.kill, (payload, signal.SIGKILL)).start()
            else:
                os.kill(called(project, "multiprocessing.forkserver"), signal.SIGKILL)
                threading.Timer(0.5, os.kill, (payload, signal.SIGCONT)).start()
            turn = project.turn(warm, transport)
            assert (turn.result.status, turn.restarted) == (Status.OK, False)
            assert called(project, "turns.live") != payload
        finally:
            with suppress(ProcessLookupError):
                os.kill(payload, signal.SIGKILL)


def called(project: Project, word: str) -> int:
    """The one process at work there whose command line says so; those it forked say the same."""
    return min(pid for pid, words in commands_in(project.workspace).items() if word in words)


def test_that_a_payload_that_dies_while_a_turn_waits_for_the_device_costs_that_turn_nothing(
    project: Project, transport: LocalTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOCKS, str(project.root))
    lock = DeviceLock(project.workspace, ())

    class Killing(Ear):
        def beat(self, beat: Heartbeat) -> None:
            super().beat(beat)
            if len(self.beats) == 1:
                os.kill(called(project, "turns.live"), signal.SIGKILL)
            elif len(self.beats) == 2:  # it has been seen by now
                lock.release()

    with Warm(transport) as warm:
        project.turn(warm, transport)
        assert lock.try_take("other") is None
        try:
            turn = project.turn(warm, transport, RIGHT, Killing())
        finally:
            lock.release()
    assert (turn.result.status, turn.restarted) == (Status.OK, False)


def test_that_a_snapshot_that_was_changed_there_is_not_served(
    project: Project, transport: LocalTransport
) -> None:
    snapshot = project.deployed(transport, "# other\n")
    place = project.workspace / "snapshots" / snapshot / "mine.py"
    place.chmod(0o644)
    place.write_text("# evil!\n")
    with Warm(transport) as warm:
        with pytest.raises(HostUnfit, match=r"changed or missing: 'mine\.py'") as caught:
            warm.open(snapshot)
        assert "Run the same command again" in caught.value.hint
    assert project.folders() == []


def test_that_a_snapshot_in_use_is_not_removed_for_newer_ones(
    project: Project, transport: LocalTransport
) -> None:
    with Warm(transport) as warm:
        snapshot = project.deployed(transport, "# the first\n")
        warm.open(snapshot)
        for number in range(6):
            project.deployed(transport, f"# {number}\n")
        assert (project.workspace / "snapshots" / snapshot).is_dir()
    for number in range(6, 8):
        project.deployed(transport, f"# {number}\n")
    assert not (project.workspace / "snapshots" / snapshot).exists()
