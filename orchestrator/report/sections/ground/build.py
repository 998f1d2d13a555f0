"""What was built, and what the compiler said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from orchestrator.readers.ptxas import CompilerReport, KernelResources, first_error, parse
from orchestrator.report.comparing.builds import CHANGES, against_revision, knows_revision
from orchestrator.report.section import Page, Section
from orchestrator.report.view.sections import BuildView
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract.machine import BuildReport
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status

_KERNEL_HEADER = (
    "Arch",
    "Kernel",
    "Registers",
    "Spill stores / loads (bytes)",
    "Stack (bytes)",
    "Static smem (bytes)",
    "Barriers",
)
_SPILLS, _NO_SPILLS = 3, "0 / 0"  # which column, and what stands there where nothing is spilled
_WORST_HEADER = ("Arch", "Kernel", "Registers, most", *_KERNEL_HEADER[3:])
_OF_STUB = 4  # registers, of a body that is empty (nvcc 13, sm_80 to sm_100a)
_NO_TABLE = Table((), ())


def build(result: Result | None) -> tuple[BuildView, ...]:
    """What the compiler said; none where nothing of the run is compiled."""
    if result is None:
        return ()
    if result.build is not None:
        view = _build(result.build)
    elif result.provider_builds:
        view = BuildView("Nothing of our own was built in this run.", _NO_TABLE, _NO_TABLE)
    else:
        return ()
    view = _with_users(view, result)
    if not knows_revision(result):
        return (view,)
    rows = tuple(one.cells for one in against_revision(result))
    return (replace(view, changes=Table(CHANGES, rows), revision=result.request.against),)


def _with_users(view: BuildView, result: Result) -> BuildView:
    """And what it said of the users' own, but for those that stand for another revision."""
    before = result.request.before
    now = (one for one in result.provider_builds if one.provider not in before)
    parsed = [(one.provider, parse(one.compilation.log)) for one in now]
    rows = ((name, *row) for name, said in parsed for row in _kernels(said))
    notices = (f"{name}: {note}" for name, said in parsed for note in _notices(said))
    names = (cut for _, said in parsed for cut in _cut_names(said))
    return replace(
        view,
        own=Table(("Provider", *_KERNEL_HEADER), tuple(dict.fromkeys(rows))),
        notices=(*view.notices, *dict.fromkeys(notices)),
        names=tuple(dict.fromkeys((*view.names, *names))),
    )


def without_library(result: Result | None) -> bool:
    """Whether the run is about an operator whose kernels no build stage makes."""
    return result is not None and bool(result.operator.name) and not result.operator.library


def _build(report: BuildReport) -> BuildView:
    parsed = [(c.arch, parse(c.log)) for c in report.compilations]
    compilations = tuple((c.arch, c.status.value, f"{c.seconds:.1f}") for c in report.compilations)
    failed = [c for c in report.compilations if c.status is not Status.OK]
    errors = tuple(f"{c.arch}: {first_error(c.log) or 'no error line'}" for c in failed)
    return BuildView(
        _build_headline(report),
        Table(("Arch", "Status", "Seconds"), compilations),
        Table(_KERNEL_HEADER, tuple(row for _, said in parsed for row in _kernels(said))),
        worst=_worst([kernel for _, said in parsed for kernel in said.kernels]),
        stubs=_stubs([kernel for _, said in parsed for kernel in said.kernels]),
        notices=tuple(f"{arch}: {note}" for arch, said in parsed for note in _notices(said)),
        errors=errors,
        names=tuple(dict.fromkeys(name for _, said in parsed for name in _cut_names(said))),
    )


def _cut_names(said: CompilerReport) -> list[tuple[str, str]]:
    return [(one.name, one.mangled) for one in said.kernels if "…" in one.name]


def _build_headline(report: BuildReport) -> str:
    nvcc = report.nvcc or "nvcc not found"
    if report.toolkit:
        nvcc += f" of {report.toolkit}"
    if report.host_compiler:
        nvcc += f", host compiler {report.host_compiler}"
    if report.flags:
        nvcc += f", with {' '.join(report.flags)}"
    if report.environment:
        nvcc += f", in force {' '.join(report.environment)}"
    if report.status is Status.OK:
        origin = "taken from the build cache" if report.cached else "built in this run"
        return f"{nvcc}; {origin}; build key {report.key or fmt.NONE}."
    return f"{nvcc}; build {report.status.value}: {report.reason or 'no reason given'}."


