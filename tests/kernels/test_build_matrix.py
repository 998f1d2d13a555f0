"""Rebuilt or cached: headers, flags, toolkits and host compilers, one change a row.

Stand-ins for nvcc compile here; test_build_matrix_real.py has rows for the real one. Every row
starts from the same build, changes one thing, builds again, and calls the library, so that what is
stale says so itself.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.report.sections.ground import build as section
from orchestrator.workflows.build import _lines
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from remote_payload.stages.build import build
from tests.kernels import stand_in_nvcc
from tests.kernels.build_place import FILES, Place, clean, edit, header_folder, variables
from tests.payload.running import a_request

CACHED, SAME = "cached", 1


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every row starts from: the sources, and one build of them by the toolkit `tools`."""
    folder = tmp_path_factory.mktemp("matrix") / "first"
    with pytest.MonkeyPatch.context() as patch:
        place = Place(folder, patch)
        for path, text in FILES.items():
            place.write(path, text)
        stand_in_nvcc.toolkit(place.tools, place.tools / "calls")
        stand_in_nvcc.host_compiler(place.tools / "bin" / "g++")
        clean(patch, place)
        report = place.run()
        assert (report.status, report.cached) == (Status.OK, False), report.reason
        assert place.answer() == SAME
        assert place.compiled() == ["csrc/a.cu", "csrc/b.cu"]
    return folder


