"""Runs that a host keeps, as one question to it: states, who waits for whom, and what was asked."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import RunError
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.local import LocalChannel, LocalTransport
from orchestrator.values.command import Command
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.progress import Silence
from orchestrator.workflows.jobs.fetch_runs import fetch
from orchestrator.workflows.jobs.remote_runs import Here, chosen, remote_runs
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from tests.security.hostile import hostile_host

RUN = "20261122-101530-h100-bench"
REQUEST = Request(RUN, "feed", (), (), ())
ENDED = {"why": "exit", "exit_status": 1, "message": ""}


class Counting(LocalTransport):
    """This machine, with the conversations counted."""

    conversations = 0

    @contextmanager
    def stream(self, command: Command) -> Iterator[LocalChannel]:
        self.conversations += 1
        with super().stream(command) as channel:
            yield channel


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def transport(workspace: Path) -> Iterator[Counting]:
    opened = Counting(Host("h100", TransportKind.LOCAL, str(workspace), sys.executable))
    yield opened
    opened.close()


def job(workspace: Path, run_id: str, **files: object) -> Path:
    """A job's folder on the host; files: name without .json → its document, or text."""
    folder = workspace / "jobs" / run_id
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text("spoke\n")
    for name, value in files.items():
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / f"{name}.json").write_text(text)
    return folder


def alive(state: str, waiting_for: str | None = None) -> dict[str, object]:
    """A status whose supervisor lives: it is this process."""
    stat = Path(f"/proc/{os.getpid()}/stat")
    ticks = int(stat.read_text().rpartition(") ")[2].split()[19]) if stat.exists() else None
    return {
        "state": state,
        "waiting_for": waiting_for,
        "boot": boot_mark(),
        "runner_pid": os.getpid(),
        "runner_ticks": ticks,
    }


def boot_mark() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    if not boot.exists():
        return ""
    first = Path("/proc/1/stat").read_text().rpartition(") ")[2].split()[19]
    return f"{boot.read_text().strip()}/{first}"


def test_one_question_tells_the_state_of_every_job_and_whom_a_queued_one_waits_for(
    workspace: Path, transport: Counting, tmp_path: Path
) -> None:
    job(workspace, "a-ended", end=ENDED)
    job(workspace, "b-running", status=alive("running"))
    job(workspace, "c-queued", status=alive("queued", "b-running"))
    known = remote_runs(transport, RunStore(tmp_path / "runs"))
    assert [(run.run_id, run.state, run.words) for run in known] == [
        ("a-ended", "ended", "ended by itself with status 1"),
        ("b-running", "running", "is running"),
        ("c-queued", "queued", "waits for b-running to leave the device"),
    ]
    assert transport.conversations == 1


@pytest.mark.parametrize("reference", ["", ".", "..", "*", "/", f"{RUN}/", f"jobs/{RUN}", " "])
def test_what_is_no_id_means_no_run_of_a_host_even_where_there_is_only_one(
    workspace: Path, transport: Counting, tmp_path: Path, reference: str
) -> None:
    job(workspace, RUN, end=ENDED)
    known = remote_runs(transport, RunStore(tmp_path / "runs"))
    with pytest.raises(RunError, match="is no run: expected a run's id"):
        chosen(known, reference, transport.host)
    assert chosen(known, RUN[:1], transport.host).run_id == RUN


def a_folder_of_another_kind(place: Path) -> None:
    place.mkdir()
    (place / "notes.txt").touch()


@pytest.mark.parametrize(
    "makes", [a_folder_of_another_kind, Path.touch, lambda place: place.symlink_to("elsewhere")]
)
def test_nothing_is_fetched_into_what_is_no_folder_of_a_run(
    workspace: Path, transport: Counting, tmp_path: Path, makes: Callable[[Path], object]
) -> None:
    job(workspace, RUN, end=ENDED)
    runs = RunStore(tmp_path / "runs")
    (tmp_path / "runs" / "elsewhere").mkdir(parents=True)
    makes(tmp_path / "runs" / RUN)
    (known,) = remote_runs(transport, runs)
    with pytest.raises(RunError, match="in the way"):
        fetch(transport, runs, known, Silence())
    assert list((tmp_path / "runs").rglob("*.json")) == []