def _kernels(said: CompilerReport) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            kernel.arch,
            kernel.name,
            str(kernel.registers),
            f"{kernel.spill_store_bytes} / {kernel.spill_load_bytes}",
            str(kernel.stack_bytes),
            str(kernel.smem_bytes),
            str(kernel.barriers),
        )
        for kernel in said.kernels
        if not _is_stub(kernel)
    )


def _is_stub(kernel: KernelResources) -> bool:
    """Whether its body is empty, as that of a kernel for other architectures is: what remains takes
    two to four registers and nothing else."""
    others = (kernel.stack_bytes, kernel.smem_bytes, kernel.barriers)
    return kernel.registers <= _OF_STUB and not any(others)


def _worst(kernels: Iterable[KernelResources]) -> Table:
    """Of each kernel on each architecture the most that any of its variants takes, worst first."""
    groups: dict[tuple[str, str], list[KernelResources]] = {}
    for kernel in kernels:
        if not _is_stub(kernel):
            groups.setdefault((kernel.arch, _family(kernel)), []).append(kernel)
    ranked = sorted(groups.items(), key=lambda one: _badness(one[1]), reverse=True)
    return Table(_WORST_HEADER, tuple(_most(*key, each) for key, each in ranked))


def _family(kernel: KernelResources) -> str:
    return kernel.name.partition("<")[0]


def _badness(kernels: list[KernelResources]) -> tuple[int, int]:
    spilled = max(one.spill_store_bytes + one.spill_load_bytes for one in kernels)
    return spilled, max(one.registers for one in kernels)


def _most(arch: str, family: str, kernels: list[KernelResources]) -> tuple[str, ...]:
    worst = max(kernels, key=lambda one: (*_badness([one]), one.name))
    return (
        arch,
        worst.name if len(kernels) == 1 else f"{family}, {len(kernels)} variants",
        str(max(one.registers for one in kernels)),
        f"{worst.spill_store_bytes} / {worst.spill_load_bytes}",
        str(max(one.stack_bytes for one in kernels)),
        str(max(one.smem_bytes for one in kernels)),
        str(max(one.barriers for one in kernels)),
    )


def _stubs(kernels: Iterable[KernelResources]) -> tuple[str, ...]:
    """`attention_hopper on sm_80: 17`, of what is empty there."""
    found = Counter((_family(one), one.arch) for one in kernels if _is_stub(one))
    return tuple(f"{family} on {arch}: {number}" for (family, arch), number in found.items())


def _notices(said: CompilerReport) -> tuple[str, ...]:
    return tuple(
        f"{notice.code} {notice.text}{f' ({notice.kernel})' if notice.kernel else ''}"
        for notice in said.notices
    )


def _summary(view: BuildView) -> str:
    """What failed, else the worst, else the headline."""
    if view.errors:
        return f"Build: {view.errors[0]}"
    rows = (*view.worst.rows, *(row[1:] for row in view.own.rows))
    if not rows:
        return f"Build: {view.headline}"
    spills = [row for row in rows if row[_SPILLS] != _NO_SPILLS]
    most = max(int(row[_SPILLS - 1]) for row in rows)
    told = (
        f"{spills[0][1]} on {spills[0][0]} spills {spills[0][_SPILLS]} bytes"
        if spills
        else "no spills"
    )
    notices = f", {fmt.count(len(view.notices), 'notice')} of the compiler" if view.notices else ""
    return f"Build: {told}, {most} registers at the most{notices}"


def _answers(page: Page) -> bool:
    """Where nothing compiled, or nothing else was asked for."""
    result = page.result
    if result is None or result.build is None:
        return False
    only = set(result.request.stages) <= {Stage.BUILD}
    return only or result.build.status is not Status.OK


SECTION = Section(110, lambda page: build(page.result), _summary, answers=_answers)
