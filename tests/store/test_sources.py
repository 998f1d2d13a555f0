"""What travels, what stays at home, and why: on real trees, with and without git."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.sync import manifests, sources
from orchestrator.values.snapshot import Kind
from tests.store.trees import Tree, git, paths, reasons


def test_only_the_parts_that_run_on_the_host_travel(tree: Tree) -> None:
    root = tree({"README.md": "no", "orchestrator/x.py": "no", "csrc/deep/c.cuh": "C"})
    assert paths(sources.scan(root)) == ["csrc/a.cu", "csrc/deep/c.cuh", "remote_payload/b.py"]


def test_an_entry_tells_size_content_and_whether_it_is_a_program(tree: Tree) -> None:
    root = tree({"csrc/run.sh": "#!/bin/sh\n"})
    (root / "csrc/run.sh").chmod(0o755)
    first, program, _ = sources.scan(root).snapshot.entries
    assert (first.kind, first.size_bytes, first.content) == (
        Kind.FILE,
        1,
        hashlib.sha256(b"A").hexdigest(),
    )
    assert (program.path, program.kind) == ("csrc/run.sh", Kind.PROGRAM)


def test_ignored_files_stay_at_home_and_are_named(tree: Tree) -> None:
    root = tree({
        ".gitignore": "*.o\n/csrc/build/\n",
        "csrc/x.o": "", "csrc/build/y.cu": "", "csrc/sub/.gitignore": "!keep.o\nlocal*\n",
        "csrc/sub/keep.o": "", "csrc/sub/local.cu": "", "csrc/sub/also.cu": "",
    })  # fmt: skip
    scan = sources.scan(root)
    assert paths(scan) == [
        "csrc/a.cu", "csrc/sub/.gitignore", "csrc/sub/also.cu", "csrc/sub/keep.o", "remote_payload/b.py",
    ]  # fmt: skip
    assert reasons(scan).keys() == {"csrc/x.o", "csrc/build/", "csrc/sub/local.cu"}
    assert all("is ignored by" in item.reason and item.usual for item in scan.skipped)


def test_git_stores_and_caches_never_travel_even_when_tracked(tree: Tree) -> None:
    root = tree({"remote_payload/__pycache__/b.pyc": "x", "csrc/.orchestrator/n": "x"})
    (root / "csrc/vendored/.git").mkdir(parents=True)
    (root / "csrc/vendored/.git/config").write_text("x")
    assert paths(sources.scan(root)) == ["csrc/a.cu", "remote_payload/b.py"]


def test_files_git_would_add_travel_and_tracked_but_deleted_ones_do_not(plain: Tree) -> None:
    root = plain({"csrc/old.cu": "", "csrc/folder/x.cu": ""})
    git(root, "init", "-q")
    git(root, "add", "-A")
    (root / "csrc/old.cu").unlink()
    (root / "csrc/folder/x.cu").unlink()
    (root / "csrc/folder").rmdir()
    (root / "csrc/folder").write_text("now a file")
    (root / "csrc/new.cu").write_text("")
    assert paths(sources.scan(root)) == [
        "csrc/a.cu",
        "csrc/folder",
        "csrc/new.cu",
        "remote_payload/b.py",
    ]


def test_a_tracked_file_travels_although_a_rule_ignores_it(plain: Tree) -> None:
    root = plain({"csrc/table.bin": "x", ".gitignore": "*.bin\n"})
    git(root, "init", "-q")
    git(root, "add", "-f", "csrc/table.bin")
    assert "csrc/table.bin" in paths(sources.scan(root))


def test_a_project_inside_somebody_elses_ignored_folder_is_walked(plain: Tree) -> None:
    root = plain({})
    git(root.parent, "init", "-q")
    (root.parent / ".gitignore").write_text("*\n")
    assert paths(sources.scan(root)) == ["csrc/a.cu", "remote_payload/b.py"]


def test_a_repository_of_its_own_is_named_and_left_out(plain: Tree) -> None:
    root = plain({"csrc/nested/x.cu": ""})
    git(root, "init", "-q")
    git(root / "csrc/nested", "init", "-q")
    git(root / "csrc/nested", "add", "-A")
    git(root / "csrc/nested", "commit", "-qm", "x")
    scan = sources.scan(root)
    assert reasons(scan) == {"csrc/nested": "is a git repository of its own"}
    assert "csrc/nested/x.cu" not in paths(scan)


WEIRD = [
    "with space.cu",
    "'quote\".cu",
    "new\nline.cu",
    "-rf",
    "ünïcödé-核.cu",
    "$(id);`id`|&.cu",
    "back\\slash",
    ":(glob)*",
    "*",
]


@pytest.mark.parametrize("name", WEIRD)
def test_a_strange_name_travels_as_it_is(tree: Tree, name: str) -> None:
    assert f"csrc/{name}" in paths(sources.scan(tree({f"csrc/{name}": "x"})))


def test_a_name_that_is_not_utf8_is_refused_by_name(tree: Tree) -> None:
    root = tree({})
    Path(os.fsdecode(os.fsencode(root) + b"/csrc/caf\xe9.cu")).write_text("x")
    with pytest.raises(UsageError, match=r"caf\\xe9\.cu'? is not UTF-8"):
        sources.scan(root)


def test_a_link_inside_the_project_travels_as_a_link(tree: Tree) -> None:
    root = tree({})
    (root / "csrc/link.cu").symlink_to("a.cu")
    (root / "csrc/folder").symlink_to("../remote_payload")
    links = {e.path: e.content for e in sources.scan(root).snapshot.entries if e.kind is Kind.LINK}
    assert links == {"csrc/link.cu": "a.cu", "csrc/folder": "../remote_payload"}


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside"])
def test_a_link_out_of_the_project_is_refused_with_its_target(tree: Tree, target: str) -> None:
    root = tree({})
    (root / "csrc/link").symlink_to(target)
    with pytest.raises(UsageError, match=f"'csrc/link' leads out of the snapshot: '{target}'"):
        sources.scan(root)


def test_a_pipe_is_named_and_left_out(plain: Tree) -> None:
    root = plain({})
    os.mkfifo(root / "csrc/pipe")
    assert reasons(sources.scan(root)) == {"csrc/pipe": "is not a regular file"}


def test_a_missing_part_is_told_with_the_folder_looked_in(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"there is no csrc/ in {tmp_path}") as caught:
        sources.scan(tmp_path)
    assert "project's folder" in caught.value.hint


def test_a_file_of_the_users_travels_under_its_given_place(tree: Tree, tmp_path: Path) -> None:
    mine = tmp_path / "elsewhere" / "attn.py"
    mine.parent.mkdir()
    mine.write_text("def f(q, k, v): ...")
    scan = sources.scan(tree({}), extra=[("providers/attn.py", mine)])
    entry = next(e for e in scan.snapshot.entries if e.path == "providers/attn.py")
    assert scan.local(entry) == mine.resolve()


def test_a_named_file_travels_although_git_ignores_it(tree: Tree) -> None:
    root = tree({".gitignore": "scratch/\n", "scratch/mine.py": "x", "scratch/more/other.py": "y"})
    extra = [("scratch/mine.py", root / "scratch/mine.py"), ("more", root / "scratch/more")]
    assert {"scratch/mine.py", "more/other.py"} <= set(paths(sources.scan(root, extra=extra)))


def test_two_files_for_one_place_are_refused(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "other.cu").write_text("x")
    with pytest.raises(UsageError, match=r"would both travel as csrc/a\.cu"):
        sources.scan(tree({}), extra=[("csrc/a.cu", tmp_path / "other.cu")])


def test_a_named_file_that_does_not_exist_is_told(tree: Tree, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no file .*gone\.py"):
        sources.scan(tree({}), extra=[("providers/gone.py", tmp_path / "gone.py")])


def test_a_git_that_fails_is_quoted_instead_of_guessed_around(plain: Tree) -> None:
    root = plain({})
    (root / ".git").write_text("gitdir: /nonexistent\n")
    with pytest.raises(UsageError, match="git could not list the files"):
        sources.scan(root)


def test_a_remembered_manifest_is_believed_only_if_its_digest_is_right(plain: Tree) -> None:
    root = plain({})
    snapshot = sources.scan(root).snapshot
    manifests.remember(root, snapshot)
    assert manifests.remembered(root) == {snapshot.digest: snapshot.manifest}
    (root / ".orchestrator/manifests" / snapshot.digest).write_text("[]")
    assert manifests.remembered(root) == {}


def test_few_manifests_are_remembered_newest_first(plain: Tree) -> None:
    root = plain({})
    digests = []
    for number in range(6):
        (root / "csrc/a.cu").write_text(str(number))
        snapshot = sources.scan(root).snapshot
        manifests.remember(root, snapshot)
        file = root / ".orchestrator/manifests" / snapshot.digest
        os.utime(file, ns=(number, number))
        digests.append(snapshot.digest)
    assert list(manifests.remembered(root)) == digests[:1:-1]


def test_our_notes_are_ignored_by_git(plain: Tree) -> None:
    root = plain({})
    git(root, "init", "-q")
    manifests.remember(root, sources.scan(root).snapshot)
    status = subprocess.run(
        ["git", "-C", str(root), "status", "--porcelain"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ".orchestrator" not in status.stdout
