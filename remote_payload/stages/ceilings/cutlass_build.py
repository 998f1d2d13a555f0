"""Build the CUTLASS profiler from a checkout, with the few kernels that are needed.

A build lives in `builds/cutlass-<key>/`, outside the checkout. One that was cut short goes on next
time, if ninja makes it: ninja knows which of its outputs are whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Callable, List, Tuple

from remote_payload.compiling import compiler
from remote_payload.compiling.kept import clear, content_of
from remote_payload.contract.tools import compiler_words
from remote_payload.contract.words import Stage, Status
from remote_payload.machine import toolkit
from remote_payload.processes import bounded
from remote_payload.processes.announce import say, step

TARGET = "cutlass_profiler"
INSIDE = f"tools/profiler/{TARGET}"
FINISHED = "finished"
# Name filters for CMake by the first number of the compute capability, else SM80's; checked with
# the generator of CUTLASS 4.7, where they name 13, 2 and 6 kernels.
KERNELS = {
    9: (
        "cutlass3x_sm90_tensorop*gemm_f16_f16_f32_f16_f16*_2x1x1_*tnn_align8_warpspecialized_*tma",
        "cutlass3x_sm90_tensorop*gemm_e4m3_e4m3_f32_bf16_bf16*_2x1x1_*tnn_align16_warpspecialized_"
        "*fastaccum_epi_tma",
    ),
    10: (
        "cutlass3x_sm100_tensorop*gemm_f16_f16_f32_f16_f16*_256x256x64_2x1x1_*tnn_align8_2sm",
        "cutlass3x_sm100_tensorop*gemm_e4m3_e4m3_f32_bf16_bf16*_256x256x128_2x1x1_*tnn_align16_2sm",
    ),
    8: (
        "cutlass_tensorop_f16_s16816gemm_f16_256x128_*tn_align8",
        "cutlass_tensorop_f16_s16816gemm_f16_128x256_*tn_align8",
        "cutlass_tensorop_bf16_s16832gemm*e4m3_256x128_*tn_align16",
    ),
}
BYTES_PER_JOB = 4 << 30  # what nvcc takes for one CUTLASS kernel, and some more
ANNOUNCE_S = 5.0
# Lines in which ninja and make repeat a command, which may name a file error.cu.
_COMMANDS = ("[", "cd ", "FAILED:", "make", "ninja")
_DONE = re.compile(r"^\[ *(\d+(?:/\d+|%))\]", re.MULTILINE)


class BuildFailed(Exception):
    """There is no profiler; the text says why, status whether it failed, ran late or cannot be."""

    def __init__(self, reason: str, status: Status = Status.FAILED) -> None:
        super().__init__(reason)
        self.status = status


def program(
    source: str,
    builds: Path,
    capability: Tuple[int, int],
    logs: Path,
    left: Callable[[], float],
) -> str:
    """Path of the profiler of the checkout `source`, built if need be. Raises BuildFailed.

    logs: folder for what CMake prints; left: seconds that the whole may still take.
    """
    checkout = Path(os.path.expanduser(source))
    if not (checkout / "CMakeLists.txt").is_file():
        raise BuildFailed(f"{source} on this host is no CUTLASS checkout: no CMakeLists.txt in it")
    cmake = shutil.which("cmake")
    if cmake is None:
        raise BuildFailed("no cmake on this host to build the profiler with", Status.SKIPPED)
    nvcc = _nvcc(checkout)
    flags = configuration(nvcc.toolkit.nvcc, capability, shutil.which("ninja") is not None)
    revision = revision_of(checkout)
    key = key_of(revision, checkout, nvcc, (cmake, *flags))
    folder = builds / f"cutlass-{key}"
    builds.mkdir(parents=True, exist_ok=True)
    with open(builds / f"cutlass-{key}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise BuildFailed("another run on this host is building it; try again later") from exc
        if not _is_whole(folder):
            say(f"building {TARGET} of {revision} in {folder}")
            _build(str(cmake), checkout, folder, flags, logs, left)
            made = {str(path.relative_to(folder)): content_of(path) for path in _loaded(folder)}
            (folder / FINISHED).write_text(json.dumps(made), encoding="utf-8")
        return str((folder / INSIDE).resolve())


def _loaded(folder: Path) -> List[Path]:
    """The profiler and the libraries that were built for it."""
    libraries = (path for path in sorted(folder.glob("tools/**/*.so*")) if path.is_file())
    return [folder / INSIDE, *libraries]


def _is_whole(folder: Path) -> bool:
    """Whether a finished build is as it was left. What is damaged is removed: ninja looks at times
    alone and would keep it."""
    finished = folder / FINISHED
    if not finished.is_file():
        if not folder.is_dir():
            clear(folder)
        clear(finished)
        return False
    try:
        made = json.loads(finished.read_text(encoding="utf-8"))
        if made and all(content_of(folder / name) == was for name, was in made.items()):
            return True
        shutil.rmtree(folder, ignore_errors=True)
    except (OSError, ValueError, AttributeError, RecursionError):
        # Older ones wrote nothing to compare with: what can be linked again is.
        for path in (finished, *_loaded(folder)):
            path.unlink(missing_ok=True)
    return False


def _nvcc(checkout: Path) -> compiler.Nvcc:
    """The compiler; BuildFailed without one."""
    try:
        found = toolkit.find()
    except toolkit.NotWhereNamed as exc:
        raise BuildFailed(str(exc)) from exc
    except toolkit.NoToolkit as exc:
        raise BuildFailed(
            "no nvcc on this host to build the profiler with", Status.SKIPPED
        ) from exc
    nvcc, _, problem = compiler.known(found, checkout)
    if nvcc is None:
        raise BuildFailed(problem)
    return nvcc


def key_of(revision: str, checkout: Path, nvcc: compiler.Nvcc, configured: Tuple[str, ...]) -> str:
    """Names a build. CMake and ninja see neither the environment nor that a compiler was replaced,
    so both stand in it. configured: what CMake is told, and its own path."""
    return nvcc.recipe((), (revision, str(checkout), *configured))


def configuration(nvcc: str, capability: Tuple[int, int], ninja: bool) -> Tuple[str, ...]:
    """The arguments of CMake that decide what is built.

    https://github.com/NVIDIA/cutlass/blob/main/media/docs/cpp/quickstart.md
    """
    arch = toolkit.arch_of(capability).replace("sm_", "")
    kernels = KERNELS.get(capability[0], KERNELS[8])
    generator = ("-G", "Ninja") if ninja else ()
    return (
        *generator,
        "-DCMAKE_BUILD_TYPE=Release",
        f"-DCMAKE_CUDA_COMPILER={nvcc}",
        f"-DCUTLASS_NVCC_ARCHS={arch}",
        f"-DCUTLASS_LIBRARY_KERNELS={','.join(kernels)}",
        "-DCUTLASS_LIBRARY_OPERATIONS=gemm",
        "-DCUTLASS_UNITY_BUILD_ENABLED=ON",
        "-DCUTLASS_ENABLE_TESTS=OFF",
        "-DCUTLASS_ENABLE_EXAMPLES=OFF",
        # Its own reference on the device verifies the kernels.
        "-DCUTLASS_ENABLE_CUBLAS=OFF",
    )


def revision_of(checkout: Path) -> str:
    """The commit of a clean checkout, else a digest of names, sizes and times of its files."""
    said: List[str] = []
    for what in (("rev-parse", "HEAD"), ("status", "--porcelain")):
        try:
            asked = ("git", "-C", str(checkout), *what)
            done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True)
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
            break
        said.append(done.stdout.strip())
    if len(said) == 2 and not said[1]:
        return said[0]
    total = hashlib.sha256()
    for root, folders, files in os.walk(checkout):
        folders[:] = sorted(each for each in folders if each != ".git" and each[:5] != "build")
        for name in sorted(files):
            seen = os.lstat(os.path.join(root, name))
            total.update(f"{os.path.join(root, name)}\0{seen.st_size}\0{seen.st_mtime_ns}".encode())
    return f"files-{total.hexdigest()[:16]}"


def _build(
    cmake: str,
    checkout: Path,
    folder: Path,
    flags: Tuple[str, ...],
    logs: Path,
    left: Callable[[], float],
) -> None:
    if "Ninja" not in flags:
        shutil.rmtree(folder, ignore_errors=True)  # make takes half an object for a whole one
    configure = (cmake, "-S", str(checkout), "-B", str(folder), *flags)
    _step("cmake", configure, logs / "configure.txt", left())
    jobs = max(1, min(os.cpu_count() or 1, _memory_bytes() // BYTES_PER_JOB))
    compile_it = (cmake, "--build", str(folder), "--target", TARGET, "--parallel", str(jobs))
    _step("the build", compile_it, logs / "build.txt", left())
    if not (folder / INSIDE).is_file():
        raise BuildFailed(f"the build ended well and left no {INSIDE}")


def _step(name: str, argv: Tuple[str, ...], log: Path, limit_s: float) -> None:
    """Run one command of the build, with progress lines; BuildFailed if it does not end well."""
    next_s = time.monotonic()

    def announce() -> None:
        nonlocal next_s
        if time.monotonic() < next_s:
            return
        next_s = time.monotonic() + ANNOUNCE_S
        done = _DONE.findall(log.read_text("utf-8", "replace"))
        step(Stage.CEILINGS, 0, 1, f"{TARGET}: {name} {done[-1] if done else ''}".rstrip())

    ended = bounded.run(argv, log, limit_s, meanwhile=announce)
    if ended.exit_code == 0:
        return
    if ended.timed_out:
        raise BuildFailed(f"{name} found {ended.why}; raise --cutlass-limit", Status.TIMEOUT)
    lines = [line.strip() for line in log.read_text("utf-8", "replace").split("\n") if line.strip()]
    told = [line for line in lines if not line.startswith(_COMMANDS)]
    said = (compiler_words.error("\n".join(told)) or (lines or ["it said nothing"])[-1])[:300]
    how = ended.why or f"ended with status {ended.exit_code}"
    raise BuildFailed(f"{name} {how}: {said}")


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return BYTES_PER_JOB
