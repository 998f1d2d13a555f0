"""What is said of a run that its host never took on, whatever else fails at that moment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.errors import (
    HostUnfit,
    HostUnreachable,
    LinkLost,
    LocalFault,
    RunError,
    RunTaken,
)
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.local import LocalChannel, LocalTransport
from orchestrator.values.command import Command
from orchestrator.values.progress import Silence
from orchestrator.values.run import RunCard
from orchestrator.workflows.jobs.errand import Errand
from orchestrator.workflows.jobs.run_job import run_job
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage
from remote_payload.operators.attention.definition import attention_case
from tests.launch.conftest import Bench, bench
from tests.workflows.syncing import local_host

__all__ = ["bench"]


class _Failing(LocalTransport):
    """Its first commands fail with these errors."""

    errors: tuple[Exception, ...] = ()

    @contextlib.contextmanager
    def stream(self, command: Command) -> Iterator[LocalChannel]:
        if self.errors:
            first, *rest = self.errors
            self.errors = tuple(rest)
            raise first
        with super().stream(command) as channel:
            yield channel


def started(
    bench: Bench,
    runs: Path,
    *errors: Exception,
    pauses: int = 1,
    cases: tuple[Case, ...] = (),
) -> object:
    """Start r1 on a host of which the first commands fail."""
    host, snapshot = local_host(bench.root), bench.published[-1]
    transport = _Failing(host)
    transport.errors = errors
    card = RunCard("r1", "bench", host.name, host.workspace, snapshot, "", "", "")
    errand = Errand(transport, RunStore(runs), Silence(), False, (0.0,) * pauses, lambda s: None)
    return run_job(errand, card, Request("r1", snapshot, (Stage.BENCH,), cases, ()))


def test_a_link_lost_before_the_host_was_asked_leaves_no_run_of_unknown_state(
    bench: Bench, tmp_path: Path
) -> None:
    bench.payload("")
    with pytest.raises(HostUnreachable) as told:
        started(bench, tmp_path / "runs", LinkLost("gone"), LinkLost("gone"))
    assert told.value.message == "gone; run r1 was not started; nothing is left of it here"
    assert "attach" not in told.value.hint
    assert list((tmp_path / "runs").iterdir()) == []
    assert not (bench.root / "jobs").exists()


def test_a_request_that_could_not_be_read_back_leaves_no_run(bench: Bench, tmp_path: Path) -> None:
    bench.payload("")
    with pytest.raises(RunError, match="more elements than a tensor can have"):
        started(
            bench,
            tmp_path / "runs",
            cases=(attention_case(2**30, 2**30, 2**30, 64, DType.FP16, False),),
        )
    assert list((tmp_path / "runs").iterdir()) == []
    assert not (bench.root / "jobs").exists()


def test_no_memory_before_the_host_was_asked_leaves_no_run(bench: Bench, tmp_path: Path) -> None:
    bench.payload("")
    with pytest.raises(LocalFault, match="Cannot allocate memory"):
        started(bench, tmp_path / "runs", MemoryError())
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_host_that_refuses_after_a_link_was_lost_unasked_never_started_the_run(
    bench: Bench, tmp_path: Path
) -> None:
    bench.payload("")
    refused = HostUnfit("no python there")
    with pytest.raises(HostUnfit) as told:
        started(bench, tmp_path / "runs", LinkLost("gone"), refused)
    assert told.value.message == "no python there"
    assert "never-started" in (tmp_path / "runs" / "r1" / "end.json").read_text()


def test_a_refusal_of_the_host_is_heard_although_the_disk_here_is_full(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.payload("")

    def full(self: RunStore, *asked: object) -> None:
        raise OSError(28, "No space left on device", "runs/r1/end.json")

    monkeypatch.setattr(RunStore, "record_end", full)
    with pytest.raises(HostUnfit, match="no python there"):
        started(bench, tmp_path / "runs", HostUnfit("no python there"))


def test_a_host_that_calls_every_name_taken_is_not_asked_without_end(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def taken(self: DetachedLauncher, spec: object, *more: object) -> None:
        asked.append(spec)
        assert len(asked) < 20
        raise RunTaken("another's")

    bench.payload("")
    monkeypatch.setattr(DetachedLauncher, "submit", taken)
    with pytest.raises(HostUnfit, match=r"another run of every name.*nothing was started"):
        started(bench, tmp_path / "runs")
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_run_that_has_begun_is_not_begun_again_under_another_name(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(self: DetachedLauncher, *asked: object) -> None:
        raise RunTaken("another's")

    bench.payload("")
    monkeypatch.setattr(DetachedLauncher, "follow", taken)
    with pytest.raises(RunTaken):
        started(bench, tmp_path / "runs")
    assert [folder.name for folder in (tmp_path / "runs").iterdir()] == ["r1"]
    assert [job.name for job in (bench.root / "jobs").iterdir()] == ["r1"]
