"""Building csrc/ with the real nvcc: what is kept, what is a result, what is clean."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from remote_payload.compiling.objects import PREFIX
from remote_payload.contract.machine import BuildReport
from remote_payload.contract.plans import BuildPlan
from remote_payload.contract.words import Status
from remote_payload.machine import toolkit
from remote_payload.operators.attention.catalog import VARIANTS
from remote_payload.stages.build import build
from tests.kernels.emulated import CSRC
from tests.once import once

SMALL = 'extern "C" int answer() { return 42; }\n__global__ void nothing() {}\n'

needs_nvcc = pytest.mark.skipif(
    shutil.which("nvcc", path=":".join(toolkit.nvcc_places())) is None,
    reason=f"nvcc not found (looked in {', '.join(toolkit.nvcc_places())})",
)


class Place:
    """A source tree and a folder for builds; `run` builds and keeps what progress said."""

    def __init__(self, folder: Path, source: str) -> None:
        self.sources, self.builds = folder / "sources", folder / "builds"
        self.unit = self.sources / "csrc" / "small.cu"
        self.unit.parent.mkdir(parents=True)
        self.unit.write_text(source)
        self.told: list[tuple[int, int, str]] = []

    def run(self, *arch: str, device: str | None = None, alone: Sequence[str] = ()) -> BuildReport:
        return build.build(
            BuildPlan(arch),
            sources=self.sources,
            builds=self.builds,
            device_arch=device,
            progress=lambda *step: self.told.append(step),
            cubins_of=alone,
        )

    def left(self) -> list[str]:
        found = (path.name for path in self.builds.iterdir())
        return sorted(name for name in found if not name.startswith(PREFIX))


@pytest.fixture
def small(tmp_path: Path) -> Place:
    return Place(tmp_path, SMALL)


@needs_nvcc
def test_our_kernels_compile_without_a_spill_for_every_architecture(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Compiled here, or by whoever was first: what the compiler said is kept beside each object."""
    report = build.build(
        BuildPlan(),
        sources=CSRC.parent,
        builds=once(tmp_path_factory, "builds"),
        device_arch=None,
        progress=lambda *_: None,
    )
    assert (report.status, report.reason) == (Status.OK, "")
    assert [one.arch for one in report.compilations] == ["sm_80", "sm_90a", "sm_100a"]
    for one in report.compilations:
        spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", one.log)
        assert spills == [("0", "0")] * (16 + len(VARIANTS)), one.log
        assert "warning" not in one.log
        assert f"code={one.arch}" in one.command


@needs_nvcc
def test_a_second_build_costs_nothing_and_tells_the_same(small: Place) -> None:
    first = small.run(device="sm_90a")
    assert (first.status, first.cached) == (Status.OK, False)
    started = time.monotonic()
    second = small.run(device="sm_90a")
    assert time.monotonic() - started < first.compilations[0].seconds
    assert second.cached
    assert second.compilations == first.compilations
    assert (second.library, second.library_digest) == (first.library, first.library_digest)
    assert "Used " in first.compilations[0].log
    *compiled, linked, known = small.told
    assert compiled == [(0, 2, ""), (1, 2, "sm_90a csrc/small.cu")]
    assert (linked, known) == ((2, 2, "sm_90a ok"), (1, 1, "already built"))
    assert small.left() == [first.key]


@needs_nvcc
def test_of_what_is_only_checked_the_devices_code_is_compiled_and_no_library_made(
    small: Place,
) -> None:
    small.unit.write_text(f"{SMALL}#ifndef __CUDA_ARCH__\nint for_the_host = 1;\n#endif\n")
    first, second = small.run(alone=["sm_90a"]), small.run(alone=["sm_90a"])
    (one,) = first.compilations
    assert (first.status, first.cached, second.cached) == (Status.OK, False, True)
    assert (one.arch, first.library, first.library_digest) == ("sm_90a", None, None)
    assert "Used " in one.log
    assert one.command.endswith("-cubin csrc/small.cu")
    assert not list(small.builds.rglob("*.so"))
    whole = small.run("sm_90a")
    assert whole.library is not None
    assert not whole.cached
    small.unit.write_text(f"{SMALL}__global__ void wrong() {{ nowhere = 1; }}\n")
    assert "nowhere" in small.run(alone=["sm_90a"]).reason


