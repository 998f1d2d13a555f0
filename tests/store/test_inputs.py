"""Sources that would be left out: whatever the reason, the build's own are an error with a name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.model.snapshot import Scan
from orchestrator.store import sources
from orchestrator.store.inputs import require_inputs
from tests.store.trees import git, paths

FILES = {
    "csrc/attention/api.cu": '#include "attention/mask.cuh"\n',
    "csrc/attention/mask.cuh": "#pragma once\n",
    "csrc/ptx/warp.cuh": "#pragma once\n",
    "remote_payload/__init__.py": "",
    "remote_payload/build.py": "",
    "remote_payload/runner.py": "from remote_payload import (\n    build,\n)\n",
}
ALL = sorted(FILES)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "parent" / "project"
    write(place, FILES)
    return place


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def scanned(root: Path) -> Scan:
    """As deploy does, with and without --dry-run."""
    return require_inputs(sources.scan(root))


def committed(root: Path) -> None:
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "x")


def refusal(root: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        scanned(root)
    return caught.value


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("csrc/", "nothing in csrc/ would travel: csrc is"),
        ("remote_payload", "nothing in remote_payload/ would travel: remote_payload is"),
        ("attention/", "csrc/attention/api.cu (a source of its own)"),
        ("*.cuh", "csrc/attention/mask.cuh (csrc/attention/api.cu needs it)"),
        ("build*", "remote_payload/build.py (remote_payload/runner.py needs it)"),
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


def test_the_same_holds_without_git(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    (root / ".gitignore").write_text("mask.cuh\n")
    assert "csrc/attention/mask.cuh (csrc/attention/api.cu needs it)" in refusal(root).message
    (root / ".gitignore").write_text("csrc/\n")
    error = refusal(root)
    assert error.message.startswith("nothing in csrc/ would travel: csrc/")
    assert error.message.endswith(" is ignored by .gitignore")
    assert error.hint == "Without that rule it travels."


@pytest.mark.parametrize("with_git", [True, False])
@pytest.mark.parametrize("was_tracked", [True, False])
def test_csrc_that_is_a_link_inside_the_project_travels_as_what_it_leads_to(
    root: Path, with_git: bool, was_tracked: bool
) -> None:
    if with_git:
        git(root, "init", "-q")
        if was_tracked:
            git(root, "add", "-A")
    (root / "csrc").rename(root / "real")
    (root / "csrc").symlink_to("real")
    assert paths(scanned(root)) == ALL


def _outside(root: Path) -> None:
    (root / "csrc").rename(root.parent / "real")
    (root / "csrc").symlink_to("../real")


def _to_nothing(root: Path) -> None:
    shutil.rmtree(root / "csrc")
    (root / "csrc").symlink_to("gone")


def _a_file(root: Path) -> None:
    shutil.rmtree(root / "csrc")
    (root / "csrc").write_text("")


@pytest.mark.parametrize("with_git", [True, False])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_outside, "the link 'csrc' leads out of the"),
        (_to_nothing, "csrc in .* is a link to nothing"),
        (_a_file, "csrc in .* is no folder"),
    ],
)
def test_csrc_that_is_no_folder_of_the_project_is_told(
    root: Path, with_git: bool, make: Callable[[Path], None], words: str
) -> None:
    if with_git:
        git(root, "init", "-q")
    make(root)
    with pytest.raises(UsageError, match=words):
        scanned(root)


@pytest.mark.parametrize("part", ["csrc", "csrc/attention", "remote_payload"])
@pytest.mark.parametrize("has_commits", [True, False])
def test_a_repository_in_the_place_of_sources_is_told(
    root: Path, part: str, has_commits: bool
) -> None:
    git(root, "init", "-q")
    committed(root / part) if has_commits else git(root / part, "init", "-q")
    error = refusal(root)
    assert part in error.message
    assert "is a git repository of its own" in error.message
    assert error.hint == f"Make {part} a submodule, and it travels."


def test_a_worktree_is_a_checkout_like_any_other(root: Path, tmp_path: Path) -> None:
    committed(root)
    git(root, "worktree", "add", "-q", str(tmp_path / "tree"))
    assert paths(scanned(tmp_path / "tree")) == ALL


@pytest.mark.parametrize(
    ("kept", "named", "mend"),
    [
        (("--cone", "remote_payload"), "there is no csrc/ in", "git sparse-checkout add csrc"),
        (
            ("--cone", "remote_payload", "csrc/ptx"),
            "csrc/attention/api.cu (a source of its own) is left out by this sparse checkout",
            "git checkout --ignore-skip-worktree-bits -- csrc/attention/api.cu",
        ),
        (
            ("--no-cone", "/*", "!mask.cuh"),
            "csrc/attention/mask.cuh (csrc/attention/api.cu needs it) is left out by this sparse",
            "git checkout --ignore-skip-worktree-bits -- csrc/attention/mask.cuh",
        ),
    ],
)
def test_what_a_sparse_checkout_keeps_off_the_disk_is_named_and_the_mend_works(
    root: Path, kept: tuple[str, ...], named: str, mend: str
) -> None:
    committed(root)
    git(root, "sparse-checkout", "set", *kept)
    error = refusal(root)
    assert named in error.message
    assert "sparse checkout" in error.message
    assert mend in error.hint
    git(root, *mend.split()[1:])
    assert named.partition(" ")[0] in (*paths(sources.scan(root)), "there")


ASKS = """
import os, sys
from pathlib import Path
from orchestrator.store import sources
from orchestrator.errors import UsageError
if os.geteuid() == 0:
    os.setuid(65534)
