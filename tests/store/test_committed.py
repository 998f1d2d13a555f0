"""What git keeps at a revision, asked of real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.here import committed


class Repository:
    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> None:
        who = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
        allowed = ("-c", "protocol.file.allow=always")
        subprocess.run(["git", "-C", self.root, *who, *allowed, *words], check=True)

    def commit(self, **files: str) -> None:
        for name, text in files.items():
            (self.root / f"{name}.py").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", "step")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def test_that_files_come_as_they_were_and_the_working_tree_stays_as_it_is(
    repository: Repository, tmp_path: Path
) -> None:
    inner = repository.root / "kernels"
    inner.mkdir()
    (inner / "run.sh").write_text("echo\n")
    (inner / "run.sh").chmod(0o755)
    (inner / "näme\n.py").write_text("odd = 1\n")
    (inner / "link.py").symlink_to("run.sh")
    (inner / ".gitattributes").write_text("* export-ignore\n*.py text eol=crlf\n")
    repository.commit(a="x = 1\n")
    repository.commit(a="x = 2\n")
    (repository.root / "a.py").write_text("x = 3\n")
    before = committed.commit(inner, "HEAD~1")
    assert before.words == f"HEAD~1 ({before.digest[:7]})"
    out = tmp_path / "out"
    committed.write(before, committed.files(before, [""]), out)
    assert (out / "a.py").read_text() == "x = 1\n"
    assert (out / "kernels" / "näme\n.py").read_bytes() == b"odd = 1\n", "no filter is at work"
    assert (out / "kernels" / "run.sh").stat().st_mode & 0o100
    assert str((out / "kernels" / "link.py").readlink()) == "run.sh"
    assert (repository.root / "a.py").read_text() == "x = 3\n"
    assert [blob.path for blob in committed.files(before, ["a.py"])] == ["a.py"]
    assert committed.files(before, ["nowhere"]) == ()


def test_that_a_revision_git_does_not_know_is_refused_with_the_way_to_find_one(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(a="x = 1\n")
    for revision in ("HEAD~1", "nobranch", "--all", "HEAD:a.py"):
        with pytest.raises(UsageError, match="git knows no such revision") as refused:
            committed.commit(repository.root, revision)
        assert "log --oneline" in (refused.value.hint or "")
    with pytest.raises(UsageError, match="is in no git checkout"):
        committed.commit(tmp_path, "HEAD")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git is not installed here"):
        committed.commit(repository.root, "HEAD")


def test_that_a_shallow_clone_is_told_how_to_get_its_history(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit(a="x = 1\n")
    repository.commit(a="x = 2\n")
    shallow = tmp_path / "shallow"
    ask = ["git", "clone", "-q", "--depth", "1", f"file://{repository.root}", str(shallow)]
    subprocess.run(ask, check=True)
    assert committed.commit(shallow, "HEAD").revision == "HEAD"
    with pytest.raises(UsageError, match="which is a shallow clone") as refused:
        committed.commit(shallow, "HEAD~1")
    assert "fetch --unshallow" in (refused.value.hint or "")


def test_that_a_submodule_is_refused_by_its_name(repository: Repository, tmp_path: Path) -> None:
    inner = Repository(tmp_path / "inner")
    inner.commit(b="y = 1\n")
    repository.git("submodule", "--quiet", "add", str(inner.root), "third_party")
    repository.commit(a="x = 1\n")
    head = committed.commit(repository.root, "HEAD")
    blobs = committed.files(head, ["third_party"])
    assert [blob.is_module for blob in blobs] == [True]
    with pytest.raises(UsageError, match="third_party is a git submodule"):
        committed.write(head, blobs, tmp_path / "out")


def test_that_no_file_is_written_through_a_link_or_out_of_its_folder(
    repository: Repository, tmp_path: Path
) -> None:
    (repository.root / "away.py").symlink_to("/etc")
    repository.commit(a="x = 1\n")
    head = committed.commit(repository.root, "HEAD")
    (link,) = committed.files(head, ["away.py"])
    (file,) = committed.files(head, ["a.py"])
    for path in ("../a.py", ".git/config", "b/../../a.py"):
        bad = committed.Blob(path, file.mode, file.name, file.size_bytes)
        with pytest.raises(UsageError, match="is no name of a file"):
            committed.write(head, (bad,), tmp_path / "out")
    under = committed.Blob("away.py/a.py", file.mode, file.name, file.size_bytes)
    with pytest.raises(OSError, match="exists"):
        committed.write(head, (link, under), tmp_path / "other")
    assert not Path("/etc/a.py").exists()
