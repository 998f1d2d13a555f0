"""C and CUDA sources travel with the file that has them compiled; headers, with whoever includes."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.sync.neighbours import neighbours
from orchestrator.sync.sources import scan
from orchestrator.workflows import user_providers
from orchestrator.workflows.user_providers import travelling
from remote_payload.contract.tools.toolchain import Toolchain
from tests.store.test_neighbours import laid_out

CU = '#include "near.cuh"\n  #  include "sub/deep.cuh"\n#include <cuda_fp16.h>\n#include "cuda.h"\n'


def names(folder: Path, source: str) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in neighbours(folder / source)}


def test_quoted_headers_are_found_through_each_other_and_system_ones_left(tmp_path: Path) -> None:
    files = {
        "k.cu": CU,
        "near.cuh": '#include "sub/deep.cuh"\n#include "k.cu"',
        "sub/deep.cuh": '#include "../last.h"\n#include "deep.cuh"',
        "last.h": "",
        "other.cuh": "",
    }
    folder = laid_out(tmp_path, files)
    assert names(folder, "k.cu") == {"near.cuh", "sub/deep.cuh", "last.h"}


def test_sources_that_a_text_names_travel_with_their_headers_and_no_others(tmp_path: Path) -> None:
    files = {
        "mine.py": "import helper\nload('x', [str(HERE / 'src/k.cu'), 'gone.cpp', '../out.cu'])",
        "helper.py": "SOURCES = ['bind.cpp']\nTEXT = 'int main() { }\\n// k.cu'",
        "src/k.cu": '#include "k.cuh"',
        "src/k.cuh": "",
        "bind.cpp": "",
        "unused.cu": "",
    }
    folder = laid_out(tmp_path / "in", files)
    laid_out(tmp_path, {"out.cu": ""})
    assert names(folder, "mine.py") == {"helper.py", "src/k.cu", "src/k.cuh", "bind.cpp"}


def test_a_header_outside_the_folder_says_which_folder_to_name(tmp_path: Path) -> None:
    files = {"kernels/k.cu": '#include "../common/e.cuh"', "common/e.cuh": "", "common/x.py": ""}
    folder = laid_out(tmp_path, files)
    with pytest.raises(
        UsageError, match=r'k\.cu includes "\.\./common/e\.cuh", which lies'
    ) as said:
        travelling("mine", "kernels/k.cu:f", folder)
    assert said.value.hint.endswith(f": {folder}/:kernels/k.cu:function")
    provider, extra = travelling("mine", "./:kernels/k.cu:f", folder)
    assert provider.target == "providers/mine/kernels/k.cu:f"
    sent = {entry.path for entry in scan(folder, parts=(), extra=extra).snapshot.entries}
    assert sent == {f"providers/mine/{name}" for name in files}


def test_a_folder_too_large_to_be_sources_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = laid_out(tmp_path, {"lib/k.py": "", "lib/weights.bin": "x" * 3_000_000})
    monkeypatch.setattr(user_providers, "MOST_FOLDER_BYTES", 2_000_000)
    with pytest.raises(UsageError, match="holds 3 MB that would travel; at most 2 MB"):
        travelling("mine", "lib/:k.py:f", folder)
    with pytest.raises(UsageError, match=r"there is no file gone\.py in .*lib"):
        travelling("mine", "lib/:gone.py:f", folder)
    with pytest.raises(UsageError, match="there is no folder"):
        travelling("mine", "libs/:k.py:f", folder)


def test_folders_of_headers_travel_and_those_of_the_host_are_named_as_they_are(
    tmp_path: Path,
) -> None:
    folder = laid_out(tmp_path, {"k.cu": "", "include/a.h": ""})
    said = Toolchain(include=("include", "/opt/cutlass/include"))
    provider, extra = travelling("mine", "k.cu:f", folder, said)
    assert provider.toolchain.include == ("providers/mine/include", "/opt/cutlass/include")
    assert extra == (
        ("providers/mine/k.cu", folder / "k.cu"),
        ("providers/mine/include", folder / "include"),
    )
    with pytest.raises(UsageError, match="there is no folder of headers"):
        travelling("mine", "k.cu:f", folder, Toolchain(include=("includes",)))
    with pytest.raises(UsageError, match=r"include: expected a path .* got '\.\./x'"):
        travelling("mine", "k.cu:f", folder, Toolchain(include=("../x",)))


@pytest.mark.parametrize("target", ["k.cpp:f", "k.cuh:f", "kernels/k:f"])
def test_a_file_of_no_kind_that_is_run_says_what_would_be(tmp_path: Path, target: str) -> None:
    with pytest.raises(UsageError, match="is neither a Python nor a CUDA file"):
        travelling("mine", target, tmp_path)
    assert travelling("mine", "package.module:f", tmp_path)[0].target == "package.module:f"
