"""A tree of sources with one header of each kind, its builds, and ways to change one thing."""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from remote_payload.contract.machine import BuildReport
from remote_payload.contract.plans import BuildPlan
from remote_payload.contract.words import Status
from remote_payload.stages.build import build

FILES = {
    "csrc/a.cu": """
#include "params.hpp"
#include "table.inl"
#include "values.inc"
#include "names.def"
#include "device.cuh"
#include "plain.h"
#include "more.hxx"
#include "templates.tcc"
#include "inline.ipp"
#include "no_suffix"
#include "generated/version.h"
#include "../outside/shared.h"
#include "spaced name.h"
#ifdef __CUDA_ARCH__  // as an older nvcc, the stand-in lists nothing of the device's pass
#include "device_pass.h"
#endif
#if __has_include("optional.h")
#include "optional.h"
#else
#define OPTIONAL 0
#endif
#ifndef FLAG
#define FLAG 0
#endif
extern "C" int answer() {
  return HPP + INL + INC + DEF + CUH + H + HXX + TCC + IPP + NONE + GENERATED + OUTSIDE + SPACED
       + NESTED + OPTIONAL + FLAG;
}
""",
    "csrc/b.cu": """
#include "params.hpp"
#include "part/b.cuh"
extern "C" int other() { return HPP + B; }
""",
    "csrc/params.hpp": '#define HPP 1\n#include "nested/deep.h"\n',
    "csrc/nested/deep.h": "#define NESTED 0\n",
    "csrc/table.inl": "#define INL 0\n",
    "csrc/values.inc": "#define INC 0\n",
    "csrc/names.def": "#define DEF 0\n",
    "csrc/device.cuh": "#define CUH 0\n",
    "csrc/plain.h": "#define H 0\n",
    "csrc/more.hxx": "#define HXX 0\n",
    "csrc/templates.tcc": "#define TCC 0\n",
    "csrc/inline.ipp": "#define IPP 0\n",
    "csrc/no_suffix": "#define NONE 0\n",
    "csrc/generated/version.h": "#define GENERATED 0\n",
    "csrc/spaced name.h": "#define SPACED 0\n",
    "csrc/device_pass.h": "// for the device alone\n",
    "csrc/part/b.cuh": '#include "above.h"\n',
    "csrc/above.h": "#define B 0\n",
    "csrc/unused.hpp": "#define UNUSED 0\n",
    "csrc/README.md": "The kernels.\n",
    "csrc/test_kernels.cu.txt": "A test.\n",
    "csrc/emulator/cta.h": "// emulated\n",
    "csrc/ceilings/exp.cu": "int exp_chains() { return 0; }\n",
    "csrc/conformance/questions.cuh": "// questions\n",
    "outside/shared.h": "#define OUTSIDE 0\n",
}


@dataclass
class Place:
    """Sources, builds, and the environment of one row. told: the .cu files compiled since."""

    folder: Path
    environment: pytest.MonkeyPatch
    flags: tuple[str, ...] = build.FLAGS
    arch: str = "sm_90a"
    report: BuildReport = field(default_factory=lambda: BuildReport(Status.SKIPPED, ""))

    @property
    def sources(self) -> Path:
        return self.folder / "sources"

    @property
    def tools(self) -> Path:
        return self.folder.parent / "tools"

    def write(self, path: str, text: str) -> None:
        target = self.sources / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def set(self, **variables: object) -> None:
        for name, value in variables.items():
            self.environment.setenv(name, str(value))

    def own(self) -> Path:
        """A folder for this row's own programs and headers."""
        made = self.folder / "own"
        made.mkdir(exist_ok=True)
        return made

    def run(self) -> BuildReport:
        self.report = build.build(
            BuildPlan(),
            sources=self.sources,
            builds=self.folder / "builds",
            device_arch=self.arch,
            progress=lambda *_: None,
        )
        return self.report

    def compiled(self) -> list[str]:
        """The .cu files that any stand-in compiled since it was asked last, sorted."""
        calls = self.tools / "calls"
        lines = calls.read_text().split() if calls.exists() else []
        calls.write_text("")
        return sorted(lines)

    def answer(self, symbol: str = "answer") -> int:
        assert self.report.library is not None, self.report.reason
        # The same path may hold another library than in the row before.
        private = shutil.copy(
            self.report.library, self.own() / f"{len(list(self.own().iterdir()))}.so"
        )
        return int(getattr(ctypes.CDLL(str(private)), symbol)())


def clean(patch: pytest.MonkeyPatch, place: Place) -> None:
    for name in ("CUDA_HOME", "CUDA_PATH", "NVCC_APPEND_FLAGS", "NVCC_PREPEND_FLAGS", "NVCC_CCBIN",
                 "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH"):  # fmt: skip
        patch.delenv(name, raising=False)
    patch.setenv("PATH", f"{place.tools / 'bin'}:/usr/bin:/bin")


def edit(path: str, text: str) -> Callable[[Place], None]:
    return lambda place: place.write(path, text)


def variables(**given: str) -> Callable[[Place], None]:
    return lambda place: place.set(**given)


def header_folder(variable: str, header: str, text: str) -> Callable[[Place], None]:
    """A folder of headers that only the environment names."""

    def change(place: Place) -> None:
        (place.own() / header).write_text(text)
        place.set(**{variable: place.own()})

    return change