@needs_nvcc
def test_a_device_or_an_architecture_that_is_named_gets_its_library_all_the_same(
    small: Place,
) -> None:
    for report in (
        small.run("sm_80", alone=["sm_90a"]), small.run(device="sm_80", alone=["sm_90a"]),
    ):  # fmt: skip
        assert report.library is not None
        assert Path(report.library).name == "libsparsek.sm_80.so"


@needs_nvcc
def test_sources_and_architectures_make_the_key(
    small: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [small.run(device="sm_80").key, small.run("sm_90a", device="sm_80").key]
    monkeypatch.setattr(build, "FLAGS", (*build.FLAGS, "-DSPARSEK_ANOTHER_FLAG"))
    keys.append(small.run(device="sm_80").key)
    small.unit.write_text(SMALL + "int more;\n")
    keys.append(small.run(device="sm_80").key)
    (small.unit.parent / "emulator").mkdir()
    (small.unit.parent / "emulator" / "cta.h").write_text("the emulator is not compiled in")
    assert small.run(device="sm_80").cached
    assert len(set(keys)) == 4
    assert small.left() == sorted(keys)


@needs_nvcc
def test_the_library_is_the_one_for_the_device_and_none_if_it_was_not_compiled(
    small: Place,
) -> None:
    report = small.run("sm_80", "sm_90a", device="sm_90a")
    assert report.library is not None
    assert Path(report.library).name == "libsparsek.sm_90a.so"
    other = small.run("sm_80", "sm_90a", device="sm_100a")
    assert other.cached
    assert other.library is None
    nowhere = small.run("sm_80", "sm_90a", device=None)
    assert nowhere.library is not None
    assert Path(nowhere.library).name == "libsparsek.sm_80.so"


@needs_nvcc
def test_a_failed_compile_is_a_result_and_is_not_kept(small: Place) -> None:
    small.unit.write_text(SMALL + "int broken() { return nowhere; }\n")
    for _ in range(2):
        report = small.run(device="sm_90a")
        assert (report.status, report.cached, report.library) == (Status.FAILED, False, None)
        assert re.search(r"sm_90a: csrc/small\.cu:3: error: .*nowhere", report.reason)
        assert "nowhere" in report.compilations[0].log
        assert small.left() == []


@needs_nvcc
def test_an_architecture_nvcc_does_not_know_is_a_result(small: Place) -> None:
    assert "sm_11" in small.run("sm_11").reason
    report = small.run("hopper")
    assert report.status is Status.FAILED
    assert report.reason == "build.arch: 'hopper' is no architecture; expected e.g. sm_90a"


@needs_nvcc
def test_a_missing_host_compiler_is_a_result(small: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "FLAGS", (*build.FLAGS, "-ccbin", "/nonexistent/g++"))
    report = small.run(device="sm_90a")
    assert report.status is Status.FAILED
    assert "/nonexistent/g++: No such file or directory" in report.reason


@needs_nvcc
def test_no_sources_is_a_result(small: Place) -> None:
    small.unit.unlink()
    report = small.run(device="sm_90a")
    assert (report.status, report.reason) == (
        Status.FAILED, f"no .cu file under {small.sources / 'csrc'}",
    )  # fmt: skip


@needs_nvcc
def test_two_builders_of_one_key_both_end_with_the_same_build(small: Place) -> None:
    reports: list[BuildReport] = []
    builders = [
        threading.Thread(target=lambda: reports.append(small.run(device="sm_90a")))
        for _ in range(2)
    ]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert [report.status for report in reports] == [Status.OK, Status.OK]
    assert reports[0].library == reports[1].library
    assert reports[0].library_digest == reports[1].library_digest
    assert small.left() == [reports[0].key]


@needs_nvcc
def test_a_damaged_build_is_made_again(small: Place) -> None:
    first = small.run(device="sm_90a")
    assert first.library is not None
    Path(first.library).unlink()
    second = small.run(device="sm_90a")
    assert (second.status, second.cached) == (Status.OK, False)
    assert Path(first.library).is_file()
    (small.builds / first.key / "facts.json").write_text("{")
    assert small.run(device="sm_90a").cached is False
    assert small.run(device="sm_90a").cached is True


@needs_nvcc
def test_what_a_killed_builder_left_is_swept_away_once_it_is_old(small: Place) -> None:
    young, old = (small.builds / f"{name}.partial" for name in ("young", "old"))
    for folder in (young, old):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    report = small.run(device="sm_90a")
    assert small.left() == sorted([report.key, "young.partial"])


def test_without_nvcc_the_build_is_skipped_and_says_where_it_looked(
    small: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path))
    assert toolkit.nvcc_places()[:2] == (f"{tmp_path}/bin", "/usr/local/cuda/bin")
    report = build.build(
        BuildPlan(),
        sources=small.sources,
        builds=small.builds,
        device_arch=None,
        progress=lambda *_: None,
        places=[f"{tmp_path}/bin"],
    )
    assert report.status is Status.SKIPPED
    assert report.reason == f"nvcc not found (looked in {tmp_path}/bin)"


