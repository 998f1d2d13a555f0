"""What was built, and what the compiler said."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.readers.ptxas import CompilerReport, first_error, parse
from orchestrator.report.comparing.builds import CHANGES, against_revision, knows_revision
from orchestrator.report.section import Section
from orchestrator.report.view import BuildView, Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract.machine import BuildReport
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status

_KERNEL_HEADER = (
    "Arch",
    "Kernel",
    "Registers",
    "Spill stores / loads (bytes)",
    "Stack (bytes)",
    "Static smem (bytes)",
    "Barriers",
)
_NO_TABLE = Table((), ())


def build(result: Result | None) -> tuple[BuildView, ...]:
    """What the compiler said; none where nothing of the run is compiled."""
    if result is None:
        return (_build(None),)
    if result.build is not None or not without_library(result):
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


def _build(report: BuildReport | None) -> BuildView:
    if report is None:
        return BuildView("Nothing was built in this run.", _NO_TABLE, _NO_TABLE)
    parsed = [(c.arch, parse(c.log)) for c in report.compilations]
    compilations = tuple((c.arch, c.status.value, f"{c.seconds:.1f}") for c in report.compilations)
    failed = [c for c in report.compilations if c.status is not Status.OK]
    errors = tuple(f"{c.arch}: {first_error(c.log) or 'no error line'}" for c in failed)
    return BuildView(
        _build_headline(report),
        Table(("Arch", "Status", "Seconds"), compilations),
        Table(_KERNEL_HEADER, tuple(row for _, said in parsed for row in _kernels(said))),
        tuple(f"{arch}: {note}" for arch, said in parsed for note in _notices(said)),
        errors,
        tuple(dict.fromkeys(name for _, said in parsed for name in _cut_names(said))),
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
    )


def _notices(said: CompilerReport) -> tuple[str, ...]:
    return tuple(
        f"{notice.code} {notice.text}{f' ({notice.kernel})' if notice.kernel else ''}"
        for notice in said.notices
    )


SECTION = Section(130, lambda page: build(page.result))
