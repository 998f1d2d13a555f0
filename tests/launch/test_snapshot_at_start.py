"""A job runs what the digest of its snapshot says, or it does not run."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from orchestrator.errors import HostUnfit
from orchestrator.values.job import Ending
from tests.launch.conftest import Bench

MARK = "open({!r}, 'w').close()\n"


def same_size_and_time(file: Path) -> None:
    was = file.stat()
    file.write_text(file.read_text().replace("'once'", "'evil'"))
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))


@pytest.mark.parametrize(
    "path", ["sitecustomize.py", "usercustomize.py", "remote_payload/__pycache__/codec.pyc"]
)
def test_a_job_does_not_start_in_a_snapshot_that_holds_something_more(
    bench: Bench, tmp_path: Path, path: str
) -> None:
    bench.payload("print('once')")
    added = bench.root / "snapshots" / bench.spec("r1").snapshot / path
    added.parent.mkdir(exist_ok=True)
    added.write_text(MARK.format(str(tmp_path / "it-ran")))
    with pytest.raises(HostUnfit, match="the snapshot is not what was sent: added: ") as caught:
        bench.launcher.submit(bench.spec("r1"), "{}")
    assert "Run the same command again" in caught.value.hint
    assert not (tmp_path / "it-ran").exists()
    assert not bench.job("r1").exists()


def test_a_job_does_not_start_in_a_snapshot_with_a_file_of_the_same_size_and_time(
    bench: Bench,
) -> None:
    log, _ = bench.run("r1", "print('once')")
    assert log == b"once\n"
    folder = bench.root / "snapshots" / bench.spec("r1").snapshot
    same_size_and_time(folder / "remote_payload" / "__main__.py")
    with pytest.raises(HostUnfit, match=r"changed or missing: 'remote_payload/__main__\.py'"):
        bench.launcher.submit(bench.spec("r2"), "{}")


def test_a_job_does_not_start_in_a_snapshot_without_its_record(bench: Bench) -> None:
    bench.payload("print('once')")
    (record,) = (bench.root / "snapshots").glob("*.json")
    record.unlink()
    with pytest.raises(HostUnfit, match="its record is missing or damaged"):
        bench.launcher.submit(bench.spec("r1"), "{}")


def test_a_snapshot_that_changed_while_the_job_waited_is_not_run(
    bench: Bench, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    bench.payload(f"while not os.path.exists({str(go)!r}): time.sleep(0.02)\n")
    bench.launcher.submit(bench.spec("first"), "{}")
    bench.payload("print('once')")
    bench.launcher.submit(bench.spec("second"), "{}")
    status = bench.job("second") / "status.json"
    deadline = time.monotonic() + 10
    while not json.loads(status.read_text()).get("waiting_for"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    folder = bench.root / "snapshots" / bench.spec("second").snapshot
    same_size_and_time(folder / "remote_payload" / "__main__.py")
    go.touch()
    log, end, _ = bench.follow("second")
    assert (log, end.why) == (b"", Ending.SPAWN)
    assert "its snapshot changed while it waited" in end.message


def test_a_running_job_leaves_nothing_in_its_snapshot(bench: Bench) -> None:
    importing = (
        "from remote_payload.contract import codec\n"
        "from remote_payload.machine import device_lock\n"
        "from remote_payload.processes import snapshot\n"
    )
    bench.run("r1", importing)
    bench.run("r2", importing)
    folder = bench.root / "snapshots" / bench.spec("r1").snapshot
    assert not list(folder.rglob("__pycache__"))
