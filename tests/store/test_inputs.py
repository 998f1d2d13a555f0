"""Sources that would be left out: whatever the reason, the build's own are an error with a name."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orchestrator.sync import sources
from tests.store.project_tree import ALL, committed, refusal, root, scanned, write
from tests.store.trees import git, paths

__all__ = ["root"]


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("csrc/", "nothing in csrc/ would travel: csrc is"),
        ("remote_payload", "nothing in remote_payload/ would travel: remote_payload is"),
        ("attention/", "csrc/attention/api.cu (a source of its own)"),
        ("*.cuh", "csrc/attention/mask.cuh (csrc/attention/api.cu needs it)"),
        ("build*", "remote_payload/stages/build/build.py (remote_payload/runner.py needs it)"),
    ],
)
@pytest.mark.parametrize("place", [".gitignore", ".git/info/exclude", "core.excludesFile"])
def test_a_rule_of_another_than_the_project_that_keeps_its_sources_back_is_named(
    root: Path, rule: str, named: str, place: str
) -> None:
    parent = root.parent
    git(parent, "init", "-q")
    where = parent / ("my ignores" if place == "core.excludesFile" else place)
    git(parent, "config", "core.excludesFile", str(parent / "my ignores"))
    where.write_text(f"# a line\n{rule}\n")
    error = refusal(root)
    assert named in error.message
    assert f"is ignored by git: line 2 of {where}, `{rule}`" in error.message
    assert error.hint.startswith("`git add -f ")
    assert error.hint.endswith(" lets it travel.")
    words = error.hint.split("`")[1].split()
    git(root, *words[1:])
    path = words[-1]
    assert any(f"{one}/".startswith(f"{path}/") for one in paths(sources.scan(root))), "it helps"


def test_what_the_project_itself_keeps_back_stays_silent_unless_something_needs_it(
    root: Path,
) -> None:
    git(root, "init", "-q")
    write(root, {
        ".gitignore": "scratch*\nlocal.h\n",
        "csrc/scratch.cu": "", "remote_payload/scratch.py": "", "csrc/attention/local.h": "",
    })  # fmt: skip
    assert paths(scanned(root)) == ALL
    api = root / "csrc/attention/api.cu"
    api.write_text(
        '#pragma once\n#ifdef LOCAL\n#include "local.h"\n#endif\n/*\n#include "local.h"\n*/'
    )
    assert paths(scanned(root)) == ALL, "included under a condition: the compiler will tell"
    api.write_text('#ifndef GUARD\n#define GUARD\n# include "local.h"\n#endif\n')
    assert "csrc/attention/local.h (csrc/attention/api.cu needs it)" in refusal(root).message
    api.write_text("")
    runner = root / "remote_payload/runner.py"
    runner.write_text("try:\n    import remote_payload.scratch\nexcept ImportError:\n    pass\n")
    assert paths(scanned(root)) == ALL, "ready for its lack"
    runner.write_text("def late():\n    from remote_payload.scratch import x\n")
    assert "remote_payload/scratch.py (remote_payload/runner.py needs it)" in refusal(root).message


@pytest.mark.parametrize("words", ["+".join(["1"] * 20_000), "-" * 100_000 + "1"])
def test_a_module_that_cannot_be_parsed_needs_nothing(root: Path, words: str) -> None:
    git(root, "init", "-q")
    write(root, {
        ".gitignore": "scratch.py\n",
        "remote_payload/scratch.py": "", "remote_payload/long.py": f"X = {words}\n",
    })  # fmt: skip
    assert paths(scanned(root)) == sorted([*ALL, "remote_payload/long.py"])


@pytest.mark.parametrize(
    ("path", "words", "needed"),
    [
        ("remote_payload/runner.py", "from . import extra", "remote_payload/extra.py"),
        ("remote_payload/runner.py", "from .extra import x", "remote_payload/extra.py"),
        ("remote_payload/runner.py", "from .pack import extra", "remote_payload/pack/extra.py"),
        ("remote_payload/runner.py", "from pack.extra import x", "remote_payload/pack/extra.py"),
        ("remote_payload/runner.py", "from pack import extra", "remote_payload/pack/extra.py"),
        ("remote_payload/runner.py", "import pack.extra", "remote_payload/pack/extra.py"),
        ("remote_payload/pack/x.py", "from . import extra", "remote_payload/pack/extra.py"),
        ("remote_payload/pack/__init__.py", "from .extra import x", "remote_payload/pack/extra.py"),
        ("remote_payload/pack/x.py", "from .. import extra", "remote_payload/extra.py"),
        ("remote_payload/pack/x.py", "from ..extra import x", "remote_payload/extra.py"),
        ("remote_payload/pack/x.py", "from . import other", ""),
        ("remote_payload/pack/x.py", "from .... import extra", ""),
        ("remote_payload/runner.py", "from .pack import extras", ""),
        ("remote_payload/runner.py", "import os, pack.extra", "remote_payload/pack/extra.py"),
        ("remote_payload/runner.py", "import calendar", ""),
    ],
)
@pytest.mark.parametrize("with_git", [True, False])
def test_what_python_would_find_in_the_payload_is_needed_however_it_is_imported(
    root: Path, path: str, words: str, needed: str, with_git: bool
) -> None:
    if with_git:
        git(root, "init", "-q")
    write(root, {
        ".gitignore": "extra.py\ncalendar.py\n", path: f"{words}\n",
        "remote_payload/extra.py": "", "remote_payload/pack/extra.py": "",
        "remote_payload/calendar.py": "",
    })  # fmt: skip
    if needed:
        assert f"{needed} ({path} needs it)" in refusal(root).message
    else:
        assert not any(one.endswith(("extra.py", "calendar.py")) for one in paths(scanned(root)))


def test_the_same_holds_without_git(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    (root / ".gitignore").write_text("mask.cuh\n")
    assert "csrc/attention/mask.cuh (csrc/attention/api.cu needs it)" in refusal(root).message
    (root / ".gitignore").write_text("csrc/\n")
    error = refusal(root)
    assert error.message.startswith("nothing in csrc/ would travel: csrc/")
    assert error.message.endswith(" is ignored by .gitignore")
    assert error.hint == "Without that rule it travels."


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"])
def test_a_hook_of_another_checkout_does_not_decide_what_travels(
    root: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git sets these for its hooks, whoever is called from there."""
    committed(root)
    (root / ".gitignore").write_text("csrc\n")
    write(tmp_path / "other", {"csrc/other.cu": ""})
    committed(tmp_path / "other")
    values = {"GIT_DIR": ".git", "GIT_INDEX_FILE": ".git/index", "GIT_WORK_TREE": "."}
    monkeypatch.setenv(name, str(tmp_path / "other" / values[name]))
    assert paths(scanned(root)) == ALL


