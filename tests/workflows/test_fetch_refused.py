"""`runs fetch` where this machine refuses: what, where and what mends it; the disk gets room back."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import LocalFault
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.progress import Silence
from orchestrator.workflows.jobs.fetch_runs import adopt, fetch_each
from orchestrator.workflows.jobs.remote_runs import remote_runs
from tests.disks import mounted
from tests.workflows.test_fetched_together import MINE, THEIRS, finished, started_here
from tests.workflows.test_remote_runs import RUN

ARRIVING = f".arriving-{RUN}"


def fetched(root: Path, workspace: Path) -> None:
    runs = RunStore(root)
    with LocalTransport(Host("h100", TransportKind.LOCAL, str(workspace), sys.executable)) as way:
        fetch_each(way, runs, remote_runs(way, runs), Silence(), lambda folder, run: None)


def test_a_full_disk_is_told_with_its_mend_and_no_half_file_keeps_it_full(tmp_path: Path) -> None:
    finished(tmp_path / "w", files={"a.bin": os.urandom(3_000_000)})
    with mounted(tmp_path / "runs", "size=1m") as root:
        with pytest.raises(LocalFault) as caught:
            fetched(root, tmp_path / "w")
        assert caught.value.message == f"cannot write under {root}: No space left on device"
        assert caught.value.hint == (
            "Make room on that disk. The job is safe on its host. "
            f"Then: orchestrator runs fetch {RUN} --host h100"
        )
        assert not list(root.rglob("*.partial"))
        (root / "room").write_bytes(bytes(900_000))


def test_a_disk_that_is_too_full_for_a_card_is_told_to_who_attaches(tmp_path: Path) -> None:
    finished(tmp_path / "w")
    way = LocalTransport(Host("h100", TransportKind.LOCAL, str(tmp_path / "w"), sys.executable))
    with mounted(tmp_path / "runs", "size=16k") as root, way:
        (root / "full").write_bytes(bytes(os.statvfs(root).f_bavail * 4096))
        with pytest.raises(LocalFault, match="No space left on device") as caught:
            adopt(way, RunStore(root), RUN, Silence())
        assert caught.value.hint.endswith(
            f"safe on its host. Then: orchestrator attach {RUN} --host h100"
        )


def a_file(place: Path) -> None:
    place.write_text("of somebody")


@pytest.mark.parametrize(
    ("make", "name", "told", "mend"),
    [
        (a_file, ARRIVING, "File exists", "Something else stands there"),
        (os.mkfifo, ARRIVING, "File exists", "Something else stands there"),
        (a_file, f"{ARRIVING}/{MINE}", "File exists", "Something else stands there"),
        (os.mkdir, f"{RUN}/artifacts/a.bin", "a.bin: Is a directory", "A folder stands where"),
        (os.mkfifo, f"{RUN}/artifacts/a.bin.partial", "it is a FIFO", "Move it away."),
        (os.mkdir, f"{RUN}/log.txt.partial", "Is a directory", "A folder stands where"),
    ],
)
def test_what_is_in_the_way_of_a_run_is_named_with_its_mend_and_the_job_is_safe(
    tmp_path: Path, make: Callable[[Path], None], name: str, told: str, mend: str
) -> None:
    finished(tmp_path / "w", files={"a.bin": b"whole"})
    runs = RunStore(tmp_path / "runs")
    if name.startswith(RUN):
        started_here(runs)
    (place := runs.root / name).parent.mkdir(parents=True, exist_ok=True)
    make(place)
    with pytest.raises(LocalFault) as caught:
        fetched(runs.root, tmp_path / "w")
    assert caught.value.message.startswith(f"cannot write under {runs.root}: ")
    assert str(place) in caught.value.message
    assert caught.value.message.endswith(told) or told in caught.value.message.partition(": ")[2]
    assert caught.value.hint.startswith(mend)
    assert f"safe on its host. Then: orchestrator runs fetch {RUN} --host h100" in caught.value.hint


def test_a_file_that_is_called_as_another_owners_half_of_the_run_is_in_nobodys_way(
    tmp_path: Path,
) -> None:
    finished(tmp_path / "w", files={"a.bin": b"whole"})
    (odd := tmp_path / "runs" / ARRIVING / THEIRS).parent.mkdir(parents=True)
    odd.write_text("of somebody")
    fetched(tmp_path / "runs", tmp_path / "w")
    assert (tmp_path / "runs" / RUN / "artifacts" / "a.bin").read_bytes() == b"whole"
    assert odd.read_text() == "of somebody"
