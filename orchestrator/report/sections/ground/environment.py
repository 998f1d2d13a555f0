"""Where it ran, and what that cost."""

from __future__ import annotations

from orchestrator.report.section import Page, Section
from orchestrator.report.view.sections import EnvironmentView
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from orchestrator.values.run import Run
from remote_payload.contract.machine import GpuState, Machine
from remote_payload.contract.result import Result
from remote_payload.stages import declaration

_GIB = 1 << 30
_NO_TABLE = Table((), ())
_UNTOLD, _NO_GPU = "not told", "none"
_SUMMED_UP = ("Driver", "CUDA of torch", "torch")


def environment(run: Run) -> EnvironmentView:
    """The machine as it described itself, and what it cost."""
    machine = run.result.machine if run.result else None
    if run.result is None or machine is None:
        return EnvironmentView(False, _NO_TABLE, _NO_TABLE, _cost(run))
    facts = _facts(machine, _met_torch(run.result))
    return EnvironmentView(True, Table(("What", "Value"), facts), _states(machine), _cost(run))


def _cost(run: Run) -> str:
    if run.price_problem:
        return f"not known, as its file is damaged: {run.price_problem}"
    return run.price.words if run.price else ""


def _met_torch(result: Result) -> bool:
    """Whether the payload looked for torch: a run that only builds does not."""
    return any(one.torch for one in declaration.asked(result.request))


def _facts(machine: Machine, met_torch: bool) -> tuple[tuple[str, str], ...]:
    gpu = machine.gpu or (_UNTOLD if machine.gpu_count else _NO_GPU)
    if machine.gpu:
        gpu += f", {machine.sm_count or '?'} SMs, sm_{_digits(machine.compute_capability)}"
    threads = f", {fmt.count(machine.torch_threads, 'thread')}" if machine.torch_threads else ""
    no_torch, no_cuda = ("not found", "none") if met_torch else ("not looked for",) * 2
    memory = None if machine.memory_bytes is None else machine.memory_bytes / _GIB
    return (
        ("GPU", gpu),
        ("GPUs in the machine", str(machine.gpu_count)),
        ("Driver", machine.driver or (_UNTOLD if machine.gpu_count else "none")),
        ("CUDA of torch", machine.torch_cuda or no_cuda),
        ("nvcc", machine.nvcc or "not found"),
        ("torch", (machine.torch or no_torch) + threads),
        ("Python", machine.python),
        ("CPU", f"{machine.cpu}, {fmt.count(machine.cpu_count, 'core')}"),
        ("Memory", fmt.optional(memory, "GiB", 1)),
        ("System", machine.os),
        ("Machine digest", machine.hostname_digest),
        ("GPU digest", machine.gpu_uuid_digest or fmt.NONE),
    )


def _digits(capability: str | None) -> str:
    return (capability or "?").replace(".", "")


def _states(machine: Machine) -> Table:
    if machine.before is None and machine.after is None:
        return _NO_TABLE
    rows = tuple(
        (label, *_state(state))
        for label, state in (("before", machine.before), ("after", machine.after))
    )
    header = (
        "When",
        "SM clock",
        "Memory clock",
        "Power",
        "Power limit",
        "Temperature",
        "Throttle reasons",
        "Other processes",
    )
    return Table(header, rows)


def _state(state: GpuState | None) -> tuple[str, ...]:
    if state is None:
        return (fmt.NONE,) * 7
    return (
        fmt.optional(state.sm_clock_mhz, "MHz"),
        fmt.optional(state.memory_clock_mhz, "MHz"),
        fmt.optional(state.power_w, "W"),
        fmt.optional(state.power_limit_w, "W"),
        fmt.optional(state.temperature_c, "°C"),
        _UNTOLD if state.throttle_reasons is None else ", ".join(state.throttle_reasons) or "none",
        _UNTOLD if state.other_processes is None else str(state.other_processes),
    )


def _views(page: Page) -> tuple[EnvironmentView, ...]:
    view = environment(page.run)
    return (view,) if view.known or view.cost else ()


def _summary(view: EnvironmentView) -> str:
    facts = {row[0]: row[1] for row in view.facts.rows}
    if not facts:
        return "Environment: what it cost"
    where = facts["CPU" if facts["GPU"] == _NO_GPU else "GPU"]
    told = [where, *(f"{what} {facts[what]}" for what in _SUMMED_UP if facts[what] != _NO_GPU)]
    return f"Environment: {', '.join(told)}"


SECTION = Section(150, _views, _summary)
