"""Build csrc/ on a host as a job of its own, and say in a few lines what the compiler said."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.readers import ptxas
from orchestrator.sync import left_at_home
from orchestrator.values.run import Run
from orchestrator.workflows.jobs.errand import Errand
from orchestrator.workflows.jobs.run_job import run_job
from orchestrator.workflows.profile import Order, new_card, revisions_of
from remote_payload.contract.machine import BuildReport
from remote_payload.contract.words import Status


@dataclass(frozen=True)
class Built:
    """The stored run, one line per fact for people, and whether the kernel compiled.

    A host without nvcc compiles nothing and fails nothing: lines say so, and compiled is False.
    """

    run: Run
    lines: tuple[str, ...]
    ok: bool
    compiled: bool = False


def build(errand: Errand, order: Order, snapshot: str) -> Built:
    """Run the build stage on the snapshot that lies on the host; a hit in its cache is quick."""
    request = replace(order.plan.request, snapshot=snapshot)
    known = revisions_of(order)
    card = new_card(order.verb, errand.host, snapshot, order.reproduce, known, order.tags)
    run = run_job(errand, card, request)
    if run.result is None:
        how = run.end.words if run.end else "left no result"
        return Built(run, (f"the build {how}",), ok=False)
    report = run.result.build
    if report is None:
        return Built(run, (run.result.reason,), ok=False)
    at_home = left_at_home.explain(order.root, report, order.plan.extra)
    lines = (*_lines(report), *((at_home,) if at_home else ()))
    ok, compiled = report.status is not Status.FAILED, report.status is Status.OK
    return Built(run, lines, ok, compiled)


def _lines(report: BuildReport) -> tuple[str, ...]:
    if report.status is not Status.OK:
        return (f"build {report.status.value}: {report.reason}",)
    cached = " (cached)" if report.cached else ""
    lines = [f"build ok{cached}: {report.nvcc or 'nvcc'}, key {report.key[:12]}"]
    if report.toolkit:
        host_compiler = f"; {report.host_compiler}" if report.host_compiler else ""
        lines.append(f"  {report.toolkit}{host_compiler}")
    lines += [f"  in force: {variable}" for variable in report.environment]
    for compilation in report.compilations:
        kernels = ptxas.parse(compilation.log).kernels
        registers = max((kernel.registers for kernel in kernels), default=0)
        spilled = sum(kernel.spill_store_bytes + kernel.spill_load_bytes for kernel in kernels)
        lines.append(
            f"  {compilation.arch}: {len(kernels)} kernels, at most {registers} registers, "
            f"{spilled} bytes spilled, {compilation.seconds:.1f} s"
        )
    return tuple(lines)
