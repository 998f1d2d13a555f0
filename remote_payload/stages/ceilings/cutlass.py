"""The CUTLASS profiler's GEMM: the program is found or built, run, and its CSV files are kept.

What the rows say, and whether they can be believed, is decided by whoever reads them.
"""

from __future__ import annotations

import glob
import os
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, List, Mapping, Optional, Sequence, Tuple

from remote_payload.contract.plans import CeilingsPlan
from remote_payload.contract.records import CutlassReport
from remote_payload.contract.words import Stage, Status
from remote_payload.processes import bounded
from remote_payload.processes.announce import say, step
from remote_payload.processes.isolate import Deadline
from remote_payload.stages.ceilings import cutlass_build

PROGRAM = "cutlass_profiler"
FOLDER = "artifacts/cutlass"
# Environment variables that name a checkout, and where people put one.
VARIABLES = ("CUTLASS_PATH", "CUTLASS_HOME", "CUTLASS_DIR")
CHECKOUTS = ("/opt/cutlass*", "/usr/local/cutlass*", "/workspace/cutlass*", "~/cutlass*")
INSIDE = f"build*/tools/profiler/{PROGRAM}"
ANSWER_LIMIT_S = 60.0
END_CHARACTERS = 300
FP8_CAPABILITY = (8, 9)

Keep = Callable[[CutlassReport], None]


class Missing(Exception):
    """There is no profiler here, and no way to make one; the text says what to do."""


@dataclass(frozen=True)
class Place:
    """Where to work. job: the folder that artifacts/ lies in; builds: cached builds.

    capability: of the GPU; None if unknown.
    """

    job: Path
    builds: Path
    capability: Optional[Tuple[int, int]]


@dataclass(frozen=True)
class Gemm:
    """One question to the profiler. kernels: name filters; a row is accumulated in FP32."""

    name: str
    element: str
    kernels: Tuple[str, ...]


# Names by python/cutlass_library/generator.py of CUTLASS 2.x, 3.x and 4.x: an "f32" between the
# inputs' and the output's types is the accumulator; "tn" is row-major A, column-major B.
GEMMS = (
    Gemm("fp16", "f16", ("tensorop*gemm_f16_f16_f32_f16_f16*tnn", "s16816gemm_f16*tn_align8")),
    Gemm("fp8", "e4m3", ("tensorop*gemm_e4m3_e4m3_f32_bf16_bf16*tnn", "16832gemm*e4m3*tn_align16")),
)


def run(plan: CeilingsPlan, place: Place, deadline: Deadline, keep: Keep) -> None:
    """Find or build the profiler and run it, handing the report so far to `keep`.

    What is missing is SKIPPED, what goes wrong FAILED or TIMEOUT; rows written before an end by
    force are kept.
    """
    end = time.monotonic() + plan.cutlass_limit_s

    def left() -> float:
        return deadline.allow(max(0.0, end - time.monotonic()))

    folder = place.job / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    report = CutlassReport(Status.FAILED, "interrupted")
    try:
        report = replace(report, program=_program(plan, place, left))
        _run(plan, place, left, report, keep)
    except Missing as exc:
        keep(replace(report, status=Status.SKIPPED, reason=str(exc)))
    except cutlass_build.BuildFailed as exc:
        files = _files(place, "*.txt")
        keep(replace(report, status=exc.status, reason=str(exc), artifacts=files))


def find(
    given: str,
    environment: Mapping[str, str] = os.environ,
    checkouts: Sequence[str] = CHECKOUTS,
) -> str:
    """The program the user named, else of PATH, else of a built checkout. Raises Missing."""
    if given:
        path = os.path.expanduser(given)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
        raise Missing(f"{given} is no program on this host; give the path of {PROGRAM} there")
    found = shutil.which(PROGRAM, path=environment.get("PATH"))
    if found is not None:
        return found
    named = [environment[name] for name in VARIABLES if environment.get(name)]
    for checkout in (*named, *map(os.path.expanduser, checkouts)):
        for candidate in sorted(glob.glob(os.path.join(checkout, INSIDE)), reverse=True):
            if os.access(candidate, os.X_OK):
                return candidate
    raise Missing(
        f"{PROGRAM} is neither on the PATH nor built in ${VARIABLES[0]} or {', '.join(checkouts)}; "
        "name it with --cutlass-profiler, or a checkout to build it from with --cutlass-source"
    )


