"""A log without end fills neither the disk nor the screen here, and loses nothing else of a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.launch.detached import DetachedLauncher
from orchestrator.launch.pull import LOG_LIMIT_BYTES
from orchestrator.values.job import OUTPUT_LIMIT_BYTES, Ending
from orchestrator.workflows.jobs.job_log import JobLog
from tests.faults.doubles import Said
from tests.security.hostile import hostile_host

LIMIT_BYTES = 100_000
ENDLESS = "LOG = b'spam\\n' * (1 << 18)\n"
SENT_BYTES = 5 << 18


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "runs" / "r1"
    place.mkdir(parents=True)
    return place


def test_of_an_endless_log_a_bounded_part_is_kept_and_the_end_of_the_job_still_heard(
    folder: Path, tmp_path: Path
) -> None:
    said = Said()
    log = JobLog(folder, said, show=True, limit_bytes=LIMIT_BYTES)
    with hostile_host(tmp_path / "host", ENDLESS) as transport:
        end = DetachedLauncher(transport).follow("r1", log.offset, log.take, log.beat)
    assert end.why is Ending.EXIT
    assert (folder / "log.txt").stat().st_size == LIMIT_BYTES
    assert said.lines.count("spam") == LIMIT_BYTES // 5
    (told,) = (line for line in said.lines if line != "spam")
    assert "longer than 0 MB" in told
    assert "neither kept nor shown" in told
    assert log.offset == SENT_BYTES  # a link that drops goes on where it stopped


def test_whoever_attaches_to_it_later_keeps_no_more(folder: Path, tmp_path: Path) -> None:
    for _ in range(2):
        log = JobLog(folder, Said(), show=False, limit_bytes=LIMIT_BYTES)
        with hostile_host(tmp_path / "host", ENDLESS) as transport:
            DetachedLauncher(transport).follow("r1", log.offset, log.take, log.beat)
    assert (folder / "log.txt").stat().st_size == LIMIT_BYTES


def test_a_host_that_goes_on_sending_is_still_heard_of(folder: Path) -> None:
    log = JobLog(folder, Said(), show=False, limit_bytes=3)
    log.take(b"abcdef")
    os.utime(folder / "log.txt", (1, 1))
    log.take(b"more")
    assert (folder / "log.txt").read_bytes() == b"abc"
    assert (folder / "log.txt").stat().st_mtime > 1
    assert log.heard == 2


def test_a_log_of_more_than_any_job_prints_is_not_pulled_and_the_rest_is(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "log.txt").write_text("what came while it was followed")
    lies = f"OFFERED = {{'log.txt': ({LOG_LIMIT_BYTES + 1}, b'x'), 'result.json': (2, b'{{}}')}}\n"
    said = Said()
    with hostile_host(tmp_path / "host", lies) as transport:
        DetachedLauncher(transport).pull("r1", folder, said)
    assert (folder / "result.json").read_text() == "{}"
    assert (folder / "log.txt").read_text() == "what came while it was followed"
    assert not list(folder.glob("*.partial"))
    assert "the log at liar (this machine) has 537 MB; more than 537 MB" in said.lines[0]


def test_the_limit_here_leaves_room_for_a_job_that_was_stopped_a_moment_late() -> None:
    assert LOG_LIMIT_BYTES >= 2 * OUTPUT_LIMIT_BYTES
