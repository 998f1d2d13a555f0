"""Whatever changes what a compiler reads makes it anew: by a real compiler, which reads as it does."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from remote_payload.compiling import emulation
from remote_payload.compiling.counting import silent
from remote_payload.contract.plans import BuildPlan
from remote_payload.contract.words import Status
from remote_payload.stages.build import build
from tests import toolkit

ASKING = 'extern "C" int answer() { return ANSWER; }\n'


class Tree:
    """A project of one kernel, which answers with a number."""

    def __init__(self, root: Path) -> None:
        self.root = root / "sources"
        self._builds = root / "builds"
        self.write("csrc/emulator/cta.cpp", "\n")

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def link(self, path: str, target: str) -> None:
        (self.root / path).symlink_to(target)

    def made(self) -> str:
        return emulation.library(self.root, self._builds)

    def answer(self) -> int:
        return int(ctypes.CDLL(self.made()).answer())

    def cubins(self) -> tuple[str, bool]:
        """The key of the device's code alone, and whether it was there before."""
        report = build.build(
            BuildPlan(),
            sources=self.root,
            builds=self._builds,
            device_arch=None,
            progress=silent,
            cubins_of=("sm_90a",),
        )
        assert report.status is Status.OK, report.reason
        return report.key, report.cached


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    for name in ("CXX", "CPATH", "CPLUS_INCLUDE_PATH"):
        monkeypatch.delenv(name, raising=False)
    return Tree(tmp_path)


def test_an_edit_behind_a_linked_folder_counts(tree: Tree) -> None:
    """`..` behind a link leads to where the link leads, not to where it lies."""
    tree.write("csrc/attention/api.cu", '#include "near/tile.h"\n' + ASKING)
    tree.write("shared/deep/tile.h", '#include "../answer.h"\n')
    tree.write("shared/answer.h", "#define ANSWER 1\n")
    tree.link("csrc/attention/near", "../../shared/deep")
    assert tree.answer() == 1
    tree.write("shared/answer.h", "#define ANSWER 2\n")
    assert tree.answer() == 2


def test_a_new_file_beside_one_that_includes_is_found_first_wherever_that_lies(tree: Tree) -> None:
    tree.write("csrc/attention/api.cu", '#include "near/tile.h"\n' + ASKING)
    tree.write("shared/deep/tile.h", '#include "answer.h"\n')
    tree.write("csrc/answer.h", "#define ANSWER 1\n")
    tree.link("csrc/attention/near", "../../shared/deep")
    assert tree.answer() == 1
    tree.write("shared/deep/answer.h", "#define ANSWER 2\n")
    assert tree.answer() == 2


def test_what_a_header_outside_the_project_asks_for_counts(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "tile.h").write_text(
        '#if __has_include("tuned.h")\n#include "tuned.h"\n#else\n#define ANSWER 1\n#endif\n'
    )
    monkeypatch.setenv("CPATH", str(outside))
    tree.write("csrc/attention/api.cu", "#include <tile.h>\n" + ASKING)
    assert tree.answer() == 1
    (outside / "tuned.h").write_text("#define ANSWER 2\n")
    assert tree.answer() == 2


@pytest.mark.parametrize(
    "question",
    [
        '#if __has_include("tuned.h")',
        '#if __has_include /* a comment */ ("tuned.h")',
        '#if __has_include \\\n ("tuned.h")',
        '#define TUNED "tuned.h"\n#if __has_include(TUNED)',
        "#if __has_include_next(<tuned.h>)",
    ],
)
def test_however_it_is_asked_whether_a_file_is_there(tree: Tree, question: str) -> None:
    answers = "#define ANSWER 2\n#else\n#define ANSWER 1\n#endif\n"
    tree.write("csrc/attention/api.cu", "#include <asks.h>\n" + ASKING)
    tree.write("csrc/asks.h", f"{question}\n{answers}")
    assert tree.answer() == 1
    tree.write("csrc/unrelated.h", "")
    tree.write("csrc/emulator/tuned.h", "")
    assert tree.answer() == 2


def test_a_header_deep_in_a_folder_is_hidden_by_one_that_is_found_first(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / "a/b/c/d").mkdir(parents=True)
    (other / "a/b/c/d/answer.h").write_text("#define ANSWER 1\n")
    monkeypatch.setenv("CPATH", f"{one}:{other}")
    tree.write("csrc/attention/api.cu", "#include <a/b/c/d/answer.h>\n" + ASKING)
    assert tree.answer() == 1
    (one / "a/b/c/d/answer.h").write_text("#define ANSWER 2\n")
    assert tree.answer() == 2


def test_a_new_file_that_nothing_would_find_makes_nothing_anew(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CPATH", str(tmp_path / "outside"))
    (tmp_path / "outside").mkdir()
    tree.write("csrc/attention/api.cu", '#include "../near/tile.h"\n' + ASKING)
    tree.write("shared/deep/tile.h", "#ifdef __has_include\n#define ANSWER 1\n#endif\n")
    tree.link("csrc/near", "../shared/deep")
    first = tree.made()
    for path in ("csrc/attention/other.h", "shared/deep/other.h", "../outside/other.h"):
        tree.write(path, "")
    assert tree.made() == first


@pytest.mark.parametrize("name", ["a\\ b.h", "a\tb.h", "a\\"])
def test_a_name_that_a_list_of_dependencies_cannot_tell_counts_with_all_files(
    tree: Tree, name: str
) -> None:
    tree.write("csrc/attention/api.cu", f'#include "{name}"\n{ASKING}')
    tree.write(f"csrc/attention/{name}", "#define ANSWER 1\n")
    assert tree.answer() == 1
    tree.write(f"csrc/attention/{name}", "#define ANSWER 2\n")
    assert tree.answer() == 2


@pytest.mark.skipif(not toolkit.is_here(), reason=toolkit.WITHOUT)
@pytest.mark.parametrize(
    ("flags", "edited", "one", "other"),
    [
        ("-include {}/answer.h", "answer.h", "#define ANSWER 1\n", "#define ANSWER 2\n"),
        ("-DINCLUDES -MMD", "answer.h", "#define ANSWER 1\n", "#define ANSWER 2\n"),
        ("-DINCLUDES -MF {}/list", "answer.h", "#define ANSWER 1\n", "#define ANSWER 2\n"),
        ("-optf {}/words", "words", "-DANSWER=1\n", "-DANSWER=2\n"),
        ("-Xcompiler @{}/words", "words", "-DANSWER=1\n", "-DANSWER=2\n"),
    ],
)
def test_whatever_a_variable_says_to_nvcc_an_edit_of_what_it_reads_counts(
    tree: Tree,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flags: str,
    edited: str,
    one: str,
    other: str,
) -> None:
    outside = tmp_path / "outside"
    monkeypatch.setenv("NVCC_APPEND_FLAGS", flags.format(outside))
    monkeypatch.setenv("CPLUS_INCLUDE_PATH", str(outside))
    included = "#ifdef INCLUDES\n#include <answer.h>\n#endif\n"
    tree.write("csrc/attention/api.cu", f"{included}__global__ void k(int* a) {{ *a = ANSWER; }}\n")
    tree.write(f"../outside/{edited}", one)
    before, _ = tree.cubins()
    assert tree.cubins() == (before, True)
    tree.write(f"../outside/{edited}", other)
    after, was_there = tree.cubins()
    assert after != before
    assert not was_there
