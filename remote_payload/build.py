"""Compile csrc/ into one shared library per architecture, once per (sources, flags, nvcc, arch).

A build lives in `builds/<key>/`: the libraries and `facts.json`, the report of how they were
made. It appears there by one rename, so it is either whole or absent, and any number of builders
may run at once. A compile that fails is a result, and is not kept.
"""

from __future__ import annotations

import dataclasses
import glob
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from remote_payload import bounded, codec
from remote_payload.contract import BuildPlan, BuildReport, Compilation, Status

Progress = Callable[[int, int, str], None]

ALL_ARCH = ("sm_80", "sm_90a", "sm_100a")
FLAGS = (
    # As many files at once as there are CPUs; what ptxas says still comes file by file.
    "--threads", "0",
    "-shared", "-Xcompiler", "-fPIC", "-cudart", "static", "-O3", "-std=c++17", "-lineinfo",
    "-Xptxas", "-v,--warn-on-spills", "-I", "csrc",
)  # fmt: skip
# Devices whose newest instructions exist only in the architecture-specific target.
# https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/#gpu-feature-list
ARCH_SPECIFIC = ("sm_90", "sm_100", "sm_120")

_FACTS = "facts.json"
_SOURCE_SUFFIXES = (".cu", ".cuh", ".h")
# Folders of csrc/ that are no part of the attention library.
_APART = ("emulator", "ceilings", "conformance")
_STALE_PARTIAL_S = 3600.0
_ARCH = re.compile(r"sm_\d{2,3}[af]?")
_ERROR = re.compile(r"\b(?:error|fatal)\b", re.IGNORECASE)


def arch_of(capability: Tuple[int, int]) -> str:
    """The target for a device of this compute capability: (9, 0) gives "sm_90a"."""
    arch = "sm_{}{}".format(*capability)
    return arch + "a" if arch in ARCH_SPECIFIC else arch


def nvcc_places() -> Tuple[str, ...]:
    """The folders in which nvcc is looked for, first choice first."""
    places = [place for place in os.environ.get("PATH", "").split(os.pathsep) if place]
    if os.environ.get("CUDA_HOME"):
        places.append(os.path.join(os.environ["CUDA_HOME"], "bin"))
    places.append("/usr/local/cuda/bin")
    places.extend(sorted(glob.glob("/usr/local/cuda-*/bin"), reverse=True))
    return tuple(dict.fromkeys(places))


def nvcc_program() -> Optional[str]:
    """The first nvcc found there."""
    return shutil.which("nvcc", path=os.pathsep.join(nvcc_places()))


def build(
    plan: BuildPlan,
    *,
    sources: Path,
    builds: Path,
    device_arch: Optional[str],
    progress: Progress,
    places: Optional[Sequence[str]] = None,
    limit_s: float = float("inf"),
) -> BuildReport:
    """Compile `sources`/csrc for plan.arch, else for `device_arch`, else for all we support.

    progress is told (done, total, label) as compilations end. The report's library is the one
    for `device_arch`, if it was compiled; without a device, the first. places: where to look for
    nvcc. limit_s: for each compilation; they run side by side. Compile errors, a missing nvcc or
    missing sources come back as a report, never as an exception; TIMEOUT: one was not done in time.
    """
    looked_in = nvcc_places() if places is None else tuple(places)
    nvcc = shutil.which("nvcc", path=os.pathsep.join(looked_in)) if looked_in else None
    if nvcc is None:
        where = ", ".join(looked_in) or "an empty list of folders"
        return BuildReport(Status.SKIPPED, f"nvcc not found (looked in {where})")
    version, problem = _version(nvcc)
    if problem:
        return BuildReport(Status.SKIPPED, problem)
    digests = _source_digests(sources)
    arch = plan.arch or ((device_arch,) if device_arch else _supported(nvcc))
    report = BuildReport(Status.FAILED, "", key=_key(digests, version, arch), nvcc=release(version))
    units = tuple(name for name in digests if name.endswith(".cu"))
    if why := _senseless(arch, units, sources):
        return _because(report, why)
    kept = _kept(builds / report.key)
    if kept is not None:
        progress(len(arch), len(arch), "already built")
        return _choose(kept, builds, device_arch)
    compiler = _Nvcc(nvcc, sources, units, limit_s)
    return _build_new(report, compiler, arch, builds, device_arch, progress)


