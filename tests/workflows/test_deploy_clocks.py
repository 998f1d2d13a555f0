"""Pruning when clocks lie: what was used last is what was used last, whatever the times say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.sync.deploy import KEEP_SNAPSHOTS, deploy_from
from orchestrator.transport.local import LocalTransport
from tests.workflows.syncing import held, local, local_host, published, there, write

YEAR_S = 366 * 86400


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "project", {"csrc/a.cu": "A"})


def sync(root: Path, text: str, transport: LocalTransport) -> str:
    """Send the project with other contents; its digest."""
    write(root, {"csrc/a.cu": text})
    deployed = deploy_from(root, transport)
    assert held(there(deployed)) == {"csrc/a.cu": text}, "published, and there after pruning"
    return deployed.digest


def dated(workspace: Path, digest: str, years: float) -> None:
    """As if the host's clock had been off by years when the snapshot was used."""
    record = workspace / "snapshots" / f"{digest}.json"
    at = record.stat().st_mtime + years * YEAR_S
    os.utime(record, (at, at))


def at_another_time(workspace: Path, tmp_path: Path, years: float) -> LocalTransport:
    """This machine, its agents living years from now."""
    wrapper = tmp_path / f"python {years}"
    wrapper.write_text(
        f"#!{sys.executable}\n"
        "import os, sys\n"
        "argv = [sys.executable, *sys.argv[1:]]\n"
        "at = argv.index('-c') + 1\n"
        f"argv[at] = 'import time;n=time.time;time.time=lambda:n()+{years * YEAR_S};' + argv[at]\n"
        "os.execv(argv[0], argv)\n"
    )
    wrapper.chmod(0o755)
    return LocalTransport(replace(local_host(workspace), python=str(wrapper)))


@pytest.mark.parametrize("years", [1, 60])
def test_what_was_just_published_is_not_pruned_because_older_ones_are_from_the_future(
    workspace: Path, root: Path, years: int
) -> None:
    for number in range(KEEP_SNAPSHOTS):
        dated(workspace, sync(root, str(number), local(workspace)), years)
    for number in range(3):
        last = sync(root, f"clock set right, {number}", local(workspace))
        assert last in published(workspace)
    assert len(published(workspace)) == KEEP_SNAPSHOTS


def test_the_same_holds_where_only_the_times_of_files_are_left_to_go_by(
    workspace: Path, root: Path
) -> None:
    """Published before there was a list, or the list is gone."""
    for number in range(KEEP_SNAPSHOTS + 1):
        dated(workspace, sync(root, str(number), local(workspace)), 1)
        (workspace / "locks" / "sync").unlink()
    assert sync(root, "now", local(workspace)) in published(workspace)


def test_what_another_laptop_has_just_confirmed_stays_while_we_publish(
    workspace: Path, root: Path
) -> None:
    digests = [sync(root, str(number), local(workspace)) for number in range(KEEP_SNAPSHOTS)]
    for digest in digests[1:]:
        dated(workspace, digest, 1)
    assert sync(root, "0", local(workspace)) == digests[0], "it is there: confirmed, not sent"
    dated(workspace, digests[0], -1)
    sync(root, "ours", local(workspace))
    assert digests[0] in published(workspace)


def test_what_jobs_use_stays_however_old_it_seems(workspace: Path, root: Path) -> None:
    queued, running = (sync(root, text, local(workspace)) for text in ("queued", "running"))
    for name, digest in (("queued", queued), ("running", running), (".new-started-1", running)):
        write(workspace / "jobs" / name, {"snapshot": digest})
        dated(workspace, digest, -20)
    for number in range(KEEP_SNAPSHOTS + 2):
        sync(root, str(number), local(workspace))
    assert {queued, running} <= published(workspace)
    assert len(published(workspace)) == KEEP_SNAPSHOTS + 2


def test_a_clock_that_runs_backwards_keeps_those_used_last(
    workspace: Path, root: Path, tmp_path: Path
) -> None:
    used = [
        sync(root, str(number), at_another_time(workspace, tmp_path, 8 - number))
        for number in range(8)
    ]
    assert published(workspace) == set(used[-KEEP_SNAPSHOTS:])


@pytest.fixture
def disk_until_2038(tmp_path: Path) -> Iterator[Path]:
    """A file system that knows no later year: ext2 with small inodes."""
    image, place = tmp_path / "image", tmp_path / "old disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("cannot mount a disk: not root")
    with image.open("wb") as file:
        file.truncate(8 << 20)
    for words in (
        ["mkfs.ext2", "-q", "-I", "128", str(image)],
        ["mount", "-o", "loop", str(image), str(place)],
    ):
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip(f"no {words[0]} here")
        if done.returncode:
            pytest.skip(f"cannot mount such a disk: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_knows_fewer_years_than_the_clock_still_knows_its_snapshots(
    disk_until_2038: Path, root: Path, tmp_path: Path
) -> None:
    transport = at_another_time(disk_until_2038, tmp_path, 30)
    sync(root, "A", transport)
    assert deploy_from(root, transport).already_there
