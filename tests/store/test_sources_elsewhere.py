"""What lies elsewhere and belongs here: submodules, and what links lead to."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.sync import packing, sources
from orchestrator.sync.left_out import stays_at_home
from orchestrator.values.snapshot import Kind, Submodule
from tests.store.trees import Tree, git, paths, reasons

FILES_ONLY = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "protocol.file.allow",
    "GIT_CONFIG_VALUE_0": "always",
}


def repository(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")
    return folder


@pytest.fixture
def project(plain: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose csrc/cutlass is a submodule that has a submodule itself."""
    for name, value in FILES_ONLY.items():
        monkeypatch.setenv(name, value)
    inner = repository(tmp_path / "inner", {"deep.h": "deep"})
    outer = repository(
        tmp_path / "outer", {"include/cute.hpp": "cute", ".gitignore": "*.o\n", "LICENSE": "free"}
    )
    git(outer, "submodule", "add", "-q", str(inner), "third party")
    git(outer, "commit", "-qm", "inner")
    root = repository(plain({}), {})
    git(root, "submodule", "add", "-q", str(outer), "csrc/cutlass")
    git(root, "submodule", "update", "-q", "--init", "--recursive")
    git(root, "commit", "-qm", "outer")
    return root


def test_submodules_travel_with_their_own_and_by_their_own_rules(project: Path) -> None:
    (project / "csrc/cutlass/left.o").write_text("x")
    scan = sources.scan(project)
    assert paths(scan) == [
        "csrc/a.cu",
        "csrc/cutlass/.gitignore",
        "csrc/cutlass/.gitmodules",
        "csrc/cutlass/LICENSE",
        "csrc/cutlass/include/cute.hpp",
        "csrc/cutlass/third party/deep.h",
        "remote_payload/b.py",
    ]
    assert reasons(scan) == {"csrc/cutlass/left.o": "is ignored by git"}
    inner, outer = scan.submodules
    assert inner == Submodule("csrc/cutlass/third party", 1, 4)
    assert (outer.path, outer.files) == ("csrc/cutlass", 5)
    entry = next(one for one in scan.snapshot.entries if one.path.endswith("cute.hpp"))
    assert b"".join(packing.contents(scan, entry)) == b"cute"


@pytest.mark.parametrize("empty", ["csrc/cutlass", "csrc/cutlass/third party"])
def test_a_submodule_that_is_not_checked_out_is_refused_and_its_mend_works(
    project: Path, empty: str
) -> None:
    place = project / empty
    git(place.parent, "submodule", "deinit", "-q", "-f", place.name)
    with pytest.raises(
        UsageError, match=f"{empty} is a git submodule and not checked out"
    ) as caught:
        sources.scan(project)
    where, _, command = caught.value.hint.removeprefix("In ").partition(": ")
    subprocess.run(command, shell=True, cwd=where, check=True, capture_output=True)
    assert "csrc/cutlass/third party/deep.h" in paths(sources.scan(project))


def test_a_submodule_whose_folder_is_gone_is_refused_too(project: Path) -> None:
    subprocess.run(["rm", "-rf", str(project / "csrc/cutlass")], check=True)
    with pytest.raises(UsageError, match="csrc/cutlass is a git submodule"):
        sources.scan(project)


def test_what_a_link_leads_to_in_the_project_travels_under_the_links_name(tree: Tree) -> None:
    root = tree({"third_party/lib/x.h": "X", "third_party/lib/deep/y.h": "Y", "notes.h": "N"})
    (root / "csrc/lib").symlink_to("../third_party/lib")
    (root / "csrc/notes.h").symlink_to(root / "notes.h")
    (root / "csrc/same.cu").symlink_to(root / "csrc/a.cu")
    scan = sources.scan(root)
    assert paths(scan) == [
        "csrc/a.cu", "csrc/lib/deep/y.h", "csrc/lib/x.h", "csrc/notes.h", "csrc/same.cu", "remote_payload/b.py",
    ]  # fmt: skip
    assert {entry.kind for entry in scan.snapshot.entries} == {Kind.FILE}
    texts = {one.path: b"".join(packing.contents(scan, one)) for one in scan.snapshot.entries}
    assert (texts["csrc/lib/x.h"], texts["csrc/notes.h"]) == (b"X", b"N")


