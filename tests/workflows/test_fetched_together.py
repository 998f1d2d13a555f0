"""One run brought home by several at once, or after a half that was left: whole, and nobody else's."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.errors import RunTaken
from orchestrator.here.alone import alone
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.progress import Silence
from orchestrator.values.run import RunCard
from orchestrator.workflows.jobs.fetch_runs import adopt, fetch
from orchestrator.workflows.jobs.remote_runs import chosen, remote_runs
from remote_payload.contract import codec
from tests.faults.conftest import wait_until
from tests.workflows.syncing import Listener, held
from tests.workflows.test_remote_runs import ENDED, REQUEST, RUN, job

MINE, THEIRS = "a" * 32, "b" * 32


def way(workspace: Path, name: str = "h100") -> LocalTransport:
    return LocalTransport(Host(name, TransportKind.LOCAL, str(workspace), sys.executable))


def finished(
    workspace: Path, run_id: str = RUN, owner: str = MINE, files: dict[str, bytes] | None = None
) -> Path:
    """An ended job, with a request and artifacts, as its host keeps it."""
    folder = job(workspace, run_id, end=ENDED, request=codec.dumps(REQUEST))
    (folder / "owner").write_text(owner)
    (folder / "artifacts").mkdir()
    for name, data in (files or {}).items():
        (folder / "artifacts" / name).write_bytes(data)
    return folder


def brought(runs: RunStore, workspace: Path, run_id: str = RUN, name: str = "h100") -> None:
    with closing(way(workspace, name)) as transport:
        fetch(
            transport, runs, chosen(remote_runs(transport, runs), run_id, transport.host), Silence()
        )


def started_here(runs: RunStore) -> None:
    """What is kept of a run until its job has ended."""
    folder = runs.folder(RUN)
    folder.mkdir(parents=True)
    card = RunCard(RUN, "bench", "h100", "w", "feed", "x", "2026-11-22T10:15:30Z", "0.1.0")
    (folder / "request.json").write_text(codec.dumps(REQUEST))
    document = json.loads(codec.dumps(card)) | {"owner": MINE}
    (folder / "run.json").write_text(json.dumps(document))


def artifacts(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file() and "artifacts" in path.parts)
    return {path.name: path.read_bytes() for path in files}


@pytest.mark.parametrize("kept", [False, True], ids=["only there", "started here"])
def test_several_that_bring_one_run_home_at_once_all_have_it_whole(
    tmp_path: Path, kept: bool
) -> None:
    data, runs = os.urandom(20_000_000), RunStore(tmp_path / "runs")
    finished(tmp_path / "w", files={"a": data})
    if kept:
        started_here(runs)
    with ThreadPoolExecutor() as pool:
        at_once = [pool.submit(brought, runs, tmp_path / "w") for _ in range(4)]
        for one in at_once:
            one.result()
    assert artifacts(tmp_path / "runs") == {"a": data}
    names = ["artifacts/a", "end.json", "log.txt", "request.json", "run.json"]
    assert sorted(held(tmp_path / "runs")) == [f"{RUN}/{name}" for name in names]


def test_who_fetches_a_run_waits_for_the_terminal_that_follows_it(tmp_path: Path) -> None:
    """Both write its files; `attach` holds the run's folder for as long."""
    runs, listener = RunStore(tmp_path / "runs"), Listener()
    finished(tmp_path / "w", files={"a": b"whole"})
    started_here(runs)
    with closing(way(tmp_path / "w")) as transport, ThreadPoolExecutor() as pool:
        (run,) = remote_runs(transport, runs)
        with alone(runs.folder(RUN)):
            fetching = pool.submit(fetch, transport, runs, run, listener)
            wait_until(lambda: fetching.done() or listener.lines)
            told = f"another terminal follows run {RUN}, or brings it home; waiting"
            assert listener.lines == [told]
            assert artifacts(tmp_path / "runs") == {}
        fetching.result()
    assert artifacts(tmp_path / "runs") == {"a": b"whole"}


def test_what_another_terminal_has_brought_meanwhile_is_there_for_who_attaches(
    tmp_path: Path,
) -> None:
    runs, listener = RunStore(tmp_path / "runs"), Listener()
    finished(tmp_path / "w", files={"a": b"whole"})
    with closing(way(tmp_path / "w")) as transport, ThreadPoolExecutor() as pool:
        with alone(runs.root / f".arriving-{RUN}", make=True):
            attaching = pool.submit(adopt, transport, runs, RUN, listener)
            wait_until(lambda: attaching.done() or listener.lines)
            started_here(runs)
        assert attaching.result() == runs.folder(RUN)
    assert json.loads((runs.folder(RUN) / "run.json").read_text())["reproduce"] == "x"
    assert [entry.name for entry in runs.root.iterdir()] == [RUN]


def test_a_run_whose_name_is_that_of_another_with_more_behind_it_leaves_that_one_alone(
    tmp_path: Path,
) -> None:
    runs = RunStore(tmp_path / "runs")
    for name in ("r.arriving", "r"):
        finished(tmp_path / "w", name, files={f"of_{name}": b""})
    brought(runs, tmp_path / "w", "r.arriving")
    brought(runs, tmp_path / "w", "r")
    assert sorted(entry.name for entry in runs.root.iterdir()) == ["r", "r.arriving"]
    assert list(artifacts(runs.folder("r"))) == ["of_r"]
    assert list(artifacts(runs.folder("r.arriving"))) == ["of_r.arriving"]


class Interrupted(Silence):
    """The person who ends a transfer when half of a file is here."""

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        if "zz" in detail and done > 1_000_000:
            raise KeyboardInterrupt


def half_of(runs: RunStore, workspace: Path) -> Path:
    """The folder in which a run of ours has begun to arrive, and what is there of its big file."""
    with closing(way(workspace)) as transport, pytest.raises(KeyboardInterrupt):
        fetch(
            transport,
            runs,
            chosen(remote_runs(transport, runs), RUN, transport.host),
            Interrupted(),
        )
    (half,) = runs.root.rglob("zz.partial")
    return half


@pytest.mark.parametrize("owners", [(MINE, THEIRS), ("", "")], ids=["marked", "of before marks"])
def test_two_hosts_runs_of_one_name_never_become_one(
    tmp_path: Path, owners: tuple[str, str]
) -> None:
    runs = RunStore(tmp_path / "runs")
    finished(
        tmp_path / "w", owner=owners[0], files={"a_first": b"first", "zz": os.urandom(8_000_000)}
    )
    finished(tmp_path / "w2", owner=owners[1], files={"second": b"second"})
    half_of(runs, tmp_path / "w")
    assert list(runs.all()) == [], "half a run is none"
    brought(runs, tmp_path / "w2", name="other")
    assert artifacts(runs.root) == {"second": b"second"}
    assert [entry.name for entry in runs.root.iterdir()] == [RUN]
    if all(owners):
        with pytest.raises(RunTaken, match="another run than the host's"):
            brought(runs, tmp_path / "w")


def test_half_a_run_is_gone_on_with_also_where_its_host_goes_by_another_name(
    tmp_path: Path,
) -> None:
    runs, big = RunStore(tmp_path / "runs"), os.urandom(8_000_000)
    finished(tmp_path / "w", files={"zz": big})
    half = half_of(runs, tmp_path / "w")
    here = half.stat().st_ino
    brought(runs, tmp_path / "w", name="new-port")
    assert (runs.folder(RUN) / "artifacts" / "zz").stat().st_ino == here
    assert artifacts(runs.root) == {"zz": big}