def _program(plan: CeilingsPlan, place: Place, left: Callable[[], float]) -> str:
    if plan.cutlass_source and not plan.cutlass_profiler:
        if place.capability is None:
            raise Missing("building the profiler needs to know the GPU, and none is seen here")
        return cutlass_build.program(
            plan.cutlass_source, place.builds, place.capability, place.job / FOLDER, left
        )
    return find(plan.cutlass_profiler)


def _run(
    plan: CeilingsPlan,
    place: Place,
    left: Callable[[], float],
    report: CutlassReport,
    keep: Keep,
) -> None:
    folder = place.job / FOLDER
    ended = bounded.run((report.program, "--version"), folder / "version.txt", ANSWER_LIMIT_S)
    if ended.exit_code is None:
        keep(replace(report, reason=f"{report.program}: {ended.why}"))
        return
    said = (folder / "version.txt").read_text("utf-8", "replace").split("\n")
    report = replace(report, version=said[0].strip()[:END_CHARACTERS])
    wrong: List[str] = []
    timed_out = False
    asked = [gemm for gemm in GEMMS if _has(gemm, place.capability)]
    for number, gemm in enumerate(asked):
        step(Stage.CEILINGS, number, len(asked), f"{PROGRAM}, {gemm.name}")
        argv = command(report.program, gemm, plan.gemm_size, folder / gemm.name)
        limit_s = left()
        if limit_s <= 0:
            wrong, timed_out = [*wrong, f"{gemm.name}: not tried, the time was used up"], True
            continue
        ended = bounded.run(argv, folder / f"{gemm.name}.txt", limit_s)
        reason = _complaint(ended, folder, gemm, place)
        say(f"{PROGRAM} {gemm.name}: {reason or 'ok'}")
        wrong += [f"{gemm.name}: {reason}"] if reason else []
        timed_out = timed_out or ended.timed_out
        report = replace(report, commands=(*report.commands, argv), artifacts=_files(place, "*"))
        keep(report)
    step(Stage.CEILINGS, len(asked), len(asked), PROGRAM)
    status = Status.TIMEOUT if timed_out else Status.FAILED if wrong else Status.OK
    keep(replace(report, status=status, reason="; ".join(wrong)))


def command(program: str, gemm: Gemm, size: int, output: Path) -> Tuple[str, ...]:
    """The exact argv. The profiler appends ".gemm.csv" to `output`.

    https://github.com/NVIDIA/cutlass/blob/main/media/docs/cpp/profiler.md
    """
    return (
        program,
        "--operation=Gemm",
        f"--m={size}",
        f"--n={size}",
        f"--k={size}",
        f"--A={gemm.element}:row",
        f"--B={gemm.element}:column",
        f"--kernels={','.join(gemm.kernels)}",
        "--providers=cutlass",
        "--verification-enabled=true",
        "--warmup-iterations=10",
        "--profiling-iterations=100",
        f"--output={output}",
    )


def _has(gemm: Gemm, capability: Optional[Tuple[int, int]]) -> bool:
    return gemm.name != "fp8" or capability is None or capability >= FP8_CAPABILITY


def _complaint(ended: bounded.Ended, folder: Path, gemm: Gemm, place: Place) -> str:
    """Why this run of the profiler is no success; empty if it is."""
    rows = sum(_rows(path) for path in folder.glob(f"{gemm.name}*.csv"))
    if ended.exit_code != 0:
        lines = (folder / f"{gemm.name}.txt").read_text("utf-8", "replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        how = ended.why or f"ended with status {ended.exit_code}"
        return f"{how}, after {rows} rows: {said[:END_CHARACTERS]}"
    if rows == 0:
        arch = "{}.{}".format(*place.capability) if place.capability else "unknown"
        return (
            "no row: no kernel was built for this architecture (compute capability "
            f"{arch}) that multiplies {gemm.element} matrices"
        )
    return ""


def _rows(path: Path) -> int:
    """Rows below the header, whatever they say."""
    lines = path.read_text("utf-8", "replace").split("\n")
    return max(0, sum(1 for line in lines if line.strip()) - 1)


def _files(place: Place, pattern: str) -> Tuple[str, ...]:
    found = sorted(path for path in (place.job / FOLDER).glob(pattern) if path.stat().st_size)
    return tuple(path.relative_to(place.job).as_posix() for path in found)