def _senseless(arch: Sequence[str], units: Sequence[str], sources: Path) -> str:
    """Why there is nothing to compile or nothing to compile for; empty if there is."""
    wrong = [name for name in arch if not _ARCH.fullmatch(name)]
    if wrong:
        return f"build.arch: {wrong[0]!r} is no architecture; expected e.g. sm_90a"
    return "" if units else f"no .cu file under {sources / 'csrc'}"


def _build_new(
    report: BuildReport,
    nvcc: _Nvcc,
    arch: Tuple[str, ...],
    builds: Path,
    device_arch: Optional[str],
    progress: Progress,
) -> BuildReport:
    builds.mkdir(parents=True, exist_ok=True)
    _sweep(builds)
    partial = Path(tempfile.mkdtemp(prefix=report.key + ".", suffix=".partial", dir=str(builds)))
    try:
        compilations = _compile_all(nvcc, arch, partial, progress)
        report = dataclasses.replace(report, compilations=compilations)
        failed = [one for one in compilations if one.status is not Status.OK]
        if failed:
            worst = next((one for one in failed if one.status is Status.FAILED), failed[0])
            reason = f"{worst.arch}: {_first_error(worst.log)}"
            return dataclasses.replace(report, status=worst.status, reason=reason)
        report = dataclasses.replace(report, status=Status.OK)
        codec.write_atomic(partial / _FACTS, codec.dumps(report))
        report = _publish(report, partial, builds / report.key)
        return _choose(report, builds, device_arch)
    finally:
        shutil.rmtree(str(partial), ignore_errors=True)


@dataclasses.dataclass(frozen=True)
class _Nvcc:
    """A compiler and what it is to compile; units are paths relative to `sources`."""

    binary: str
    sources: Path
    units: Tuple[str, ...]
    limit_s: float

    def compile(self, arch: str, target: Path) -> Compilation:
        """One shared library for one architecture; the log is everything nvcc said."""
        gencode = f"arch={arch.replace('sm_', 'compute_')},code={arch}"
        command = [self.binary, *FLAGS, "-gencode", gencode, *self.units, "-o", str(target)]
        output, env = target.with_suffix(".log"), {**os.environ, "LC_ALL": "C"}
        started = time.monotonic()
        ended = bounded.run(command, output, self.limit_s, cwd=str(self.sources), env=env)
        seconds = time.monotonic() - started
        log = output.read_text(encoding="utf-8", errors="replace")
        output.unlink()
        status = Status.OK if ended.exit_code == 0 and target.is_file() else Status.FAILED
        if ended.timed_out:
            status = Status.TIMEOUT
        if ended.exit_code is None:
            log = f"error: {self.binary}: {ended.why}\n{log}"
        elif status is Status.FAILED and not log.strip():
            log = f"error: nvcc ended with status {ended.exit_code} and said nothing\n"
        return Compilation(arch, shlex.join(command), status, seconds, log)


def _compile_all(
    nvcc: _Nvcc, arch: Tuple[str, ...], folder: Path, progress: Progress
) -> Tuple[Compilation, ...]:
    done: Dict[str, Compilation] = {}
    unique = tuple(dict.fromkeys(arch))
    with ThreadPoolExecutor(max_workers=min(len(unique), os.cpu_count() or 1)) as pool:
        running = [pool.submit(nvcc.compile, name, folder / _library(name)) for name in unique]
        for future in as_completed(running):
            compilation = future.result()
            done[compilation.arch] = compilation
            progress(len(done), len(unique), f"{compilation.arch} {compilation.status.value}")
    return tuple(done[name] for name in unique)