def test_a_git_that_refuses_a_strangers_folder_is_quoted(root: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("cannot give a folder away: not root")
    git(root, "init", "-q")
    subprocess.run(["chown", "-R", "12345", str(root)], check=True)
    assert "dubious ownership" in refusal(root).message


def test_rules_are_told_although_a_submodule_lies_between(root: Path, tmp_path: Path) -> None:
    """git itself gives up at the first path that lies in one."""
    write(tmp_path / "lib", {"x.h": "", ".gitignore": "*.o\n"})
    committed(tmp_path / "lib")
    git(root.parent, "init", "-q")
    git(
        root,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        str(tmp_path / "lib"),
        "csrc/a-lib",
    )
    write(root, {"csrc/a-lib/left.o": ""})
    (root.parent / ".gitignore").write_text("attention/\n")
    assert "`attention/`" in refusal(root).message


def test_a_module_left_out_of_a_folder_that_a_users_file_imports_is_worth_a_line(
    root: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    write(
        mine,
        {
            "pack/__init__.py": "",
            "pack/made.py": "",
            "pack/x.o": "",
            ".gitignore": "made.py\n*.o\n",
        },
    )
    git(mine, "init", "-q")
    skipped = sources.scan(root, extra=[("pack", mine / "pack")]).skipped
    assert {item.path: item.usual for item in skipped} == {"pack/made.py": False, "pack/x.o": True}


@pytest.mark.parametrize("path", ["csrc/attention/api.cu", "remote_payload/stages/build/build.py"])
def test_a_source_that_is_a_link_to_nothing_is_named(root: Path, path: str) -> None:
    (root / path).unlink()
    (root / path).symlink_to("moved-away")
    error = refusal(root)
    assert f"{path} (a source of its own) is a link to nothing" in error.message
    assert error.hint == "Correct the link, or remove it."


def test_an_editors_lock_is_no_source(root: Path) -> None:
    (root / "csrc/attention/.#api.cu").symlink_to("me@here.4711:1764000000")
    assert "csrc/attention/.#api.cu" in paths(scanned(root))
