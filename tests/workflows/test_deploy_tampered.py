"""A snapshot that somebody touched on the host: what its digest says is what lies there afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.sync.deploy import KEEP_SNAPSHOTS, deploy_from
from orchestrator.transport.local import LocalTransport
from remote_payload.processes import snapshot
from tests.workflows.syncing import held, local, local_host, published, there, write

FILES = {"csrc/a.cu": "A" * 100, "csrc/run.sh": "#!/bin/sh\n", "remote_payload/b.py": "b = 1\n"}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = write(tmp_path / "project", FILES)
    (found / "csrc/run.sh").chmod(0o755)
    return found


def _overwritten(file: Path) -> None:
    """In place, with the same size and time."""
    was = file.stat()
    file.chmod(0o644)
    file.write_text("Z" * was.st_size)
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))
    file.chmod(stat.S_IMODE(was.st_mode))


def _exchanged(file: Path) -> None:
    """By another file of the same size, time and mode."""
    was, other = file.stat(), file.with_name("other")
    file.parent.chmod(0o755)
    other.write_text("Z" * was.st_size)
    other.chmod(stat.S_IMODE(was.st_mode))
    os.utime(other, ns=(was.st_atime_ns, was.st_mtime_ns))
    other.rename(file)


def _linked(file: Path) -> None:
    file.parent.chmod(0o755)
    file.rename(file.with_name("other"))
    file.symlink_to("other")


def _folder_moved(file: Path) -> None:
    file.parent.parent.chmod(0o755)
    moved = file.parents[3] / "elsewhere"
    file.parent.rename(moved)
    file.parent.symlink_to(moved)
    _overwritten(moved / file.name)


@pytest.mark.parametrize("harm", [_overwritten, _exchanged, _linked, _folder_moved])
def test_a_change_that_leaves_size_and_time_as_they_were_is_seen(
    workspace: Path, root: Path, harm: Callable[[Path], object]
) -> None:
    first = deploy_from(root, local(workspace))
    whole = held(there(first))
    harm(there(first) / "csrc/a.cu")
    again = deploy_from(root, local(workspace))
    assert not again.already_there
    assert held(there(again)) == whole
    assert deploy_from(root, local(workspace)).already_there


@pytest.mark.parametrize(
    "path",
    ["sitecustomize.py", "remote_payload/usercustomize.py", "site.pth", "torch/__init__.py",
     "remote_payload/__pycache__/b.cpython-311.pyc"],
)  # fmt: skip
def test_what_was_added_is_taken_away_and_nothing_is_sent(
    workspace: Path, root: Path, path: str
) -> None:
    first = deploy_from(root, local(workspace))
    whole, added = held(there(first)), there(first) / path
    for folder in (there(first), there(first) / "remote_payload"):
        folder.chmod(0o755)
    added.parent.mkdir(exist_ok=True)
    added.write_text("import os\n")
    again = deploy_from(root, local(workspace))
    assert (again.already_there, again.sent_files) == (True, 0)
    assert held(there(again)) == whole
    assert not (there(again) / "torch").exists()


def test_added_links_pipes_and_empty_folders_go_and_what_they_lead_to_stays(
    workspace: Path, root: Path, tmp_path: Path
) -> None:
    first = deploy_from(root, local(workspace))
    outside = write(tmp_path / "outside", {"x": "x"})
    (there(first) / "csrc").chmod(0o755)
    (there(first) / "csrc" / "link").symlink_to(outside)
    (there(first) / "csrc" / "empty").mkdir()
    os.mkfifo(there(first) / "csrc" / "pipe")
    assert deploy_from(root, local(workspace)).already_there
    assert sorted(p.name for p in (there(first) / "csrc").iterdir()) == ["a.cu", "run.sh"]
    assert (outside / "x").read_text() == "x"


def test_a_snapshot_is_read_only_and_made_so_again(workspace: Path, root: Path) -> None:
    first = there(deploy_from(root, local(workspace)))

    def modes() -> list[int]:
        found = [first, *sorted(first.rglob("*"))]
        return [stat.S_IMODE(path.stat().st_mode) for path in found]

    assert modes() == [0o555, 0o555, 0o444, 0o555, 0o555, 0o444]
    (first / "csrc/a.cu").chmod(0o666)
    assert deploy_from(root, local(workspace)).already_there
    assert modes() == [0o555, 0o555, 0o444, 0o555, 0o555, 0o444]


def test_a_disk_that_knows_one_mode_for_all_files_is_no_damage(
    workspace: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As CIFS and gcsfuse do; none of them can be mounted in a test, so what they do is done here."""
    first = deploy_from(root, local(workspace))
    for path in there(first).rglob("*"):
        path.chmod(0o777)
    monkeypatch.setattr(os, "chmod", lambda *_words, **_more: None)
    assert snapshot.faults(str(workspace / "snapshots"), first.digest) == ""
    _overwritten(there(first) / "csrc/a.cu")
    assert "changed or missing: 'csrc/a.cu'" in snapshot.faults(
        str(workspace / "snapshots"), first.digest
    )


