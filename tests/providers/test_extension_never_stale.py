"""An extension that torch compiled is compiled again when anything changes that its compilers read,
also what they take for the system's and therefore do not list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.operators.setting import Setting
from remote_payload.providers import torch_extension
from remote_payload.providers.torch_extension import Build
from tests.laid_out import apart
from tests.providers.places import needs_ninja
from tests.toolkit import program

pytestmark = needs_ninja
TEXT = '#include HEADER\n#ifndef ANSWER\n#define ANSWER 0\n#endif\nextern "C" int answer() { return ANSWER; }\n'


class Extension:
    """One file in a provider's folder, and two folders of headers outside of the project."""

    def __init__(self, root: Path) -> None:
        self.root, self.first, self.second = root, root / "first", root / "second"
        self.builds = root / "builds"
        for folder in (self.first, self.second, root / "mine"):
            folder.mkdir()

    def made(self, included: str, folders: tuple[Path, ...] = ()) -> Path:
        """The library of a file that includes this."""
        source = self.root / "mine" / "answer.cpp"
        source.write_text(TEXT.replace("HEADER", included))
        given = {
            "name": "answer",
            "sources": [str(source)],
            "extra_include_paths": [str(folder) for folder in folders],
            "is_python_module": False,
        }
        apart(compile_it, str(self.root), str(self.builds), given)
        kept = self.builds.glob("torch-*/*.so")
        return max(kept, key=lambda path: path.parent.stat().st_mtime_ns)


def compile_it(root: str, builds: str, given: dict[str, Any]) -> None:
    """As a provider's process does."""
    torch_extension.watch(builds)
    from torch.utils import cpp_extension

    setting = Setting("cpu", root, 0, builds=builds)
    with torch_extension.extensions_of(Build(setting, Toolchain(), "mine")):
        cpp_extension.load(**given)


@pytest.fixture
def extension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Extension:
    for name in ("CXX", "CPATH", "CPLUS_INCLUDE_PATH"):
        monkeypatch.delenv(name, raising=False)
    made = Extension(tmp_path)
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(made.builds))
    return made


def test_a_header_that_a_variable_names_counts_with_all_that_it_includes(
    extension: Extension, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CPLUS_INCLUDE_PATH", str(extension.first))
    (extension.first / "outer.h").write_text('#include "answer.h"\n')
    (extension.first / "answer.h").write_text("#define ANSWER 1\n")
    before = extension.made("<outer.h>")
    assert extension.made("<outer.h>") == before
    (extension.first / "answer.h").write_text("#define ANSWER 2\n")
    assert extension.made("<outer.h>") != before


def test_what_a_header_includes_that_calls_itself_the_systems_counts(extension: Extension) -> None:
    mine = extension.root / "mine"
    (mine / "outer.h").write_text('#pragma GCC system_header\n#include "answer.h"\n')
    (mine / "answer.h").write_text("#define ANSWER 1\n")
    before = extension.made('"outer.h"')
    (mine / "answer.h").write_text("#define ANSWER 2\n")
    assert extension.made('"outer.h"') != before


def test_a_new_header_in_a_folder_that_is_searched_first_counts(extension: Extension) -> None:
    folders = (extension.first, extension.second)
    (extension.second / "answer.h").write_text("#define ANSWER 1\n")
    before = extension.made('"answer.h"', folders)
    (extension.first / "unrelated.h").write_text("")
    assert extension.made('"answer.h"', folders) == before
    (extension.first / "answer.h").write_text("#define ANSWER 2\n")
    assert extension.made('"answer.h"', folders) != before


@pytest.mark.parametrize("variable", ["CC", "PYTORCH_NVCC"])
def test_another_compiler_that_torch_would_take_for_cuda_sources_is_another_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv(variable, raising=False)
    build = Build(Setting("cuda", str(tmp_path), 0, builds=str(tmp_path / "builds")))
    given = {"name": "answer", "sources": ["answer.cu"]}
    before = torch_extension._recipe("load", given, build)
    monkeypatch.setenv(variable, str(program(tmp_path / "compiler", "exit 0")))
    first = torch_extension._recipe("load", given, build)
    program(tmp_path / "compiler", "exit 100")
    assert len({before, first, torch_extension._recipe("load", given, build)}) == 3