def test_an_nvcc_that_does_not_run_is_told_apart(small: Place, tmp_path: Path) -> None:
    nvcc = tmp_path / "nvcc"
    nvcc.write_text("#!/bin/sh\necho libnvvm is missing; exit 7\n")
    nvcc.chmod(0o755)
    report = build.build(
        BuildPlan(),
        sources=small.sources,
        builds=small.builds,
        device_arch=None,
        progress=lambda *_: None,
        places=[str(tmp_path)],
    )
    assert report.status is Status.SKIPPED
    assert report.reason == f"{nvcc} --version ended with status 7: libnvvm is missing"


def test_a_compilation_that_is_not_done_in_time_is_ended_and_named(
    small: Place, tmp_path: Path
) -> None:
    nvcc = tmp_path / "nvcc"
    nvcc.write_text('#!/bin/sh\n[ "$1" = --version ] && echo release 13.0, V13.0.88 || sleep 60\n')
    nvcc.chmod(0o755)
    began = time.monotonic()
    report = build.build(
        BuildPlan(),
        sources=small.sources,
        builds=small.builds,
        device_arch="sm_90a",
        progress=lambda *_: None,
        places=[str(tmp_path)],
        limit_s=0.5,
    )
    assert time.monotonic() - began < 10
    assert report.status is Status.TIMEOUT
    assert report.reason.startswith(f"sm_90a: error: {nvcc}: no end within 0.5 s")
    assert small.left() == []


@pytest.mark.parametrize(
    ("capability", "arch"),
    [((8, 0), "sm_80"), ((8, 9), "sm_89"), ((9, 0), "sm_90a"), ((10, 0), "sm_100a"),
     ((10, 3), "sm_103"), ((12, 0), "sm_120a")],
)  # fmt: skip
def test_a_device_gets_the_target_with_its_own_instructions(
    capability: tuple[int, int], arch: str
) -> None:
    assert toolkit.arch_of(capability) == arch


@needs_nvcc
def test_the_instruction_probe_compiles_with_nvcc_too(tmp_path: Path) -> None:
    nvcc = shutil.which("nvcc", path=":".join(toolkit.nvcc_places()))
    assert nvcc is not None
    command = [nvcc, "-std=c++17", "-arch=sm_80", "-cubin", "-I", str(CSRC)]
    command += [str(Path(__file__).with_name("probe.cu")), "-o", str(tmp_path / "probe.cubin")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
