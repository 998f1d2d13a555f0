"""Agents that answer in no form of ours: the host's fault in one sentence, never a bug of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cloud.answer import read_pod
from orchestrator.cloud.pod import trust_alias
from orchestrator.cloud.watchdog import Watchdog
from orchestrator.errors import HostUnfit, HostUnreachable
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.store.runs.run_store import RunStore
from orchestrator.sync import sources
from orchestrator.sync.deploy import deploy
from orchestrator.values.progress import Silence
from orchestrator.workflows.diagnose import diagnose
from orchestrator.workflows.jobs.remote_runs import remote_runs
from tests.cloud.server import pod_json
from tests.security.hostile import hostile_agent, hostile_host
from tests.workflows.syncing import local, write

NONSENSE = [
    "[7]",
    "[None]",
    "[[]]",
    "[{}]",
    "[{'status': 'melted'}]",
    "[{'status': ['same']}]",
]


@pytest.mark.parametrize(
    "answers",
    [
        *NONSENSE,
        "[{'status': 'same'}]",
        "[{'status': 'same', 'root': 7}]",
        "[{'status': 'done', 'root': '/w', 'deleted': 0}]",
        "[{'status': 'wanted', 'base': None}]",
        "[{'status': 'wanted', 'base': None, 'have': 7}]",
        "[{'status': 'wanted', 'base': [], 'have': []}]",
        "[{'status': 'failed'}]",
        "[{'status': 'failed', 'root': '/w', 'text': 7, 'error': None}]",
        "[{'status': 'wanted', 'base': None, 'have': [[]]}, {'status': 'wanted'}]",
        "[{'status': 'wanted', 'base': None, 'have': []}, {'status': 'done', 'root': '/w'}]",
    ],
)
def test_nonsense_about_a_snapshot_is_the_hosts_fault(tmp_path: Path, answers: str) -> None:
    scan = sources.scan(write(tmp_path / "project", {"csrc/a.cu": "A"}))
    with (
        hostile_agent(tmp_path / "host", answers) as transport,
        pytest.raises(HostUnfit, match=r"liar .* answered in a form that no agent of ours uses"),
    ):
        deploy(transport, scan, pauses_s=())


@pytest.mark.parametrize("answers", [*NONSENSE[:3], "[{'ways': 7}]", "[{'ok': True}]", "[]"])
def test_a_pod_that_does_not_say_how_it_would_stop_itself_has_no_watchdog(
    tmp_path: Path, answers: str
) -> None:
    with (
        hostile_agent(tmp_path / "host", answers) as transport,
        pytest.raises((HostUnfit, HostUnreachable), match="liar"),
    ):
        Watchdog(transport, "w1").arm(60)


@pytest.mark.parametrize(
    ("lies", "said"),
    [
        ("ENDED = {'why': 'exit', 'exit_status': 10 ** 400}", "64 bits"),
        ("ENDED = {'why': 'exit', 'exit_status': 1e308}", "no agent of ours uses"),
        ("ENDED = {'why': 'exit', 'exit_status': float('nan')}", "NaN is not strict JSON"),
        ("ENDED = {'why': 'exit', 'exit_status': 2 ** 62}", "no agent of ours uses"),
        ("ENDED = {'why': ['exit'], 'exit_status': 0}", "no agent of ours uses"),
        ("def follow(ask): send(b'J', zlib.compress(b'[' * 100000))", "nested too deeply"),
        ("def follow(ask): send(b'J', zlib.compress(b'{\"a\": 1, \"a\": 2}'))", "given twice"),
        ("def follow(ask): send(b'J', zlib.compress(b'no JSON'))", "not valid JSON"),
        ("def follow(ask): send(b'H', b'[' * 100000)", "no agent of ours uses"),
        ("def follow(ask): return {'error': ['busy']}", "no agent of ours uses"),
        ("def follow(ask): return {'error': 'busy', 'message': [[]]}", "no agent of ours uses"),
    ],
)
def test_an_end_that_makes_no_sense_is_refused_at_once_and_not_tried_again(
    tmp_path: Path, lies: str, said: str
) -> None:
    with (
        hostile_host(tmp_path / "host", f"{lies}\n") as transport,
        pytest.raises(HostUnfit, match=said) as refused,
    ):
        DetachedLauncher(transport).follow("r1", 0, lambda data: None, lambda beat: None)
    assert len(refused.value.message) < 300


def test_one_job_that_makes_no_sense_is_called_damaged_and_hides_no_other(tmp_path: Path) -> None:
    lies = (
        "def listing(ask):\n"
        "    quiet = {'state': 'running', 'waiting_for': None}\n"
        "    bad = ({'why': 'melted', 'exit_status': 0}, [1], 7, {'why': 'exit', 'exit_status': 'x'})\n"
        "    jobs = [dict(quiet, run='bad-%d' % n, end=end) for n, end in enumerate(bad)]\n"
        "    return {'jobs': [*jobs, {'run': 'bare'}, dict(quiet, run='good', end=None)]}\n"
    )
    with hostile_host(tmp_path / "host", lies) as transport:
        known = {run.run_id: run for run in remote_runs(transport, RunStore(tmp_path / "runs"))}
    assert known.pop("good").words == "is running"
    assert {run.state for run in known.values()} == {"damaged"}
    assert known["bare"].words == "is damaged: what its host tells of it makes no sense"
    assert len(known) == 5


@pytest.mark.parametrize("damage", ["[1]", "7", "{}", '{"boot": "x"}', "[" * 100_000, "\x00"])
def test_a_damaged_file_of_one_job_on_the_host_hides_no_other(tmp_path: Path, damage: str) -> None:
    """With the real agent."""
    for name in ("end.json", "status.json"):
        job = tmp_path / "w/jobs" / name.partition(".")[0]
        job.mkdir(parents=True)
        (job / name).write_text(damage)
    with local(tmp_path / "w") as transport:
        known = remote_runs(transport, RunStore(tmp_path / "runs"))
    assert [run.run_id for run in known] == ["end", "status"]


@pytest.mark.parametrize(
    ("lies", "said"),
    [
        ("OFFERED = {'artifacts/' + '/'.join(['a' * 190] * 40): (1, b'x')}", "not a file of a run"),
        ("OFFERED = {'artifacts/' + 'a' * 7000: (1, b'x')}", "not a file of a run"),
        ("OFFERED = {'log.txt': (10 ** 400, b'x')}", "64 bits"),
        ("OFFERED = {'log.txt': (True, b'x')}", "without a size"),
        (
            "OFFERED = {'log.txt': (1, b'x')}\n"
            "def fetch(ask):\n    send(b'B', b'x')\n    return {'ok': True}",
            "not its digest",
        ),
        (
            "OFFERED = {'log.txt': (1, b'x')}\n"
            "def fetch(ask):\n    send(b'B', b'x')\n    return {'sha256': ['00']}",
            "not its digest",
        ),
    ],
)
def test_files_that_cannot_be_are_refused_in_a_line(tmp_path: Path, lies: str, said: str) -> None:
    into = tmp_path / "runs/r1"
    into.mkdir(parents=True)
    with (
        hostile_host(tmp_path / "host", f"{lies}\n") as transport,
        pytest.raises(HostUnfit, match=said) as refused,
    ):
        DetachedLauncher(transport).pull("r1", into, Silence())
    assert len(refused.value.message) < 400
    assert not (into / "log.txt").exists()


@pytest.mark.parametrize(
    "answers",
    [
        "[{'status': 'wanted', 'have': []}]",
        "[{'status': 'failed', 'root': '/w', 'text': 'x'}]",
        "[{'status': 'failed', 'root': '/w', 'text': 'x' * 7000, 'error': None}]",
        "[{'status': 'failed', 'root': '/w' * 9000, 'text': 'x', 'error': 'EACCES'}]",
        "[{'status': 'wanted', 'base': None, 'have': []}, "
        "{'status': 'done', 'root': '/w', 'deleted': 10 ** 400}]",
    ],
)
def test_nothing_a_host_says_of_a_snapshot_is_a_fault_of_ours(tmp_path: Path, answers: str) -> None:
    scan = sources.scan(write(tmp_path / "project", {"csrc/a.cu": "A"}))
    with (
        hostile_agent(tmp_path / "host", answers) as transport,
        pytest.raises(HostUnfit) as refused,
    ):
        deploy(transport, scan, pauses_s=())
    assert len(refused.value.message) < 5000


@pytest.mark.parametrize(
    "answers",
    [
        "[7]",
        "[{'took_s': 10 ** 400}]",
        "[{'silent': [], 'faults': [], 'took_s': 0.1, 'clock_s': 1e300}]",
        "[{'silent': [], 'faults': [], 'took_s': float('inf'), 'clock_s': 1.0}]",
        "[{'silent': [], 'faults': [], 'took_s': 1, 'clock_s': 1.0, 'x' * 7000: 1}]",
        "[{'silent': [], 'faults': [], 'took_s': 1, 'clock_s': 1.0, 'workspace': "
        "{'free_bytes': -5}}]",
        "[{'silent': [], 'faults': [], 'took_s': 1, 'clock_s': 1.0, 'system': {'cpus': 2.5}}]",
    ],
)
def test_evidence_that_cannot_be_is_the_hosts_fault(tmp_path: Path, answers: str) -> None:
    with (
        hostile_agent(tmp_path / "host", answers) as transport,
        pytest.raises(HostUnfit, match="makes no sense") as refused,
    ):
        diagnose(transport)
    assert len(refused.value.message) < 600


@pytest.mark.parametrize(
    "answers", ["[{'ways': [[1]]}]", "[{'error': ['no-way']}]", "[{'ways': ['a'], 'error': 7}]"]
)
def test_a_watchdog_that_says_what_is_no_word_is_refused(tmp_path: Path, answers: str) -> None:
    with (
        hostile_agent(tmp_path / "host", answers) as transport,
        pytest.raises(HostUnfit, match="no agent of ours uses"),
    ):
        Watchdog(transport, "w1").arm(60)


@pytest.mark.parametrize(
    "changes",
    [
        {"startedAt": "0001-01-01T00:00:00+14:00"},
        {"startedAt": "9999-12-31T23:59:59-14:00"},
        {"startedAt": "2026-02-30T00:00:00Z"},
        {"cost": 1e308},
        {"cost": -1.0},
        {"gpu": {"id": "H100", "count": 10**400}},
        {"gpu": {"id": "H100", "count": -1}},
        {"name": "\ud800"},
    ],
)
def test_a_pod_that_cannot_be_is_runpods_fault(changes: dict[str, Any]) -> None:
    body = json.dumps(pod_json(**changes)).encode()
    with pytest.raises(HostUnreachable, match="is not a pod as its API v2 describes it"):
        trust_alias(read_pod(body))


def test_a_key_given_twice_of_a_pod_is_refused() -> None:
    body = json.dumps(pod_json()).replace('"locked": false', '"locked": false, "locked": true')
    with pytest.raises(HostUnreachable, match="'locked' is given twice"):
        read_pod(body.encode())
