"""A compile error about a file that stayed at home says so; big submodules are announced."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.store.sources import scan
from orchestrator.workflows.left_at_home import left_at_home
from orchestrator.workflows.plan import Plan
from remote_payload.contract import BuildReport, Compilation, Status
from tests.report import synthetic
from tests.store.trees import git

MADE = "csrc/made/table.h"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose only .cu file includes what git ignores."""
    files = {
        ".gitignore": "/csrc/made/\n",
        MADE: "",
        "csrc/a.cu": '#include "made/table.h"\n',
        "remote_payload/b.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "-q")
    return tmp_path


def test_the_real_compilers_words_lead_to_the_file_that_stayed(root: Path, tmp_path: Path) -> None:
    over_there = tmp_path / "host"
    for entry in scan(root).snapshot.entries:
        (over_there / entry.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / entry.path, over_there / entry.path)
    words = ["g++", "-x", "c++", "-fsyntax-only", "-I", "csrc", "csrc/a.cu"]
    done = subprocess.run(words, cwd=over_there, capture_output=True, text=True)
    compilation = Compilation("sm_90a", "g++", Status.FAILED, 0.1, done.stderr)
    report = BuildReport(Status.FAILED, "sm_90a: …", compilations=(compilation,))
    run = synthetic.run(replace(synthetic.failed_build_result(), build=report))
    request = synthetic.request()
    said = f"{MADE} stays at home, csrc/made/ is ignored by git: `git add -f {MADE}` lets it travel"
    assert left_at_home(root, Plan(request, ()), run) == (said,)
    other = replace(synthetic.failed_build_result(), build=synthetic.built())
    assert left_at_home(root, Plan(request, ()), synthetic.run(other)) == ()
    assert left_at_home(root, Plan(request, ()), synthetic.run(None)) == ()