def test_a_record_that_was_altered_with_its_file_is_not_believed(
    workspace: Path, root: Path
) -> None:
    first = deploy_from(root, local(workspace))
    _overwritten(there(first) / "csrc/a.cu")
    record = workspace / "snapshots" / f"{first.digest}.json"
    rows = json.loads(record.read_text())
    rows[0][3] = hashlib.sha256((there(first) / "csrc/a.cu").read_bytes()).hexdigest()
    record.write_text(json.dumps(rows))
    assert not deploy_from(root, local(workspace)).already_there
    assert (there(first) / "csrc/a.cu").read_text() == "A" * 100


def test_a_snapshot_and_a_record_of_older_code_are_taken_as_they_are(
    workspace: Path, root: Path
) -> None:
    """Those knew the time in seconds alone, and files that their user could write."""
    first = deploy_from(root, local(workspace))
    record = workspace / "snapshots" / f"{first.digest}.json"
    rows = json.loads(record.read_text())
    for row in rows:
        row[4] = int((there(first) / row[0]).stat().st_mtime)
        (there(first) / row[0]).chmod(0o755 if row[1] == "x" else 0o644)
    record.write_text(json.dumps(rows))
    assert deploy_from(root, local(workspace)).already_there
    assert all(isinstance(row[4], list) for row in json.loads(record.read_text()))


def test_a_snapshot_whose_files_a_newer_one_shares_is_still_whole_and_read_once_more_only(
    workspace: Path, root: Path
) -> None:
    first = deploy_from(root, local(workspace))
    record = workspace / "snapshots" / f"{first.digest}.json"
    write(root, {"csrc/a.cu": "B"})
    second = deploy_from(root, local(workspace))
    shared = "remote_payload/b.py"
    assert (there(first) / shared).samefile(there(second) / shared)
    write(root, {"csrc/a.cu": "A" * 100})
    before = record.read_text()
    assert deploy_from(root, local(workspace)).already_there
    after = record.read_text()
    assert after != before
    assert deploy_from(root, local(workspace)).already_there
    assert record.read_text() == after


def test_a_new_snapshot_need_not_be_read_again_after_the_oldest_was_pruned(
    workspace: Path, root: Path
) -> None:
    for number in range(KEEP_SNAPSHOTS + 2):
        write(root, {"csrc/a.cu": str(number)})
        last = deploy_from(root, local(workspace))
        assert not snapshot.look(str(workspace / "snapshots"), last.digest).read
    assert len(published(workspace)) == KEEP_SNAPSHOTS


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv") or not Path("/usr/bin/python3").exists(),
    reason="cannot be another user than root: not root, no setpriv, or no /usr/bin/python3",
)
def test_an_ordinary_user_can_mend_and_prune_what_is_read_only(root: Path, tmp_path: Path) -> None:
    python = tmp_path / "python"
    user = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    python.write_text(f'#!/bin/sh\nexec {user} /usr/bin/python3 "$@"\n')
    python.chmod(0o755)
    # Other users do not get through to a test's own folder.
    with tempfile.TemporaryDirectory() as place:
        os.chown(place, 65534, 65534)
        workspace = Path(place, "workspace")
        transport = LocalTransport(replace(local_host(workspace), python=str(python)))
        first = deploy_from(root, transport)
        _overwritten(there(first) / "csrc/a.cu")
        (there(first) / "added").mkdir(mode=0o777)
        os.chown(there(first) / "added", 65534, 65534)
        assert not deploy_from(root, transport).already_there
        assert held(there(first))["csrc/a.cu"] == "A" * 100
        digests = []
        for number in range(6):
            write(root, {"csrc/a.cu": str(number)})
            digests.append(deploy_from(root, transport).digest)
        assert published(workspace) == set(digests[1:])
        assert not list((workspace / "snapshots").glob(".*"))
