"""The section "Without counters": model and timing, where hardware counters could not be had."""

from __future__ import annotations

from orchestrator.performance.bottleneck.evidence import figure
from orchestrator.performance.bottleneck.occupancy import LIMITS
from orchestrator.performance.device import Device
from orchestrator.performance.practical import practical
from orchestrator.performance.roofline import BusyClock, Resource, busy_clock, roofs, special_roofs
from orchestrator.readers.sass import MachineCode, is_kernel
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.insight import Insight, row_of, said_of, telling
from orchestrator.report.section import Section
from orchestrator.report.traced import Traced, TracedKernel, record_of, traced
from orchestrator.report.view.sections import CountersView, UncountedCaseView, UncountedView
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract.case import Case
from remote_payload.contract.facts import CaseFacts
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Stage, Status

_FACTS = ("What", "Value", "From")
_KERNELS_SHOWN = 4
_OPCODES_SHOWN = 8
_NAME_LIMIT = 80
_WHO = {
    Resource.MMA_SYNC: "mma.sync, for kernels that use it",
    Resource.FP32: "FP32, for kernels without tensor cores",
}

Row = tuple[str, str, str]


def uncounted(
    figures: Figures | None, counters: CountersView, insight: Insight
) -> tuple[UncountedView, ...]:
    """The section; none where there are counters, on a CPU, and where nothing is known."""
    if figures is None or not figures.on_gpu or insight.calls:
        return ()
    case = telling(figures, insight)
    if case is None:
        return ()
    rows = [row for row in figures.rows if row.trusted and row.record.case == case]
    clock = _clock(rows, figures.device)
    names = [row.record.provider for row in rows]
    names += [record.provider for record in figures.result.traces if record.case == case]
    cases = (_case(name, case, figures, insight) for name in dict.fromkeys(names))
    return (
        UncountedView(
            reason=(counters.headline, *counters.failures),
            case=case.label,
            work=_work(figures.result.facts(case)),
            floors=_floors(case, figures, rows, clock),
            cases=tuple(cases),
            notes=_notes(figures.device, clock),
        ),
    )


def _work(facts: CaseFacts) -> str:
    work = facts.work
    if work is None:
        return "nobody knows how much work it is"
    parts = [f"{work.flop / 1e9:.4g} GFLOP"] if work.flop else []
    if work.exponentials:
        parts.append(f"{work.exponentials / 1e6:.4g} million exponentials")
    parts.append(f"{figure(work.traffic_bytes, 'byte')} to be moved at least")
    return ", ".join(parts) + (" (counted in the reference)" if work.counted else "")


def _clock(rows: list[Figure], device: Device | None) -> BusyClock | None:
    found = [busy_clock(row.record, device) for row in rows] if device else []
    return next((one for one in found if one is not None), None)


def _floors(case: Case, figures: Figures, rows: list[Figure], clock: BusyClock | None) -> Table:
    """Each resource's shortest time: documented, at the clock seen, and by measured ceilings."""
    device = figures.device
    if device is None:
        return Table((), ())
    method = rows[0].record.method if rows else Method.COLD
    facts = figures.result.facts(case)
    header = ["Resource", f"At documented peaks ({device.peak_mhz:g} MHz), µs"]
    columns = [_times(facts, device, method)]
    if clock is not None:
        header.append(f"At the clock seen ({clock.mhz:g} MHz), µs")
        columns.append(_times(facts, device.at(clock.mhz), method))
    measured = practical(figures.result, case)
    if measured:
        header.append("At ceilings measured here, µs")
        columns.append({one.resource: one.floor_us for one in measured})
    cells = tuple(
        (_WHO.get(resource, resource.value), *(_cell(column.get(resource)) for column in columns))
        for resource in columns[0]
    )
    return Table(tuple(header), cells)


def _times(facts: CaseFacts, device: Device, method: Method) -> dict[Resource, float]:
    every = (*roofs(facts, device, method), *special_roofs(facts, device))
    return {roof.resource: roof.floor_us for roof in every}


def _cell(value_us: float | None) -> str:
    return fmt.NONE if value_us is None else f"{value_us:.4g}"


def _case(name: str, case: Case, figures: Figures, insight: Insight) -> UncountedCaseView:
    run = traced(figures.result, name, case)
    rows = [*_timing(row_of(figures, name, case)), *_kernels(figures.result, name, case, run)]
    operator = figures.result.operator
    if name == operator.ours and operator.library:
        rows += _compiled(figures.result, run)
        rows += _machine_code(insight.machine_code, run, figures.result)
    return UncountedCaseView(f"{name} on {case.label}", Table(_FACTS, tuple(rows)))


def _timing(row: Figure | None) -> list[Row]:
    if row is None or row.summary is None:
        return []
    value = f"{fmt.with_interval(row.summary)} µs"
    matrix = row.facts.work is not None and row.facts.work.matrix
    if row.tflops is not None and matrix:
        value += f", {fmt.scaled(row.tflops, row.summary)} TFLOPS"
    if row.gbs is not None and not matrix:
        value += f", {fmt.scaled(row.gbs, row.summary)} GB/s of compulsory traffic"
    return [("One call", value, f"bench, {row.record.method.value}")]


