"""A header that the compiler misses: it lies here, it was not sent, and this is what to do."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.sync.left_at_home import explain
from orchestrator.sync.sources import scan
from remote_payload.contract.machine import BuildReport, Compilation
from remote_payload.contract.words import Status


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com")
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    for name in ("csrc/attention", "remote_payload"):
        (root / name).mkdir(parents=True)
    (root / "csrc/attention/api.cu").write_text('#include "cutlass/cutlass.h"\n')
    (root / "remote_payload/__init__.py").touch()
    git(root, "init", "-q")
    monkeypatch.chdir(root)
    return root


def failed(*logs: str) -> BuildReport:
    compilations = tuple(Compilation("sm_90a", "nvcc", Status.FAILED, 1.0, log) for log in logs)
    return BuildReport(Status.FAILED, "sm_90a: fatal error", compilations=compilations)


def missing(header: str, by: str = "csrc/attention/api.cu") -> BuildReport:
    return failed(f"{by}:1:10: fatal error: {header}: No such file or directory\n")


MISSING = missing("cutlass/cutlass.h")


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_folder_that_git_ignores_is_named_with_the_next_step(project: Path) -> None:
    put(project / "csrc/cutlass/cutlass.h")
    (project / ".gitignore").write_text("csrc/cutlass\n")
    said = explain(project, MISSING)
    assert said.startswith("csrc/cutlass/cutlass.h lies here and was not sent: csrc/cutlass")
    assert said.endswith("is ignored by git. `git add -f csrc/cutlass/cutlass.h` lets it travel")


def test_one_beside_the_file_that_includes_it_is_found_too(project: Path) -> None:
    put(project / "csrc/attention/built/tables.inc")
    (project / ".gitignore").write_text("built/\n")
    said = explain(project, missing("built/tables.inc"))
    assert said.startswith("csrc/attention/built/tables.inc lies here and was not sent: ")
    put(project / "csrc/built/up.h")
    assert explain(project, missing("../built/up.h")).startswith("csrc/built/up.h lies here")


def test_one_that_lies_outside_what_travels_is_told_so(project: Path) -> None:
    put(project / "third_party/cutlass/include/cutlass/cutlass.h")
    assert explain(project, MISSING) == (
        "third_party/cutlass/include/cutlass/cutlass.h lies here and was not sent: only csrc/ and "
        "remote_payload/ travel. Copy what you include to csrc/"
    )


def test_one_that_travelled_but_is_not_looked_for_there_is_told_so(project: Path) -> None:
    put(project / "csrc/deps/include/cutlass/cutlass.h")
    said = explain(project, MISSING)
    assert said.startswith("csrc/deps/include/cutlass/cutlass.h was sent, but headers are looked")
    assert "NVCC_APPEND_FLAGS: -I csrc/deps/include" in said


def test_where_nothing_here_has_its_name_nothing_is_said(project: Path) -> None:
    assert explain(project, MISSING) == ""
    put(project / ".git/cutlass/cutlass.h")
    assert explain(project, MISSING) == ""


def test_another_failure_or_none_is_none_of_its_business(project: Path) -> None:
    put(project / "third_party/cutlass/cutlass.h")
    assert explain(project, failed("csrc/attention/api.cu(3): error: x is undefined")) == ""
    assert explain(project, replace(MISSING, status=Status.OK)) == ""
    assert explain(project, failed("csrc/a.cu(3): error: x", MISSING.compilations[0].log)) != ""


def test_the_real_compilers_words_lead_to_the_file_that_stayed(
    project: Path, tmp_path: Path
) -> None:
    put(project / "csrc/cutlass/cutlass.h")
    (project / ".gitignore").write_text("csrc/cutlass\n")
    over_there = tmp_path / "host"
    for entry in scan(project).snapshot.entries:
        (over_there / entry.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project / entry.path, over_there / entry.path)
    words = ["g++", "-x", "c++", "-fsyntax-only", "-I", "csrc", "csrc/attention/api.cu"]
    done = subprocess.run(words, cwd=over_there, capture_output=True, text=True, check=False)
    assert "csrc/cutlass/cutlass.h lies here" in explain(project, failed(done.stderr))


def test_one_with_the_name_of_a_secret_is_told_to_take_another(project: Path) -> None:
    put(project / "csrc/id_rsa")
    said = explain(project, missing("id_rsa"))
    assert said.endswith("it has the name of a secret. With another name it travels")
