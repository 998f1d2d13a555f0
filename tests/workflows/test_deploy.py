"""Sync as people use it: over the local transport and a real SSH server alike."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.sync import sources
from orchestrator.sync.deploy import deploy, deploy_from
from orchestrator.transport.base import Transport
from orchestrator.transport.connect import Trust, connect
from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host
from orchestrator.values.progress import Silence
from tests.faults.doubles import Said
from tests.ssh.link import LossyLink
from tests.ssh.server import SshServer
from tests.store.trees import git
from tests.workflows.syncing import held, held_of, local, local_host, there, write

FILES = {
    "csrc/a.cu": "A" * 5000,
    "csrc/deep/er/b.cuh": "B",
    "remote_payload/c.py": "",
    "remote_payload/d.py": "",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "project", FILES)


@pytest.fixture(params=["local", "ssh"])
def transport(request: pytest.FixtureRequest, tmp_path: Path) -> Transport:
    workspace = tmp_path / "workspace"
    if request.param == "local":
        return local(workspace)
    sshd: SshServer = request.getfixturevalue("sshd")
    return _ssh(replace(sshd.host(), workspace=str(workspace)), tmp_path)


def _ssh(host: Host, tmp_path: Path) -> Transport:
    return connect(host, Trust(tmp_path / "known_hosts"))


def test_the_first_sync_brings_the_whole_tree(transport: Transport, root: Path) -> None:
    (root / "csrc/a.cu").chmod(0o755)
    (root / "csrc/link").symlink_to("deep/er")
    with transport:
        deployed = deploy_from(root, transport)
    assert held(there(deployed)) == {
        "csrc/a.cu": "x " + "A" * 5000,
        "csrc/deep/er/b.cuh": "B",
        "csrc/link": "→ deep/er",
        "remote_payload/c.py": "",
        "remote_payload/d.py": "",
    }
    assert there(deployed) == Path(transport.host.workspace, "snapshots", deployed.digest)
    assert (deployed.total_files, deployed.sent_files, deployed.deleted) == (5, 3, 0)
    assert 0 < deployed.sent_bytes < 1500
    assert not deployed.already_there


def test_the_second_sync_sends_nothing(transport: Transport, root: Path) -> None:
    with transport:
        first = deploy_from(root, transport)
        again = deploy_from(root, transport)
    assert again.already_there
    assert (again.sent_files, again.sent_bytes, again.digest) == (0, 0, first.digest)


def test_one_changed_file_is_one_file_and_one_line_of_the_manifest_sent(
    transport: Transport, root: Path
) -> None:
    write(root, {f"csrc/many/{number}.cu": str(number) for number in range(200)})
    with transport:
        first = deploy_from(root, transport)
        write(root, {"csrc/deep/er/b.cuh": "changed"})
        second = deploy_from(root, transport)
    assert second.sent_files == 1
    assert second.sent_bytes < 300
    assert held(there(second)) == held(there(first)) | {"csrc/deep/er/b.cuh": "changed"}


def test_deletions_and_modes_follow_without_sending_a_byte_of_a_file(
    transport: Transport, root: Path
) -> None:
    with transport:
        first = deploy_from(root, transport)
        (root / "csrc/deep/er/b.cuh").unlink()
        (root / "csrc/a.cu").chmod(0o700)
        second = deploy_from(root, transport)
    assert (second.sent_files, second.deleted) == (0, 1)
    assert held(there(second)).keys() == FILES.keys() - {"csrc/deep/er/b.cuh"}
    assert (there(second) / "csrc/a.cu").stat().st_mode & 0o777 == 0o555
    assert (there(first) / "csrc/a.cu").stat().st_mode & 0o777 == 0o444


def test_switching_back_to_an_old_state_uploads_nothing(transport: Transport, root: Path) -> None:
    with transport:
        first = deploy_from(root, transport)
        write(root, {"csrc/a.cu": "other"})
        deploy_from(root, transport)
        write(root, {"csrc/a.cu": "A" * 5000})
        back = deploy_from(root, transport)
    assert back.already_there
    assert back.digest == first.digest


def test_two_laptops_at_once_both_get_whole_trees(sshd: SshServer, tmp_path: Path) -> None:
    host = replace(sshd.host(), workspace=str(tmp_path / "workspace"))
    roots = [
        write(tmp_path / name, {f"csrc/{n}.cu": f"{name}{n}" * 500 for n in range(150)})
        for name in "ab"
    ]
    found: dict[Path, dict[str, str]] = {}

    def laptop(root: Path) -> None:
        with _ssh(host, root) as transport:
            for turn in range(3):
                write(root, {"csrc/turn.cu": f"{root.name} {turn}"})
                found[root] = held(there(deploy_from(root, transport)))

    threads = [threading.Thread(target=laptop, args=(root,)) for root in roots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[root] == held_of(root) for root in roots)


def test_changed_files_get_the_hosts_time_and_unchanged_ones_keep_theirs(
    tmp_path: Path, root: Path
) -> None:
    """A laptop whose clock runs behind must not hide a change from a build tool."""
    for file in ("csrc/a.cu", "csrc/deep/er/b.cuh"):
        os.utime(root / file, (10**9, 10**9))
    before = int(time.time())
    first = deploy_from(root, local(tmp_path / "ws"))
    write(root, {"csrc/a.cu": "new"})
    os.utime(root / "csrc/a.cu", (10**9, 10**9))
    second = deploy_from(root, local(tmp_path / "ws"))
    assert (there(second) / "csrc/a.cu").stat().st_mtime >= before
    kept = "csrc/deep/er/b.cuh"
    assert (there(second) / kept).stat().st_ino == (there(first) / kept).stat().st_ino


def test_without_remembered_manifests_still_only_the_change_is_sent(
    tmp_path: Path, root: Path
) -> None:
    deploy_from(root, local(tmp_path / "ws"))
    shutil.rmtree(root / ".orchestrator")
    write(root, {"csrc/a.cu": "new"})
    assert deploy_from(root, local(tmp_path / "ws")).sent_files == 1


def test_files_of_one_content_travel_once(tmp_path: Path) -> None:
    root = write(tmp_path / "p", {f"csrc/{n}.cu": "same" for n in range(9)})
    deployed = deploy_from(root, local(tmp_path / "ws"))
    assert (deployed.sent_files, deployed.total_files) == (1, 9)
    assert held(there(deployed)) == held_of(root)


def test_a_link_is_not_mistaken_for_the_file_whose_digest_it_names(
    tmp_path: Path, root: Path
) -> None:
    (root / "csrc/link").symlink_to(hashlib.sha256(b"new").hexdigest()[:16])
    deploy_from(root, local(tmp_path / "ws"))
    write(root, {"csrc/b.cu": "new"})
    assert held(there(deploy_from(root, local(tmp_path / "ws")))) == held_of(root)


def test_a_users_own_file_travels_along(tmp_path: Path, root: Path) -> None:
    mine = write(tmp_path / "elsewhere", {"attn.py": "def f(): ..."}) / "attn.py"
    deployed = deploy_from(root, local(tmp_path / "ws"), extra=[("providers/attn.py", mine)])
    assert held(there(deployed))["providers/attn.py"] == "def f(): ..."


def test_strange_names_arrive_as_they_are(transport: Transport, tmp_path: Path) -> None:
    names = [
        "with space",
        "quo'te\"",
        "new\nline",
        "-rf",
        "ünï-核",
        "$(id);`id`",
        "back\\slash",
        "*",
    ]
    root = write(tmp_path / "p", {f"csrc/{name}": name for name in names})
    with transport:
        arrived = held(there(deploy_from(root, transport)))
    assert arrived == {f"csrc/{name}": name.encode().decode("latin-1") for name in names}


def test_a_workspace_with_spaces_under_home_is_expanded_by_the_host(home: Path, root: Path) -> None:
    host = replace(local_host(home), workspace="~/my cache/it's")
    deployed = deploy_from(root, LocalTransport(host))
    assert there(deployed) == home / "my cache/it's/snapshots" / deployed.digest
    assert held(there(deployed)) == held_of(root)


def test_on_an_open_connection_nothing_changed_costs_two_round_trips_and_a_change_three(
    sshd: SshServer, tmp_path: Path, root: Path, lossy_link: Callable[..., LossyLink]
) -> None:
    round_trip_s = 0.3
    link = lossy_link(latency_s=round_trip_s / 2)
    host = replace(sshd.host(), port=link.port, workspace=str(tmp_path / "ws"))
    with _ssh(host, tmp_path) as transport:
        deploy_from(root, transport)
        unchanged = deploy(transport, sources.scan(root), Silence())
        write(root, {"csrc/a.cu": "new"})
        changed = deploy(transport, sources.scan(root), Silence())
    assert (unchanged.already_there, changed.sent_files) == (True, 1)
    assert unchanged.seconds < 3 * round_trip_s
    assert changed.seconds < 4 * round_trip_s


NAMES = st.sampled_from(["a", "b", "c/d", "c/e", "f g", "h/i/j"])
TREES = st.dictionaries(
    NAMES, st.tuples(st.sampled_from(["", "1", "2", "long" * 999]), st.booleans()), min_size=1
)


@settings(max_examples=12)
@given(st.lists(TREES, min_size=2, max_size=3))
def test_whatever_is_changed_the_host_ends_up_with_the_same_tree(
    trees: list[dict[str, tuple[str, bool]]],
) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place, "project")
        for tree in trees:
            shutil.rmtree(root / "csrc", ignore_errors=True)
            write(root, {f"csrc/{name}": text for name, (text, _) in tree.items()})
            for name, (_, program) in tree.items():
                (root / "csrc" / name).chmod(0o755 if program else 0o644)
            deployed = deploy_from(root, local(Path(place, "ws")))
            assert held(there(deployed)) == held_of(root)


def test_a_git_checkout_travels_without_its_store(tmp_path: Path, root: Path) -> None:
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    deployed = deploy_from(root, local(tmp_path / "ws"))
    assert held(there(deployed)).keys() == FILES.keys()


def test_a_large_submodule_is_announced_with_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.sync.deploy.LARGE_BYTES", 1000)
    inner, root = tmp_path / "inner", tmp_path / "project"
    for name, text in {
        "inner/x.h": "x" * 2_000_000,
        "project/csrc/a.cu": "",
        "project/remote_payload/b.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for folder in (inner, root):
        git(folder, "init", "-q")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "x")
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "csrc/lib")
    told = Said()
    deploy_from(root, local(tmp_path / "ws"), told)
    assert told.lines == ["the submodule csrc/lib travels too, once for each host: 2 MB in 1 files"]