def _kernels(result: Result, name: str, case: Case, run: Traced | None) -> list[Row]:
    if run is None:
        return [("Kernels", f"not known: {_why_untraced(result, name, case)}", fmt.NONE)]
    source = f"CUPTI through torch.profiler, median of {fmt.count(run.calls, 'call')}"
    per_call = sum(one.launches for one in run.kernels) / run.calls
    value = f"{figure(per_call, '')} in a call, {figure(run.call_us, 'µs')} together"
    rows = [("Kernels", value, source)]
    for one in run.kernels[:_KERNELS_SHOWN]:
        rows.append((_short(one.kernel.name), _geometry(one), source))
        rows += _filling(one, result)
    more = len(run.kernels) - _KERNELS_SHOWN
    return [*rows, ("", f"and {more} more", "")] if more > 0 else rows


def _why_untraced(result: Result, name: str, case: Case) -> str:
    record = record_of(result, name, case)
    if record is not None:
        return record.reason or record.status.value
    stage = next((one for one in result.stages if one.stage is Stage.TRACE), None)
    if stage is None:
        return "the stage trace did not run"
    return stage.reason or "it was not traced"


def _short(name: str) -> str:
    name = name.removeprefix("void ").partition("(")[0] or name
    return name if len(name) <= _NAME_LIMIT else f"{name[: _NAME_LIMIT - 1]}…"


def _geometry(one: TracedKernel) -> str:
    kernel = one.kernel
    parts = [figure(one.median_us, "µs")]
    for what, sizes in (("grid", kernel.grid), ("block", kernel.block)):
        parts.append(f"{what} {' × '.join(map(str, sizes)) if sizes else 'not told'}")
    registers = "not told" if kernel.registers is None else str(kernel.registers)
    shared = "not told" if kernel.shared_bytes is None else f"{kernel.shared_bytes:,} bytes"
    return ", ".join((*parts, f"registers {registers}", f"shared memory {shared}"))


def _filling(one: TracedKernel, result: Result) -> list[Row]:
    rows = []
    capability = result.machine.compute_capability if result.machine else None
    if one.resident is not None and capability is not None:
        blocks = fmt.count(one.resident.blocks, "block")
        value = (
            f"{blocks} on an SM, {one.resident.warps} of {LIMITS[capability].warps} warps "
            f"({figure(one.resident.percent, '%')}), limited by {one.resident.limited_by}"
        )
        rows.append(("Occupancy possible", value, f"computed, limits of {capability}"))
    if one.spread is not None:
        idle = f", {fmt.count(one.spread.idle_sms, 'SM')} without a block"
        value = f"{one.spread.count:.2f}; {figure(one.spread.percent, '%')} of the slots in use"
        value += idle if one.spread.idle_sms else ""
        rows.append(("Waves", value, "computed, grid / (SMs · blocks on an SM)"))
    return rows


def _compiled(result: Result, run: Traced | None) -> list[Row]:
    kernels, notices = said_of(result, run)
    if not kernels:
        return [("Compiler", "says nothing of the kernel that ran", fmt.NONE)]
    rows = [
        (
            kernel.name,
            f"{kernel.registers} registers, {kernel.spill_store_bytes} / {kernel.spill_load_bytes} "
            f"bytes of spill stores / loads, {kernel.smem_bytes:,} bytes of static shared memory"
            + "".join(f", {n.code}" for n in notices if n.mangled == kernel.mangled),
            f"ptxas, {kernel.arch}",
        )
        for kernel in kernels
    ]
    return _capped(rows)


def _machine_code(codes: tuple[MachineCode, ...], run: Traced | None, result: Result) -> list[Row]:
    if not codes:
        return [("Machine code", f"not known: {_why_unlisted(result)}", fmt.NONE)]
    names = [one.kernel.name for one in run.kernels] if run else []
    ran = [code for code in codes if any(is_kernel(code.mangled, name) for name in names)]
    return _capped([(code.name, _described(code), "cuobjdump") for code in ran or codes])


def _capped(rows: list[Row]) -> list[Row]:
    """No more rows than a reader takes in, and how many there are besides."""
    more = len(rows) - _KERNELS_SHOWN
    return [*rows[:_KERNELS_SHOWN], ("", f"and {more} more", "")] if more > 0 else rows


def _why_unlisted(result: Result) -> str:
    ran = [one for one in result.stages if one.status is not Status.SKIPPED]
    if all(one.stage is not Stage.TRACE for one in ran):
        return "the stage trace did not run"
    return "cuobjdump and nvdisasm were not to be had on the host; the log says more"


def _described(code: MachineCode) -> str:
    spills = f"{code.local_stores} / {code.local_loads} local stores / loads"
    text = f"{code.instructions:,} instructions, {spills}"
    if not code.loop:
        return f"{text}; no loop that multiplies matrices"
    mix = ", ".join(f"{opcode} {count}" for opcode, count in code.mix[:_OPCODES_SHOWN])
    return f"{text}; {code.loop} issue slots in a trip round the {code.tensor} loop: {mix}"


def _notes(device: Device | None, clock: BusyClock | None) -> tuple[str, ...]:
    if device is None:
        return ("No roof is known for this machine, so there are no floors.",)
    notes = [f"Peaks of {device.model}: {device.source}"]
    if device.unconfirmed:
        notes.append(f"Confirmed by no page or machine we have seen: {device.unconfirmed}.")
    if device.fp32_mhz and device.fp32_mhz != device.peak_mhz:
        notes.append(f"The peak of FP32 is documented at {device.fp32_mhz:g} MHz.")
    if clock is not None:
        notes.append(f"Clock: {clock.mhz:g} MHz, {clock.how}; HBM keeps its own.")
    else:
        notes.append("No clock was seen under load, so no floor is given for one.")
    return tuple(notes)


def _summary(view: UncountedView) -> str:
    return f"Without counters, from model and timing: {view.case}"


SECTION = Section(85, lambda page: uncounted(page.figures, page.counters, page.insight), _summary)
