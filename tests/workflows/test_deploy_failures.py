"""Sync when something breaks, and the far end against a hostile near end."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostUnfit, LinkLost
from orchestrator.sync import sources
from orchestrator.sync.deploy import deploy, deploy_from
from orchestrator.transport.agent import open_agent
from orchestrator.transport.base import Transport
from orchestrator.transport.connect import Trust, connect
from orchestrator.transport.local import LocalTransport
from tests import toolkit
from tests.disks import mounted
from tests.ssh.link import LossyLink
from tests.ssh.server import SshServer
from tests.workflows.syncing import Listener, held, local, local_host, published, there, write


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "project", {"csrc/a.cu": "A"})


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    with mounted(tmp_path / "tiny", "size=1m") as place:
        yield place


def test_a_client_that_breaks_off_leaves_published_snapshots_as_they_were(
    workspace: Path, root: Path
) -> None:
    first = deploy_from(root, local(workspace))
    before = held(there(first))
    rows = [
        ["csrc/a.cu", "f", 1, hashlib.sha256(b"A").hexdigest()],
        ["csrc/big.cu", "f", 1 << 20, "0" * 64],
    ]
    digest = hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()
    with open_agent(local(workspace), "receive", str(workspace), digest, "5") as session:
        session.receive_json()
        session.send_json({"set": rows, "drop": [], "send": ["csrc/big.cu"]})
        session.send(b"D", zlib.compressobj(wbits=-15).flush(zlib.Z_SYNC_FLUSH))
    assert published(workspace) == {first.digest}
    assert held(there(first)) == before
    assert deploy_from(root, local(workspace)).already_there


def test_a_link_that_dies_in_mid_stream_harms_nothing(
    sshd: SshServer,
    workspace: Path,
    root: Path,
    tmp_path: Path,
    lossy_link: Callable[..., LossyLink],
) -> None:
    link = lossy_link()
    trust = Trust(tmp_path / "known_hosts")
    host = replace(sshd.host(), workspace=str(workspace))
    with connect(host, trust) as transport:
        first = deploy_from(root, transport)
    write(root, {f"csrc/{n}.cu": os.urandom(50_000) for n in range(60)})
    with connect(replace(host, port=link.port), trust) as transport, pytest.raises(LinkLost):
        deploy(transport, sources.scan(root), Listener(link.cut), pauses_s=())
    assert first.digest in published(workspace)
    assert held(there(first)) == {"csrc/a.cu": "A"}
    with connect(host, trust) as transport:
        second = deploy_from(root, transport)
    assert (second.sent_files, len(held(there(second)))) == (60, 61)
    assert published(workspace) == {first.digest, second.digest}


def test_what_a_killed_sync_left_behind_is_cleared_away(workspace: Path, root: Path) -> None:
    first = deploy_from(root, local(workspace))
    for name in (".new", ".old", f".old-{'0' * 64}"):
        write(workspace / "snapshots" / name, {"csrc/half.cu": "x"})
    write(root, {"csrc/a.cu": "AA"})
    second = deploy_from(root, local(workspace))
    assert published(workspace) == {first.digest, second.digest}
    assert held(there(second)) == {"csrc/a.cu": "AA"}


def _edit(file: Path) -> None:
    file.write_text("Z")
    os.utime(file, (1, 1))


@pytest.mark.parametrize(
    "harm",
    [_edit, Path.unlink, lambda file: file.chmod(0o755), lambda file: file.write_text("longer")],
)
def test_a_damaged_snapshot_is_sent_again_rather_than_believed(
    workspace: Path, root: Path, harm: Callable[[Path], object]
) -> None:
    write(root, {"csrc/b.cu": "B"})
    first = deploy_from(root, local(workspace))
    harm(there(first) / "csrc/a.cu")
    again = deploy_from(root, local(workspace))
    assert (again.already_there, again.sent_files) == (False, 1)
    assert held(there(again)) == {"csrc/a.cu": "A", "csrc/b.cu": "B"}
    assert deploy_from(root, local(workspace)).already_there


def test_a_snapshot_without_its_record_is_sent_again(workspace: Path, root: Path) -> None:
    first = deploy_from(root, local(workspace))
    (workspace / "snapshots" / f"{first.digest}.json").write_text("{not json")
    assert not deploy_from(root, local(workspace)).already_there
    assert deploy_from(root, local(workspace)).already_there


def test_only_the_newest_snapshots_and_those_in_use_are_kept(workspace: Path, root: Path) -> None:
    digests = []
    killed = (
        write(workspace, {f"snapshots/{'0' * 64}.json": "[]"}) / "snapshots" / f"{'0' * 64}.json"
    )
    for number in range(8):
        write(root, {"csrc/a.cu": str(number)})
        digests.append(deploy_from(root, local(workspace)).digest)
        if number == 0:
            write(workspace / "jobs/live", {"snapshot": digests[0]})
            write(workspace / "jobs/broken", {})
        if number == 1:
            write(workspace / "jobs/over", {"snapshot": digests[1], "end.json": "{}"})
    assert published(workspace) == {digests[0], *digests[3:]}
    write(workspace / "jobs/live", {"end.json": "{}"})
    write(root, {"csrc/a.cu": "last"})
    last = deploy_from(root, local(workspace)).digest
    assert published(workspace) == {*digests[4:], last}
    assert (workspace / "jobs/over/snapshot").exists()
    assert not killed.exists()


def test_a_snapshot_used_again_counts_as_new(workspace: Path, root: Path) -> None:
    kept = deploy_from(root, local(workspace)).digest
    for number in range(7):
        write(root, {"csrc/a.cu": str(number)})
        deploy_from(root, local(workspace))
        write(root, {"csrc/a.cu": "A"})
        assert deploy_from(root, local(workspace)).already_there
    assert kept in published(workspace)
    assert len(published(workspace)) == 5


@pytest.fixture(params=["local", "ssh"])
def tiny_transport(request: pytest.FixtureRequest, tiny_disk: Path, tmp_path: Path) -> Transport:
    if request.param == "local":
        return local(tiny_disk)
    sshd: SshServer = request.getfixturevalue("sshd")
    return connect(replace(sshd.host(), workspace=str(tiny_disk)), Trust(tmp_path / "known_hosts"))


def test_a_full_disk_is_told_with_what_is_needed_and_what_is_free(
    tiny_transport: Transport, root: Path
) -> None:
    write(root, {"csrc/big.bin": os.urandom(8_000_000)})
    with tiny_transport, pytest.raises(HostUnfit) as caught:
        deploy_from(root, tiny_transport)
    assert (
        f"no space left on {tiny_transport.host.where} under {tiny_transport.host.workspace}"
        in caught.value.message
    )
    assert "this sync needs 9.1 MB, 1.0 MB are free" in caught.value.message
    assert "workspace:" in caught.value.hint
    assert published(Path(tiny_transport.host.workspace)) == set()


def test_a_disk_that_fills_up_in_mid_stream_leaves_no_rubbish(
    tiny_disk: Path, tmp_path: Path
) -> None:
    """More files than the disk has room for, though their bytes would fit."""
    subprocess.run(["mount", "-o", "remount,size=4m,nr_inodes=60", str(tiny_disk)], check=True)
    root = write(tmp_path / "many", {f"csrc/{n}.cu": str(n) for n in range(100)})
    with pytest.raises(HostUnfit, match=r"no space left on .*No space left on device"):
        deploy_from(root, local(tiny_disk))
    assert list((tiny_disk / "snapshots").iterdir()) == []


def test_a_read_only_workspace_is_told_as_such(tiny_disk: Path, root: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(HostUnfit, match=r"could not write under .*Read-only file system") as caught:
        deploy_from(root, local(tiny_disk))
    assert "workspace:" in caught.value.hint


def test_a_host_that_lets_nobody_write_large_files_is_told_as_such(
    workspace: Path, tmp_path: Path, root: Path
) -> None:
    write(root, {"csrc/big.bin": os.urandom(100_000)})
    python = toolkit.program(tmp_path / "python", f'ulimit -f 20; exec {sys.executable} "$@"')
    host = replace(local_host(workspace), python=str(python))
    with pytest.raises(HostUnfit, match=r"could not write under .*File too large") as caught:
        deploy_from(root, LocalTransport(host))
    assert "`ulimit -f` there" in caught.value.hint
    assert not published(workspace)


def test_a_workspace_that_is_a_file_is_told_as_such(tmp_path: Path, root: Path) -> None:
    (tmp_path / "file").write_text("")
    host = local_host(tmp_path / "file" / "workspace")
    with pytest.raises(HostUnfit, match=r"could not write under .*Not a directory"):
        deploy_from(root, local(Path(host.workspace)))


def test_looks_that_clear_up_after_themselves_do_not_end_a_sync(
    root: Path, workspace: Path
) -> None:
    """`doctor` writes where jobs will, and a sync clears away what begins with a dot."""
    looks = (
        "import pathlib, sys\n"
        "places = [pathlib.Path(sys.argv[1], f'.doctor-{number}') for number in range(300)]\n"
        "while True:\n"
        "    for make in ('mkdir', 'rmdir'):\n"
        "        for place in places:\n"
        "            try: getattr(place, make)()\n"
        "            except OSError: pass\n"
    )
    snapshots = there(deploy_from(root, local(workspace))).parent
    with subprocess.Popen([sys.executable, "-ISc", looks, snapshots]) as looking:
        try:
            for number in range(6):
                write(root, {"csrc/a.cu": str(number)})
                deploy_from(root, local(workspace))
        finally:
            looking.kill()