def test_a_run_without_a_result_comes_with_what_was_asked(
    workspace: Path, transport: Counting, tmp_path: Path
) -> None:
    asked = codec.dumps(REQUEST)
    job(workspace, RUN, end=ENDED, request=asked)
    runs = RunStore(tmp_path / "runs")
    (known,) = remote_runs(transport, runs)
    assert known.here is Here.NOTHING
    stored = fetch(transport, runs, known, Silence())
    assert stored.result is None
    assert stored.card.snapshot == "feed"
    assert runs.request(runs.folder(RUN)) == REQUEST


@pytest.mark.parametrize(
    ("run_id", "asked", "verb"),
    [
        *(
            (f"20261122-101530-h100-{verb}{more}", "", verb)
            for verb in ("check", "bench", "profile", "ncu", "deploy", "prove", "ceilings")
            for more in ("", "-2", "-2-0b5e")
        ),
        ("20261122-101530-bench-h100-deploy", "", "deploy"),
        ("20261122-101530-h100-tune", "tune", "tune"),
        ("renamed-by-hand", "ceilings", "ceilings"),
        ("20261122-101530-h100-tune", "", "unknown"),
        (RUN, "\x1b[2J{{ 7 }}", "bench"),
    ],
)
def test_a_fetched_run_keeps_the_verb_that_asked_for_it(
    workspace: Path, transport: Counting, tmp_path: Path, run_id: str, asked: str, verb: str
) -> None:
    """A request of before tells none: then the id does."""
    document = json.loads(codec.dumps(replace(REQUEST, run_id=run_id)))
    document.update({"verb": asked} if asked else {})
    document = document if asked else {k: v for k, v in document.items() if k != "verb"}
    job(workspace, run_id, end=ENDED, request=json.dumps(document))
    runs = RunStore(tmp_path / "runs")
    stored = fetch(transport, runs, remote_runs(transport, runs)[0], Silence())
    assert stored.card.verb == verb


@pytest.mark.parametrize("text", ["{", "[]", '{"run_id": 7}'])
def test_a_request_that_nobody_can_read_is_not_kept(
    workspace: Path, transport: Counting, tmp_path: Path, text: str
) -> None:
    job(workspace, RUN, end=ENDED, request=text)
    runs = RunStore(tmp_path / "runs")
    stored = fetch(transport, runs, remote_runs(transport, runs)[0], Silence())
    assert stored.card.snapshot == "unknown"
    assert not (runs.folder(RUN) / "request.json").exists()


def test_the_request_of_a_run_that_was_started_here_stays_ours(
    workspace: Path, transport: Counting, tmp_path: Path
) -> None:
    job(workspace, RUN, end=ENDED, request='{"forged": true}')
    folder = tmp_path / "runs" / RUN
    folder.mkdir(parents=True)
    (folder / "request.json").write_text("ours")
    (folder / "run.json").write_text(
        json.dumps(
            {
                "run_id": RUN,
                "verb": "bench",
                "host": "h100",
                "workspace": str(workspace),
                "snapshot": "feed",
                "reproduce": "orchestrator bench",
                "created_at": "2026-11-22T10:15:30Z",
                "orchestrator_version": "0.1.0",
            }
        )
    )
    runs = RunStore(tmp_path / "runs")
    fetch(transport, runs, remote_runs(transport, runs)[0], Silence())
    assert (folder / "request.json").read_text() == "ours"
    assert (folder / "log.txt").read_text() == "spoke\n"


def test_a_name_that_a_job_waits_for_is_what_the_host_says_and_no_more(tmp_path: Path) -> None:
    lies = (
        "def listing(ask):\n"
        "    return {'jobs': [{'run': 'r1', 'end': None, 'state': 7, 'waiting_for': ['x']}]}\n"
    )
    with hostile_host(tmp_path / "host", lies) as way:
        (run,) = remote_runs(way, RunStore(tmp_path / "runs"))
    assert (run.state, run.words) == ("7", "is 7")
