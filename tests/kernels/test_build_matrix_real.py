"""Rebuilt or cached by the real nvcc: what only it can show."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from remote_payload.contract.words import Status
from remote_payload.machine import toolkit
from tests.kernels.build_place import Place, edit, header_folder, variables

SAMPLE = Path(__file__).resolve().parents[3] / "shared" / "samples" / "failing" / "stale-hpp"
REAL = {
    "csrc/a.cu": """
#include "params.hpp"
#if defined(__CUDA_ARCH__)
#include "device_only.inc"
#endif
#ifndef FLAG
#define FLAG 1
#endif
extern "C" __global__ void scale(float* x) {
#if defined(__CUDA_ARCH__)
  x[threadIdx.x] *= N + DEVICE;
#endif
}
extern "C" int answer() { return N * FLAG; }
""",
    # nvcc takes the file that #line names for one that was read.
    "csrc/params.hpp": '#define N 1\n#line 1 "nowhere.h"\n',
    "csrc/device_only.inc": "#define DEVICE 1\n",
    "csrc/unused.hpp": "#define UNUSED 0\n",
}
needs_nvcc = pytest.mark.skipif(toolkit.nvcc_program() is None, reason="nvcc not found")


@pytest.fixture(scope="module")
def really_built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real") / "first"
    with pytest.MonkeyPatch.context() as patch:
        place = Place(folder, patch)
        for path, text in REAL.items():
            place.write(path, text)
        report = place.run()
        assert (report.status, report.cached) == (Status.OK, False), report.reason
    return folder


@needs_nvcc
@pytest.mark.parametrize(
    ("change", "cached", "answer"),
    [
        (edit("csrc/params.hpp", "#define N 2\n"), False, 2),
        (edit("csrc/device_only.inc", "#define DEVICE 2\n"), False, 1),
        (edit("csrc/unused.hpp", "#error\n"), True, 1),
        (variables(NVCC_APPEND_FLAGS="-DFLAG=3"), False, 3),
        (header_folder("CPATH", "any.h", ""), False, 1),
        (lambda place: None, True, 1),
    ],
    ids=["hpp", "read-for-the-device-alone", "not-included", "append-define", "cpath", "nothing"],
)
def test_the_real_nvcc_makes_anew_what_changed_and_nothing_else(
    really_built_once: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Place], None],
    cached: bool,
    answer: int,
) -> None:
    place = Place(really_built_once.parent / tmp_path.name, monkeypatch)
    shutil.copytree(really_built_once, place.folder)
    change(place)
    report = place.run()
    assert (report.status, report.cached) == (Status.OK, cached), report.reason
    assert place.answer() == answer
    assert place.run().cached


@needs_nvcc
def test_debug_code_is_never_served_to_a_clean_environment(
    really_built_once: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(really_built_once, monkeypatch)
    clean = place.run()
    place.set(NVCC_APPEND_FLAGS="-G")
    debug = place.run()
    assert (clean.cached, debug.cached) == (True, False)
    assert clean.library_digest != debug.library_digest
    assert debug.compilations[0].command.startswith("env NVCC_APPEND_FLAGS=-G ")
    assert debug.host_compiler is not None
    assert "NVCC" not in clean.compilations[0].command
    monkeypatch.delenv("NVCC_APPEND_FLAGS")
    assert place.run().library_digest == clean.library_digest


@needs_nvcc
@pytest.mark.skipif(not SAMPLE.is_dir(), reason="no shared samples here")
def test_the_header_that_was_changed_to_an_error_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, monkeypatch)
    shutil.copytree(SAMPLE, place.sources)
    assert place.run().status is Status.OK
    place.write("csrc/params.hpp", "#error this is another state\n")
    report = place.run()
    assert report.status is Status.FAILED
    assert "params.hpp" in report.reason
    assert "this is another state" in report.reason