try:
    sources.scan(Path(sys.argv[1]))
except UsageError as error:
    print(error.message, "|", error.hint)
"""


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A temporary folder that every user may enter."""
    place = Path(tempfile.mkdtemp(prefix="sources-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.mark.parametrize("part", [".", "csrc", "csrc/attention"])
@pytest.mark.parametrize("kind", ["new", "tracked", "no git"])
@pytest.mark.parametrize("mode", [0, 0o400])
def test_an_unreadable_folder_is_an_error_and_no_empty_folder(
    open_place: Path, part: str, kind: str, mode: int
) -> None:
    """As a user whom modes hold back: root may read everything."""
    root = open_place / "project"
    write(root, FILES)
    if kind != "no git":
        git(root, "init", "-q")
    if kind == "tracked":
        git(root, "add", "-A")
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "65534", str(root)], check=True)
    (root / part).chmod(mode)
    words = [sys.executable, "-c", ASKS, str(root)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    (root / part).chmod(0o755)
    assert done.stdout.startswith("cannot read "), done.stderr
    assert part in done.stdout
    assert "readable" in done.stdout


def test_an_unreadable_folder_that_is_ignored_is_nobodys_business(root: Path) -> None:
    git(root, "init", "-q")
    (root / ".gitignore").write_text("out/\n")
    write(root, {"csrc/out/x.o": ""})
    (root / "csrc/out").chmod(0)
    try:
        assert paths(scanned(root)) == ALL
    finally:
        (root / "csrc/out").chmod(0o755)


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


@pytest.mark.parametrize("path", ["csrc/attention/api.cu", "remote_payload/build.py"])
def test_a_source_that_is_a_link_to_nothing_is_named(root: Path, path: str) -> None:
    (root / path).unlink()
    (root / path).symlink_to("moved-away")
    error = refusal(root)
    assert f"{path} (a source of its own) is a link to nothing" in error.message
    assert error.hint == "Correct the link, or remove it."


def test_an_editors_lock_is_no_source(root: Path) -> None:
    (root / "csrc/attention/.#api.cu").symlink_to("me@here.4711:1764000000")
    assert "csrc/attention/.#api.cu" in paths(scanned(root))