def _publish(report: BuildReport, partial: Path, final: Path) -> BuildReport:
    """Rename the partial build into place; if another builder was first, its build counts."""
    for _ in range(2):
        try:
            os.rename(str(partial), str(final))
            return report
        except OSError:
            kept = _kept(final)
            if kept is not None:
                return kept
            # Something unusable is in the way, say a build whose library somebody deleted.
            shutil.rmtree(str(final), ignore_errors=True)
    os.rename(str(partial), str(final))
    return report


def _kept(folder: Path) -> Optional[BuildReport]:
    """The report of a finished build, marked as cached; None if there is none or it is damaged."""
    try:
        report = codec.loads(BuildReport, (folder / _FACTS).read_text(encoding="utf-8"))
    except (OSError, codec.CodecError):
        return None
    if not all((folder / _library(one.arch)).is_file() for one in report.compilations):
        return None
    return dataclasses.replace(report, cached=True)


def _choose(report: BuildReport, builds: Path, device_arch: Optional[str]) -> BuildReport:
    """Fill in the library this device should load: none, if it was not compiled for it."""
    compiled = [one.arch for one in report.compilations]
    arch = device_arch or compiled[0]
    if arch not in compiled:
        return report
    library = (builds / report.key / _library(str(arch))).resolve()
    digest = hashlib.sha256(library.read_bytes()).hexdigest()
    return dataclasses.replace(report, library=str(library), library_digest=digest)


def _library(arch: str) -> str:
    return f"libsparsek.{arch}.so"


def _version(nvcc: str) -> Tuple[str, str]:
    """(what nvcc says of itself, "") or ("", why it cannot be used)."""
    try:
        done = subprocess.run(
            [nvcc, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except OSError as exc:
        return "", f"{nvcc} does not run: {exc}"
    text = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode != 0:
        return "", f"{nvcc} --version ended with status {done.returncode}: {text[-200:]}"
    return text, ""


def release(said: str) -> str:
    """The release in what nvcc says of itself, such as 13.0.88; all it said if there is none.

    Only the binary knows: a folder named cuda-13.0 has been seen to hold 12.4.
    """
    found = re.search(r"release [\d.]+, V([\d.]+)", said)
    return found.group(1) if found else said


def _supported(nvcc: str) -> Tuple[str, ...]:
    """ALL_ARCH without those that this nvcc is too old for (it lists sm_90a as sm_90)."""
    said = subprocess.run(
        [nvcc, "--list-gpu-code"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    ).stdout.decode("utf-8", "replace")
    known = tuple(arch for arch in ALL_ARCH if arch.rstrip("a") in said.split())
    return known or ALL_ARCH


def _source_digests(sources: Path) -> Dict[str, str]:
    """sha256 of every file a compilation can read, by path relative to `sources`, sorted."""
    apart = {sources / "csrc" / folder for folder in _APART}
    paths: List[Path] = sorted(
        path
        for path in (sources / "csrc").rglob("*")
        if path.suffix in _SOURCE_SUFFIXES and not apart & set(path.parents) and path.is_file()
    )
    return {
        path.relative_to(sources).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }


def _key(digests: Dict[str, str], version: str, arch: Sequence[str]) -> str:
    named = [f"{digest} {name}" for name, digest in digests.items()]
    text = "\0".join([*named, *FLAGS, version, *arch])
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


def _first_error(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.search(line)]
    # nvcc writes kernel.cuh(12): error; editors and people jump to kernel.cuh:12: error.
    return re.sub(r"^(\S+)\((\d+)\):", r"\1:\2:", (errors or lines or ["no output"])[0])


def _because(report: BuildReport, reason: str) -> BuildReport:
    return dataclasses.replace(report, status=Status.FAILED, reason=reason)


def _sweep(builds: Path) -> None:
    """Remove what builders that were killed left behind."""
    for partial in builds.glob("*.partial"):
        try:
            if time.time() - partial.stat().st_mtime > _STALE_PARTIAL_S:
                shutil.rmtree(str(partial), ignore_errors=True)
        except FileNotFoundError:
            continue