def test_a_link_to_what_git_ignores_takes_it_along(tree: Tree) -> None:
    root = tree({".gitignore": "/csrc/made/\n", "csrc/made/table.h": "T"})
    (root / "csrc/table").symlink_to("made")
    assert "csrc/table/table.h" in paths(sources.scan(root))


def test_links_that_find_their_target_over_there_stay_links(tree: Tree) -> None:
    root = tree({"csrc/deep/x.h": "X"})
    (root / "csrc/first").symlink_to("deep")
    (root / "csrc/second").symlink_to("first")
    (root / "csrc/third.h").symlink_to("second/x.h")
    (root / "csrc/up").symlink_to("..")
    (root / "csrc/nowhere").symlink_to("gone.h")
    links = [one.path for one in sources.scan(root).snapshot.entries if one.kind is Kind.LINK]
    assert links == ["csrc/first", "csrc/nowhere", "csrc/second", "csrc/third.h", "csrc/up"]


def test_links_in_a_circle_are_refused_by_name(tree: Tree) -> None:
    root = tree({"one/x.h": "", "two/y.h": ""})
    (root / "csrc/lib").symlink_to("../one")
    (root / "one/next").symlink_to("../two")
    (root / "two/next").symlink_to("../one")
    with pytest.raises(UsageError, match="the link 'csrc/lib/next/next' leads round in a circle"):
        sources.scan(root)


def test_a_link_that_leaves_the_project_by_way_of_another_is_refused(
    tree: Tree, tmp_path: Path
) -> None:
    root = tree({})
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "x.h").write_text("x")
    (root / "elsewhere").symlink_to(tmp_path / "private")
    (root / "csrc/lib").symlink_to("../elsewhere")
    with pytest.raises(UsageError, match="the link 'csrc/lib' leads out of the project") as caught:
        sources.scan(root)
    assert "make that a git submodule" in caught.value.hint


def test_no_link_takes_a_secret_or_gits_own_store_along(plain: Tree) -> None:
    root = plain({".env": "TOKEN=x"})
    git(root, "init", "-q")
    (root / "csrc/settings.h").symlink_to("../.env")
    (root / "csrc/store").symlink_to("../.git")
    scan = sources.scan(root)
    assert paths(scan) == ["csrc/a.cu", "remote_payload/b.py"]
    assert reasons(scan)["csrc/settings.h"] == "leads to what has the name of a secret"
    assert reasons(scan)["csrc/store"] == "leads to what never travels"


def test_a_file_the_compiler_missed_is_named_with_the_reason_it_stayed(
    plain: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = plain({".gitignore": "/csrc/made/\n", "csrc/made/table.h": "T"})
    monkeypatch.chdir(root)
    git(root, "init", "-q")
    said = stays_at_home(sources.scan(root), "made/table.h")
    assert said == (
        "csrc/made/table.h lies here and was not sent: csrc/made/ is ignored by git. "
        "`git add -f csrc/made/table.h` lets it travel"
    )
    git(root, "add", "-f", "csrc/made/table.h")
    scan = sources.scan(root)
    assert "csrc/made/table.h" in paths(scan)
    assert stays_at_home(scan, "made/table.h") == ""


def test_a_header_inside_a_repository_of_its_own_is_named(plain: Tree) -> None:
    root = plain({})
    git(root, "init", "-q")
    repository(root / "csrc/cutlass", {"include/cutlass/gemm.h": ""})
    said = stays_at_home(sources.scan(root), "cutlass/gemm.h")
    assert said.startswith(
        "csrc/cutlass/include/cutlass/gemm.h lies here and was not sent: csrc/cutlass is a git"
    )
    assert said.endswith("Make csrc/cutlass a submodule, and it travels")
    assert stays_at_home(sources.scan(root), "../other/none.h") == ""