@pytest.fixture
def place(built_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A copy of it, at another path: as the next snapshot is."""
    here = Place(built_once.parent / tmp_path.name, monkeypatch)
    shutil.copytree(built_once, here.folder)
    clean(monkeypatch, here)
    here.compiled()
    return here


A, B, BOTH, LINK = ["csrc/a.cu"], ["csrc/b.cu"], ["csrc/a.cu", "csrc/b.cu"], list[str]()

# What changes; what has to be compiled again, or that nothing is; what `answer` is afterwards.
HEADERS: list[tuple[str, Callable[[Place], None], list[str] | str, int]] = [
    ("hpp-of-both", edit("csrc/params.hpp", '#define HPP 2\n#include "nested/deep.h"\n'), BOTH, 2),
    ("inl", edit("csrc/table.inl", "#define INL 1\n"), A, 2),
    ("inc", edit("csrc/values.inc", "#define INC 1\n"), A, 2),
    ("def", edit("csrc/names.def", "#define DEF 1\n"), A, 2),
    ("cuh", edit("csrc/device.cuh", "#define CUH 1\n"), A, 2),
    ("h", edit("csrc/plain.h", "#define H 1\n"), A, 2),
    ("hxx", edit("csrc/more.hxx", "#define HXX 1\n"), A, 2),
    ("tcc", edit("csrc/templates.tcc", "#define TCC 1\n"), A, 2),
    ("ipp", edit("csrc/inline.ipp", "#define IPP 1\n"), A, 2),
    ("no-suffix", edit("csrc/no_suffix", "#define NONE 1\n"), A, 2),
    ("generated", edit("csrc/generated/version.h", "#define GENERATED 1\n"), A, 2),
    ("outside-csrc", edit("outside/shared.h", "#define OUTSIDE 1\n"), A, 2),
    ("blank-in-its-name", edit("csrc/spaced name.h", "#define SPACED 1\n"), A, 2),
    ("for-the-device-alone", edit("csrc/device_pass.h", "int device;\n"), A, SAME),
    ("included-by-a-header", edit("csrc/nested/deep.h", "#define NESTED 1\n"), BOTH, 2),
    ("of-the-other-unit", edit("csrc/above.h", "#define B 7\n"), B, SAME),
    ("unit", edit("csrc/b.cu", 'extern "C" int other() { return 5; }\n'), B, SAME),
    ("new-unit", edit("csrc/c.cu", 'extern "C" int third() { return 3; }\n'), ["csrc/c.cu"], SAME),
    ("unit-gone", lambda place: (place.sources / "csrc/b.cu").unlink(), LINK, SAME),
    ("appears-for-has-include", edit("csrc/optional.h", "#define OPTIONAL 1\n"), A, 2),
    ("shadows-another", edit("csrc/part/above.h", "#define B 9\n"), B, SAME),
    ("comment", edit("csrc/plain.h", "#define H 0  // words\n// more\n"), CACHED, SAME),
    ("comment-that-moves-a-line", edit("csrc/b.cu", "// words\n" + FILES["csrc/b.cu"]), B, SAME),
    ("comment-where-all-counts", edit("csrc/table.inl", "#define INL 0 // words\n"), A, SAME),
    ("readme", edit("csrc/README.md", "Other words.\n"), CACHED, SAME),
    ("test-file", edit("csrc/test_kernels.cu.txt", "Another test.\n"), CACHED, SAME),
    ("header-nobody-includes", edit("csrc/unused.hpp", "#error\n"), CACHED, SAME),
    ("new-header-nobody-includes", edit("csrc/novel.h", "#error\n"), CACHED, SAME),
    ("emulator", edit("csrc/emulator/cta.h", "// other\n"), CACHED, SAME),
    ("ceilings", edit("csrc/ceilings/exp.cu", "#error\n"), CACHED, SAME),
    ("conformance", edit("csrc/conformance/questions.cuh", "#error\n"), CACHED, SAME),
    ("only-its-time", lambda place: os.utime(place.sources / "csrc/params.hpp"), CACHED, SAME),
    ("nothing-but-the-snapshots-path", lambda place: None, CACHED, SAME),
]  # fmt: skip


def _option_file(place: Place) -> None:
    (place.own() / "options").write_text("-DFLAG=4")
    place.set(NVCC_APPEND_FLAGS=f"-optf {place.own() / 'options'}")


FLAGS: list[tuple[str, Callable[[Place], None], list[str] | str, int]] = [
    ("append-define", variables(NVCC_APPEND_FLAGS="-DFLAG=2"), BOTH, 3),
    ("prepend-define", variables(NVCC_PREPEND_FLAGS="-DFLAG=3"), BOTH, 4),
    ("append-debug", variables(NVCC_APPEND_FLAGS="-G"), BOTH, SAME),
    ("file-of-options", _option_file, BOTH, 5),
    ("cpath", header_folder("CPATH", "optional.h", "#define OPTIONAL 6\n"), BOTH, 7),
    ("cplus-include-path", header_folder("CPLUS_INCLUDE_PATH", "optional.h", "#define OPTIONAL 8\n"), BOTH, 9),
    ("c-include-path", header_folder("C_INCLUDE_PATH", "any.h", ""), BOTH, SAME),
    ("library-path", variables(LIBRARY_PATH="/nonexistent"), BOTH, SAME),
    ("its-own-flag", lambda place: place.environment.setattr(build, "FLAGS", (*build.FLAGS, "-DFLAG=1")), BOTH, 2),
    ("architecture", lambda place: setattr(place, "arch", "sm_80"), BOTH, SAME),
    ("empty-variable", variables(NVCC_APPEND_FLAGS=""), CACHED, SAME),
    ("variable-of-nobody", variables(LANG="de_DE.UTF-8", COLUMNS="10", CUDA_CACHE_PATH="/x"), CACHED, SAME),
]  # fmt: skip


def _other_toolkit(variable: str) -> Callable[[Place], None]:
    def change(place: Place) -> None:
        other = stand_in_nvcc.toolkit(place.own() / "cuda", place.tools / "calls")
        place.set(**{variable: other})

    return change


def _first_on_path(place: Place) -> None:
    other = stand_in_nvcc.toolkit(place.own() / "cuda", place.tools / "calls")
    place.set(PATH=f"{other / 'bin'}:{os.environ['PATH']}")


def _moved_toolkit(release: str, earlier: bool) -> Callable[[Place], None]:
    """A link to a toolkit, as /usr/local/cuda is, that now leads to another one."""

    def change(place: Place) -> None:
        link = place.own() / "cuda"
        first = stand_in_nvcc.toolkit(place.own() / "cuda-12.4", place.tools / "calls")
        other = stand_in_nvcc.toolkit(place.own() / "cuda-x", place.tools / "calls", release)
        place.set(CUDA_HOME=link)
        link.symlink_to(first)
        place.run()
        place.compiled()
        if earlier:
            link.unlink()
            link.symlink_to(other)

    return change


def _in_place(replace: Callable[[Place], object]) -> Callable[[Place], None]:
    """Build with programs of this row alone, then replace one of them."""

    def change(place: Place) -> None:
        own = stand_in_nvcc.toolkit(place.own() / "cuda", place.tools / "calls")
        stand_in_nvcc.host_compiler(own / "bin" / "g++")
        place.set(CUDA_HOME=own, PATH=f"{own / 'bin'}:/usr/bin:/bin")
        assert not place.run().cached
        place.compiled()
        replace(place)

    return change


def _own_compiler(place: Place) -> Path:
    return stand_in_nvcc.host_compiler(place.own() / "other" / "g++")


TOOLS: list[tuple[str, Callable[[Place], None], list[str] | str, int]] = [
    ("cuda-home", _other_toolkit("CUDA_HOME"), BOTH, SAME),
    ("cuda-path", _other_toolkit("CUDA_PATH"), BOTH, SAME),
    ("another-first-on-path", _first_on_path, BOTH, SAME),
    ("link-leads-to-a-newer-one", _moved_toolkit("13.0", True), BOTH, SAME),
    ("link-leads-to-one-of-the-same-release", _moved_toolkit("12.4", True), BOTH, SAME),
    ("link-leads-where-it-led", _moved_toolkit("12.4", False), CACHED, SAME),
    ("newer-release-in-place", _in_place(lambda place: stand_in_nvcc.toolkit(place.own() / "cuda", place.tools / "calls", "12.8")), BOTH, SAME),
    ("cuda-home-is-the-one-on-path", lambda place: place.set(CUDA_HOME=place.tools), CACHED, SAME),
    ("ccbin-variable", lambda place: place.set(NVCC_CCBIN=_own_compiler(place)), BOTH, SAME),
    ("ccbin-among-appended-flags", lambda place: place.set(NVCC_APPEND_FLAGS=f"-ccbin {_own_compiler(place)}"), BOTH, SAME),
    ("compiler-first-on-path", lambda place: place.set(PATH=f"{_own_compiler(place).parent}:{os.environ['PATH']}"), BOTH, SAME),
    ("compiler-newer-in-place", _in_place(lambda place: stand_in_nvcc.host_compiler(place.own() / "cuda" / "bin" / "g++", "13.1.0")), BOTH, SAME),
    ("compiler-untouched", _in_place(lambda place: None), CACHED, SAME),
]  # fmt: skip

ROWS = [*HEADERS, *FLAGS, *TOOLS]


@pytest.mark.parametrize(
    ("change", "again", "answer"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_what_can_change_the_library_makes_it_anew_and_nothing_else_does(
    place: Place, change: Callable[[Place], None], again: list[str] | str, answer: int
) -> None:
    change(place)
    report = place.run()
    assert report.status is Status.OK, report.reason
    assert report.cached == (again == CACHED)
    assert place.answer() == answer
    assert place.compiled() == ([] if again == CACHED else again)
    # And once more: whatever it was made of, it is found again.
    assert place.run().cached
    assert place.answer() == answer
    assert place.compiled() == []


def test_an_edit_that_is_taken_back_finds_the_first_build(place: Place) -> None:
    first = place.run()
    place.write("csrc/table.inl", "#define INL 1\n")
    assert not place.run().cached
    place.write("csrc/table.inl", FILES["csrc/table.inl"])
    again = place.run()
    assert (again.cached, again.key) == (True, first.key)
    place.set(NVCC_APPEND_FLAGS="-DFLAG=2")
    assert place.run().key[:12] != first.key[:12]
    place.environment.delenv("NVCC_APPEND_FLAGS")
    assert place.run().key == first.key


def test_a_header_outside_the_snapshot_is_looked_at_each_time(place: Place) -> None:
    header_folder("CPATH", "optional.h", "#define OPTIONAL 6\n")(place)
    assert not place.run().cached
    (place.own() / "optional.h").write_text("#define OPTIONAL 5\n")
    assert not place.run().cached
    assert place.answer() == 6


@pytest.mark.parametrize("form", ["CPATH", "relative", "flag"])
def test_a_header_that_appears_in_a_folder_of_the_environment_counts(
    place: Place, form: str
) -> None:
    folder = place.own() if form != "relative" else place.sources / "more"
    folder.mkdir(exist_ok=True)
    if form == "flag":
        place.set(NVCC_APPEND_FLAGS=f"-I{folder}")
    else:
        place.set(CPATH=folder if form == "CPATH" else "more")
    assert not place.run().cached
    (folder / "optional.h").write_text("#define OPTIONAL 5\n")
    assert not place.run().cached
    assert place.answer() == 6


def test_the_report_tells_the_toolkit_the_host_compiler_and_all_that_was_in_force(
    place: Place,
) -> None:
    place.set(NVCC_APPEND_FLAGS="-DFLAG=2 -G", CPATH="/opt/some headers")
    report = place.run()
    assert report.toolkit == f"{place.tools}/bin/nvcc (by PATH)"
    assert report.host_compiler == f"{place.tools}/bin/g++, g++ (stand-in) 12.2.0"
    assert report.environment == ("NVCC_APPEND_FLAGS=-DFLAG=2 -G", "CPATH=/opt/some headers")
    assert _lines(report)[1:4] == (
        f"  {report.toolkit}; {report.host_compiler}",
        "  in force: NVCC_APPEND_FLAGS=-DFLAG=2 -G",
        "  in force: CPATH=/opt/some headers",
    )
    run = Result(a_request(), Status.OK, "", "", "", build=report)
    (shown,) = section.build(run)
    said = f"{report.toolkit}, host compiler {report.host_compiler}, in force NVCC_APPEND_FLAGS"
    assert said in shown.headline
    (one,) = report.compilations
    assert one.command.startswith(
        f"env 'NVCC_APPEND_FLAGS=-DFLAG=2 -G' 'CPATH=/opt/some headers' {place.tools}/bin/nvcc "
    )
    assert "-gencode arch=compute_90a,code=sm_90a" in one.command
    assert one.command.endswith("csrc/a.cu csrc/b.cu -o libsparsek.sm_90a.so")
    # What it says can be done: the same library, by hand.
    place.environment.chdir(place.sources)
    assert os.system(one.command) == 0
    assert ctypes.CDLL(str(place.sources / "libsparsek.sm_90a.so")).answer() == 3


def test_an_nvcc_that_lists_nothing_of_what_it_read_counts_every_file(place: Place) -> None:
    nvcc = place.own() / "cuda" / "bin" / "nvcc"
    stand_in_nvcc.toolkit(place.own() / "cuda", place.tools / "calls")
    text = nvcc.read_text().replace("--threads) shift ;;", "--threads | -MF) shift ;;\n    -MD) ;;")
    nvcc.write_text(text)
    place.set(CUDA_HOME=place.own() / "cuda")
    assert not place.run().cached
    assert place.run().cached
    place.write("csrc/table.inl", "#define INL 1\n")
    assert not place.run().cached
    assert place.answer() == 2


def test_after_a_failure_nothing_else_begins_and_the_failure_is_told_first(place: Place) -> None:
    place.environment.setattr(os, "cpu_count", lambda: 1)
    place.write("csrc/a.cu", "#error broken here\n")
    place.write("csrc/b.cu", FILES["csrc/b.cu"] + "int more;\n")
    report = place.run()
    assert report.status is Status.FAILED
    assert "broken here" in report.reason
    assert report.compilations[0].log.splitlines()[-1] == (
        "error: csrc/b.cu was not compiled, for csrc/a.cu failed for sm_90a"
    )
    assert place.compiled() == ["csrc/a.cu"]
