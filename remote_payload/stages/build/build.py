"""Compile csrc/ into one shared library per architecture, once per all that goes into it.

A build lives in `builds/<key>/`: the libraries and `facts.json`, the report of how they were
made. Each file is compiled by itself, and its object kept too: an edit compiles again what
includes the edited file, and links. What the key is made of, `kept` and `compiler` say. A compile
that fails is a result, and is not kept.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import shutil
import threading
from pathlib import Path
from typing import Optional, Sequence, Tuple

from remote_payload.compiling import compiler
from remote_payload.compiling.compilations import CUBINS, SHARED, WORST, Compilations
from remote_payload.compiling.counting import Progress
from remote_payload.compiling.kept import Kept, digest
from remote_payload.contract import codec
from remote_payload.contract.machine import BuildReport
from remote_payload.contract.plans import BuildPlan
from remote_payload.contract.tools import compiler_words
from remote_payload.contract.words import Status
from remote_payload.machine import toolkit
from remote_payload.processes import bounded

ALL_ARCH = ("sm_80", "sm_90a", "sm_100a")
FLAGS = (
    "-Xcompiler", "-fPIC", "-cudart", "static", "-O3", "-std=c++17", "-lineinfo",
    "-Xptxas", "-v,--warn-on-spills", "-I", "csrc",
)  # fmt: skip

_FACTS = "facts.json"
# Folders of csrc/ whose files are no part of the attention library.
_APART = ("emulator", "ceilings", "conformance")
_ARCH = re.compile(r"sm_\d{2,3}[af]?")


def build(
    plan: BuildPlan,
    *,
    sources: Path,
    builds: Path,
    device_arch: Optional[str],
    progress: Progress,
    places: Optional[Sequence[str]] = None,
    limit_s: float = float("inf"),
    cubins_of: Sequence[str] = (),
    stopped: Optional[threading.Event] = None,
) -> BuildReport:
    """Compile `sources`/csrc for plan.arch, else for `device_arch`, else the device's code alone
    for `cubins_of`, or where that is empty all of it for all we support.

    progress is told (done, total, label) as each file is compiled. The report's library is the one
    for `device_arch`, if it was compiled; without a device, the first, if there is one. places:
    where to look for nvcc, instead of where `toolkit.find` does. limit_s: for all compilations,
    which run side by side. stopped: once it is set, nothing is compiled any more. Compile errors, a
    missing nvcc or missing sources come back as a report, never as an exception; TIMEOUT: not all
    was done in time. A toolkit that is named and not there fails.
    """
    try:
        found = _toolkit(plan, places)
    except toolkit.NotWhereNamed as exc:
        return BuildReport(Status.FAILED, str(exc))
    except toolkit.NoToolkit as exc:
        return BuildReport(Status.SKIPPED, str(exc))
    nvcc, said, problem = compiler.known(found, sources, limit_s)
    if nvcc is None:
        return BuildReport(Status.SKIPPED, problem)
    flags = (*FLAGS, *plan.toolchain.words)
    report = dataclasses.replace(_described(nvcc, said, flags), flags=plan.toolchain.words)
    units = units_of(sources)
    wanted = plan.arch or ((device_arch,) if device_arch else ())
    link = CUBINS if cubins_of and not wanted else (SHARED,)
    wanted = wanted or _supported(found.nvcc, cubins_of or ALL_ARCH)
    arch = tuple(dict.fromkeys(wanted))
    if why := _senseless(arch, units, sources):
        return dataclasses.replace(report, reason=why)
    made = Compilations(nvcc, Kept(builds, sources), flags, units, limit_s, link, stopped)
    recipe = digest("\0".join(made.recipe(name) for name in arch))
    if (kept := _kept(made, recipe, arch)) is None:
        return _build_new(report, made, arch, recipe, device_arch, progress)
    progress(len(arch), len(arch), "already built")
    # The same toolkit may have been found in another way this time.
    return _choose(dataclasses.replace(kept, toolkit=found.words), builds, device_arch)


def _toolkit(plan: BuildPlan, places: Optional[Sequence[str]]) -> toolkit.Toolkit:
    if plan.toolchain.cuda_home:
        return toolkit.at(plan.toolchain.cuda_home)
    return toolkit.find() if places is None else toolkit.find_in(tuple(places))


def _described(nvcc: compiler.Nvcc, said: str, flags: Sequence[str]) -> BuildReport:
    """A report of what will compile, and of nothing yet."""
    host = nvcc.host_compiler(flags)
    return BuildReport(
        Status.FAILED,
        "",
        nvcc=toolkit.release(said),
        toolkit=nvcc.toolkit.words,
        host_compiler=host.words if host else None,
        environment=compiler.environment(),
    )


def units_of(sources: Path) -> Tuple[str, ...]:
    """The .cu files of the attention library, relative to `sources`, sorted."""
    apart = {sources / "csrc" / folder for folder in _APART}
    paths = sorted((sources / "csrc").rglob("*.cu"))
    mine = (path for path in paths if path.is_file() and not apart & set(path.parents))
    return tuple(path.relative_to(sources).as_posix() for path in mine)


def _senseless(arch: Sequence[str], units: Sequence[str], sources: Path) -> str:
    """Why there is nothing to compile or nothing to compile for; empty if there is."""
    wrong = [name for name in arch if not _ARCH.fullmatch(name)]
    if wrong:
        return f"build.arch: {wrong[0]!r} is no architecture; expected e.g. sm_90a"
    return "" if units else f"no .cu file under {sources / 'csrc'}"


def _build_new(
    report: BuildReport,
    made: Compilations,
    arch: Tuple[str, ...],
    recipe: str,
    device_arch: Optional[str],
    progress: Progress,
) -> BuildReport:
    partial = made.kept.partial("")
    try:
        compilations = made.all(arch, partial, progress)
        report = dataclasses.replace(report, compilations=compilations)
        failed = [one for one in compilations if one.status is not Status.OK]
        if failed:
            worst = min(failed, key=lambda one: WORST.index(one.status))
            said = compiler_words.placed(compiler_words.cause(worst.log))
            reason = f"{worst.arch}: {said or 'no output'}"
            return dataclasses.replace(report, status=worst.status, reason=reason)
        key = made.kept.key(recipe, made.read, made.searched)
        report = dataclasses.replace(report, status=Status.OK, key=key)
        codec.write_atomic(partial / _FACTS, codec.dumps(report))
        final = made.kept.publish(partial, "", recipe, made.read, made.searched)
        # If another builder was first, its report counts.
        there = _report_in(final)
        if there is not None and there.compilations != report.compilations:
            report = dataclasses.replace(there, cached=True)
        return _choose(report, made.kept.builds, device_arch)
    except OSError as exc:  # a full disk, most of the time
        reason = f"cannot keep a build under {made.kept.builds}: {exc.strerror or exc}"
        return dataclasses.replace(report, status=Status.FAILED, reason=reason)
    finally:
        shutil.rmtree(str(partial), ignore_errors=True)


def _kept(made: Compilations, recipe: str, arch: Sequence[str]) -> Optional[BuildReport]:
    """The report of a finished build, marked as cached; None if there is none or it is damaged."""
    libraries = map(Compilations.library, arch) if made.links else ()
    folder = made.kept.find("", recipe, _FACTS, *libraries)
    report = _report_in(folder) if folder else None
    return dataclasses.replace(report, cached=True) if report else None


def _report_in(folder: Path) -> Optional[BuildReport]:
    try:
        return codec.loads(BuildReport, (folder / _FACTS).read_text(encoding="utf-8"))
    except (OSError, codec.CodecError):
        return None


def _choose(report: BuildReport, builds: Path, device_arch: Optional[str]) -> BuildReport:
    """Fill in the library this device should load: none, if none was made for it."""
    arch = device_arch or report.compilations[0].arch
    library = (builds / report.key / Compilations.library(str(arch))).resolve()
    if not library.is_file():
        return report
    content = hashlib.sha256(library.read_bytes()).hexdigest()
    return dataclasses.replace(report, library=str(library), library_digest=content)


def _supported(nvcc: str, arch: Sequence[str]) -> Tuple[str, ...]:
    """These without those that this nvcc is too old for (it lists sm_90a as sm_90)."""
    _, said = bounded.ask((nvcc, "--list-gpu-code"), toolkit.ASK_LIMIT_S)
    return tuple(one for one in arch if one.rstrip("a") in said.split()) or tuple(arch)
