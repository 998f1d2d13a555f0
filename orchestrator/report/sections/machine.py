"""Sections on what ran where: environment, build, how to reproduce."""

from __future__ import annotations

from orchestrator.readers.ptxas import CompilerReport, first_error, parse
from orchestrator.report import format as fmt
from orchestrator.report.view import BuildView, EnvironmentView, ReproduceView, Table
from orchestrator.values.run import Run
from remote_payload.contract.layout import LOG, REQUEST, RESULT
from remote_payload.contract.machine import BuildReport, GpuState, Machine
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from remote_payload.stages import declaration

_GIB = 1 << 30
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
_UNTOLD = "not told"


def environment(run: Run) -> EnvironmentView:
    """The machine as it described itself, and what it cost."""
    machine = run.result.machine if run.result else None
    if run.result is None or machine is None:
        return EnvironmentView(False, _NO_TABLE, _NO_TABLE, _cost(run))
    facts = _facts(machine, _met_torch(run.result))
    return EnvironmentView(True, Table(("", ""), facts), _states(machine), _cost(run))


def _cost(run: Run) -> str:
    if run.price_problem:
        return f"not known, as its file is damaged: {run.price_problem}"
    return run.price.words if run.price else ""


def _met_torch(result: Result) -> bool:
    """Whether the payload looked for torch: a run that only builds does not."""
    return any(one.torch for one in declaration.asked(result.request))


def _facts(machine: Machine, met_torch: bool) -> tuple[tuple[str, str], ...]:
    gpu = machine.gpu or (_UNTOLD if machine.gpu_count else "none")
    if machine.gpu:
        gpu += f", {machine.sm_count or '?'} SMs, sm_{_digits(machine.compute_capability)}"
    threads = f", {machine.torch_threads} threads" if machine.torch_threads else ""
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
        "",
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


def build(result: Result | None) -> tuple[BuildView, ...]:
    """What the compiler said, per architecture; none where csrc/ is not built for the operator."""
    report = result.build if result else None
    if report is None and without_library(result):
        return ()
    return (_build(report),)


def without_library(result: Result | None) -> bool:
    """Whether the run is about an operator whose kernels no build stage makes."""
    return result is not None and bool(result.operator.name) and not result.operator.library


def _build(report: BuildReport | None) -> BuildView:
    if report is None:
        return BuildView("Nothing was built in this run.", _NO_TABLE, _NO_TABLE, (), ())
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


def reproduce(run: Run) -> ReproduceView:
    """The way back to the raw samples."""
    card, result = run.card, run.result
    digest = (result.build.library_digest if result and result.build else None) or fmt.NONE
    facts = [
        ("Run", card.run_id),
        ("Host (inventory name)", card.host),
        ("Snapshot of the sources", card.snapshot),
        *(() if without_library(result) else (("Library digest", digest),)),
        ("Created", card.created_at),
        ("Orchestrator", card.orchestrator_version),
    ]
    if result:
        facts += [("Started", result.started_at), ("Finished", result.finished_at)]
        facts += [("Seed", str(result.request.seed)), ("Schema", str(result.schema))]
    files = [("run.json", "the command's side of the run"), (REQUEST, "what was asked")]
    if result:
        files.append((RESULT, "facts and raw samples: every number above"))
    files.append((LOG, "the job's log"))
    rows = tuple((f"runs/{card.run_id}/{name}", what) for name, what in files)
    again = card.for_others().reproduce
    return ReproduceView(again, Table(("", ""), tuple(facts)), Table(("File", ""), rows))
