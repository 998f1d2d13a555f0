"""Links in a run's folder while its job comes home: nothing is written where they lead."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.errors import LocalFault, RunError, UsageError
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.local import LocalTransport
from orchestrator.values.progress import Silence
from orchestrator.workflows.jobs.errand import Errand
from orchestrator.workflows.jobs.fetch_runs import adopt, fetch_each
from orchestrator.workflows.jobs.remote_runs import remote_runs
from orchestrator.workflows.jobs.run_job import bring_home
from tests.workflows.syncing import Listener, held
from tests.workflows.test_fetched_together import (
    MINE,
    THEIRS,
    artifacts,
    brought,
    finished,
    started_here,
    way,
)
from tests.workflows.test_remote_runs import RUN


@pytest.fixture
def runs(tmp_path: Path) -> RunStore:
    """A store; beside it a host with an ended job, and what is a person's own."""
    finished(tmp_path / "w", files={"a.bin": b"from the host"})
    (tmp_path / "w" / "jobs" / RUN / "result.json").write_text("{}")
    (tmp_path / "own" / MINE).mkdir(parents=True)
    (tmp_path / "own" / "precious").write_text("mine")
    (tmp_path / "runs").mkdir()
    return RunStore(tmp_path / "runs")


def link(place: Path, to: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(to)


@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("artifacts/a.bin.partial", "precious"),
        ("artifacts/a.bin.partial", "not there"),
        ("artifacts", ""),
        ("result.json.partial", "precious"),
        ("log.txt.partial", "precious"),
        ("end.json", "not there"),
    ],
)
def test_a_fetch_writes_through_no_link_in_the_runs_folder_and_names_it(
    tmp_path: Path, runs: RunStore, name: str, to: str
) -> None:
    started_here(runs)
    link(runs.folder(RUN) / name, f"{tmp_path}/own/{to}")
    before = held(tmp_path / "own")
    with closing(way(tmp_path / "w")) as transport:
        known = remote_runs(transport, runs)
        with pytest.raises(UsageError) as caught:
            fetch_each(transport, runs, known, Listener(), lambda folder, run: None)
    assert f"{RUN}/{name}: it is a link, not a" in caught.value.message
    assert held(tmp_path / "own") == before
    (runs.folder(RUN) / name).unlink()
    with closing(way(tmp_path / "w")) as transport:
        bring_home_quietly(transport, runs)
    assert artifacts(runs.root) == {"a.bin": b"from the host"}


def bring_home_quietly(transport: LocalTransport, runs: RunStore) -> None:
    """What comes is here afterwards; that the result is none of ours is another matter."""
    with pytest.raises(RunError, match=r"result\.json"):
        bring_home(Errand(transport, runs, Silence()), runs.folder(RUN))


@pytest.mark.parametrize("to", ["precious", "not there"])
@pytest.mark.parametrize("name", ["log.txt", "artifacts/a.bin.partial"])
def test_who_attaches_hears_of_a_link_and_that_the_job_is_safe(
    tmp_path: Path, runs: RunStore, name: str, to: str
) -> None:
    started_here(runs)
    link(runs.folder(RUN) / name, f"{tmp_path}/own/{to}")
    before = held(tmp_path / "own")
    with closing(way(tmp_path / "w")) as transport, pytest.raises(LocalFault) as caught:
        bring_home(Errand(transport, runs, Silence()), runs.folder(RUN))
    assert f"{name}: it is a link, not a regular file" in caught.value.message
    assert "Move it away." in caught.value.hint
    assert f"orchestrator attach {RUN}" in caught.value.hint
    assert held(tmp_path / "own") == before


def adopted(runs: RunStore, workspace: Path) -> None:
    with closing(way(workspace)) as transport:
        assert adopt(transport, runs, RUN, Silence()) == runs.folder(RUN)


@pytest.mark.parametrize("brings", [brought, adopted], ids=["fetch", "attach"])
@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("", ""),
        ("", "not there"),
        (MINE, ""),
        (THEIRS, ""),
        (f"{MINE}/request.json", "precious"),
        (f"{MINE}/run.json", "not there"),
    ],
)
def test_a_run_takes_shape_in_a_folder_of_its_own_and_through_no_link(
    tmp_path: Path, runs: RunStore, name: str, to: str, brings: Callable[[RunStore, Path], None]
) -> None:
    place = runs.root / f".arriving-{RUN}" / name
    link(place, f"{tmp_path}/own/{to}")
    before = held(tmp_path / "own")
    with pytest.raises(RunError) as caught:
        brings(runs, tmp_path / "w")
    assert f"{place} is a link" in caught.value.message
    assert "Move it away" in caught.value.hint
    assert held(tmp_path / "own") == before
    assert (tmp_path / "own" / MINE).is_dir()
    place.unlink()
    adopted(runs, tmp_path / "w")


def test_an_artifact_that_was_moved_to_another_disk_and_linked_back_is_whole_as_it_is(
    tmp_path: Path, runs: RunStore
) -> None:
    started_here(runs)
    (tmp_path / "own" / "a.bin").write_bytes(b"from the host")
    link(runs.folder(RUN) / "artifacts", f"{tmp_path}/own")
    before = held(tmp_path / "own")
    with closing(way(tmp_path / "w")) as transport:
        bring_home_quietly(transport, runs)
    assert (runs.folder(RUN) / "artifacts").is_symlink()
    assert held(tmp_path / "own") == before
