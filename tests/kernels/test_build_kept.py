"""The other compilers keep what they made by the same key: exp kernel, emulator, CUTLASS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from remote_payload.compiling import emulation
from remote_payload.compiling.errors import CompileError
from remote_payload.compiling.kept import Kept, listed
from remote_payload.operators.exp import kernel as exp_kernel
from remote_payload.stages.ceilings import cutlass_build
from tests.kernels import stand_in_nvcc

HOPPER = (9, 0)
CSRC = Path(__file__).resolve().parents[2] / "csrc"
TREE = {
    "csrc/ceilings/exp.cu": '#include "ceilings/exp.inl"\nint exp_chains() { return EXP; }\n',
    "csrc/ceilings/exp.inl": '#include "ptx/deep/one.hpp"\n',
    "csrc/ptx/deep/one.hpp": "#define EXP 1\n",
    "csrc/attention/api.cu": '#include "params.def"\nint api() { return API; }\n',
    "csrc/attention/params.def": "#define API 1\n",
    "csrc/emulator/cta.cpp": '#include "cta.ipp"\n',
    "csrc/emulator/cta.ipp": "\n",
    "csrc/README.md": "The kernels.\n",
}


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "sources"
    for path, text in TREE.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    cuda = stand_in_nvcc.toolkit(tmp_path / "cuda", tmp_path / "calls")
    stand_in_nvcc.host_compiler(tmp_path / "bin" / "g++")
    monkeypatch.setenv("CUDA_HOME", str(cuda))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("CXX", "g++")
    for name in ("NVCC_APPEND_FLAGS", "NVCC_PREPEND_FLAGS", "NVCC_CCBIN", "CPATH"):
        monkeypatch.delenv(name, raising=False)
    return root


def test_the_exp_kernel_is_made_anew_by_what_it_includes_and_by_the_environment(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made() -> str:
        return exp_kernel.library(sources, sources.parent / "builds", HOPPER)

    first = made()
    assert made() == first
    (sources / "csrc/README.md").write_text("Other words.\n")
    (sources / "csrc/attention/api.cu").write_text("#error\n")
    (sources / "csrc/ceilings/new.h").write_text("#error\n")
    assert made() == first
    (sources / "csrc/ptx/deep/one.hpp").write_text("#define EXP 2\n")
    assert made() != first
    (sources / "csrc/ptx/deep/one.hpp").write_text("#define EXP 1\n")
    assert made() == first
    monkeypatch.setenv("NVCC_APPEND_FLAGS", "-G")
    assert made() != first
    monkeypatch.delenv("NVCC_APPEND_FLAGS")
    stand_in_nvcc.host_compiler(sources.parent / "bin" / "g++", "13.1.0")
    assert made() != first


def test_the_emulated_kernel_is_made_anew_by_what_it_includes_and_by_the_environment(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made() -> str:
        return emulation.library(sources, sources.parent / "builds")

    def objects() -> int:
        return len(list((sources.parent / "builds").glob("object-*")))

    first = made()
    assert objects() == len(emulation.units(sources / "csrc")) == 2
    (sources / "csrc/README.md").write_text("Other words.\n")
    (sources / "csrc/ceilings/exp.cu").write_text("#error\n")
    assert made() == first
    (sources / "csrc/attention/params.def").write_text("#define API 2\n")
    second = made()
    assert objects() == 3, "the emulator is as it was"
    (sources / "csrc/emulator/cta.ipp").write_text("int more;\n")
    third = made()
    monkeypatch.setenv("CPATH", str(sources))
    fourth = made()
    stand_in_nvcc.host_compiler(sources.parent / "bin" / "g++", "13.1.0")
    assert len({first, second, third, fourth, made()}) == 5


def test_nobody_compiles_an_emulator_that_nobody_waits_for(sources: Path) -> None:
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(CompileError, match=r"^compiling .*: nobody waits for it any more$"):
        emulation.library(sources, sources.parent / "builds", stopped=stopped)
    assert list((sources.parent / "builds").iterdir()) == []


READERS = {
    "attention/softmax.cuh": ["hopper/ahead", "hopper/launch", "hopper/ping_pong",
                              "hopper/variants", "portable/launch"],
    "attention/hopper/kernel.cuh": ["hopper/ahead", "hopper/launch", "hopper/ping_pong",
                                    "hopper/variants"],
    "attention/hopper/ahead.cuh": ["hopper/ahead"],
    "attention/hopper/ping_pong.cuh": ["hopper/ping_pong"],
    "attention/portable/kernel.cuh": ["portable/launch"],
}  # fmt: skip


def test_a_kernel_is_read_by_its_own_units_alone() -> None:
    """So that an edit of one compiles no other anew; what they share is theirs."""
    units = sorted(CSRC.glob("attention/*/*.cu"))
    words = ("-std=c++17", f"-I{CSRC}", f"-I{CSRC}/emulator", "-MM", "-x", "c++")
    done = subprocess.run(["g++", *words, *units], capture_output=True, text=True, check=True)
    rules = done.stdout.replace("\\\n", " ").splitlines()
    read = {
        unit.relative_to(CSRC / "attention").with_suffix("").as_posix(): rule
        for unit, rule in zip(units, rules, strict=True)
    }
    found = {header: [n for n, rule in read.items() if f"/{header}" in rule] for header in READERS}
    assert found == READERS


def test_the_cutlass_profiler_is_named_by_the_compilers_and_the_environment_too(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def key() -> str:
        return cutlass_build.key_of("revision", sources, cutlass_build._nvcc(sources), ("-G",))

    first = key()
    assert key() == first
    monkeypatch.setenv("NVCC_APPEND_FLAGS", "-G")
    second = key()
    monkeypatch.delenv("NVCC_APPEND_FLAGS")
    assert key() == first
    stand_in_nvcc.host_compiler(sources.parent / "bin" / "g++", "13.1.0")
    assert len({first, second, key()}) == 3


def test_what_was_made_is_whole_or_made_again(tmp_path: Path) -> None:
    (tmp_path / "csrc").mkdir()
    (tmp_path / "csrc" / "a.h").write_text("1")
    kept = Kept(tmp_path / "builds", tmp_path)

    def publish() -> Path:
        partial = kept.partial("x-")
        (partial / "made").write_text("whole")
        return kept.publish(partial, "x-", "0" * 16, ["csrc/a.h"])

    folder = publish()
    assert kept.find("x-", "0" * 16) == folder
    assert kept.find("y-", "0" * 16) is None
    for damage in (
        lambda: (folder / "made").write_text("half"),
        lambda: (folder / "made").unlink(),
        lambda: (folder / "inputs.json").write_text("{}"),
        lambda: (folder / "inputs.json").write_text("[1]"),
        lambda: shutil.rmtree(folder),
    ):
        damage()
        assert kept.find("x-", "0" * 16) is None
        assert publish() == folder
        assert (folder / "made").read_text() == "whole"


def test_what_nobody_has_used_for_a_month_goes_and_what_is_used_stays(tmp_path: Path) -> None:
    (tmp_path / "csrc").mkdir()
    (tmp_path / "csrc" / "a.h").write_text("1")
    kept = Kept(tmp_path / "builds", tmp_path)
    folders = [kept.publish(kept.partial("x-"), "x-", digit * 16, ["csrc/a.h"]) for digit in "012"]
    other = tmp_path / "builds" / "cutlass-1"
    other.mkdir()
    for folder in (*folders[:2], other):
        os.utime(folder, (0, 0))
    assert kept.find("x-", "0" * 16) == folders[0]
    kept.partial("x-").rmdir()
    assert [folder.is_dir() for folder in (*folders, other)] == [True, False, True, True]


def test_what_is_being_made_is_not_swept_away_by_whoever_has_another_clock(tmp_path: Path) -> None:
    builds = tmp_path / "builds"
    program = (
        "import pathlib, sys\nfrom remote_payload.compiling.kept import Kept\nbuilds = pathlib.Path(sys.argv[1])\n"
        "print(Kept(builds, builds.parent).partial('x-'), flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(builds)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as maker:
        assert maker.stdout is not None
        partial = Path(maker.stdout.readline().strip())
        os.utime(partial, (0, 0))
        Kept(builds, tmp_path).partial("x-")
        assert partial.is_dir()
    Kept(builds, tmp_path).partial("x-")
    assert not partial.exists(), "its maker is gone"


def test_a_process_that_lives_on_holds_nothing_of_what_it_made_or_gave_up(tmp_path: Path) -> None:
    (tmp_path / "csrc").mkdir()
    (tmp_path / "csrc" / "a.h").write_text("1")

    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = open_files()
    for number in range(20):
        kept = Kept(tmp_path / "builds", tmp_path)
        kept.publish(kept.partial("x-"), "x-", f"{number:016}", ["csrc/a.h"])
        kept.partial("x-").rmdir()
    assert open_files() <= before + 1


def test_an_nvcc_that_may_list_one_pass_alone_is_helped_by_what_the_sources_name(
    tmp_path: Path,
) -> None:
    files = {
        "csrc/a.cu": '#ifdef __CUDA_ARCH__\n#  include "part/device.inc"\n#endif\n#include <vector>\n',
        "csrc/part/device.inc": '#include "beside.h"\n#include <below.h>\n#include "gone.h"\n',
        "csrc/part/beside.h": '#include "../a.cu"\n',
        "csrc/below.h": "",
        "csrc/unused.h": "",
        "more/far.h": "",
        "csrc/part/far.cuh": '#include "far.h"\n',
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    kept = Kept(tmp_path / "builds", tmp_path)
    assert sorted(kept.named_by(["csrc/a.cu", "/usr/include/stdio.h"], [])) == [
        "/usr/include/stdio.h", "csrc/a.cu", "csrc/below.h", "csrc/part/beside.h",
        "csrc/part/device.inc",
    ]  # fmt: skip
    assert "more/far.h" in kept.named_by(["csrc/part/far.cuh"], [str(tmp_path / "more")])


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("a.o : csrc/a.cu \\\n    csrc/b.h\n", ("csrc/a.cu", "csrc/b.h")),
        ("a.o: a.cu with\\ space.h c\\#d.h $$e.h f$g.h\n", ("a.cu", "with space.h", "c#d.h", "$e.h", "f$g.h")),
        ("a.o: \\\r\n a.cu \\\r\n b.h\r\n", ("a.cu", "b.h")),
        ("a.o: a.cu b.h b.h\n", ("a.cu", "b.h")),
        ("", ()),
    ],
)  # fmt: skip
def test_a_list_of_dependencies_is_read_as_make_reads_it(text: str, files: tuple[str, ...]) -> None:
    assert listed(text) == files
