"""The second best: a section from model, timing, trace, compiler and machine code."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.bottleneck.evidence import CallEvidence
from orchestrator.readers.sass import MachineCode
from orchestrator.report.figures import figures
from orchestrator.report.insight import NO_INSIGHT, Insight
from orchestrator.report.render import render
from orchestrator.report.sections.causes.uncounted import uncounted
from orchestrator.report.view.sections import NO_COUNTERS, UncountedView
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import Stage, Status
from tests.report import synthetic, traces
from tests.report.reading import part

CODE = MachineCode(
    "_ZN7sparsek7forwardILi64ELb0EEEvPf", 2210, 0, 0, "HGMMA", 352, (("FFMA", 96), ("MUFU", 64))
)


def view(result: Result, insight: Insight = NO_INSIGHT) -> UncountedView:
    (found,) = uncounted(figures(result), NO_COUNTERS, insight)
    return found


def facts(found: UncountedView, provider: str) -> dict[str, tuple[str, str]]:
    (case,) = [case for case in found.cases if case.case.startswith(f"{provider} on ")]
    return {what: (value, source) for what, value, source in case.facts.rows}


def column(found: UncountedView, title: str) -> dict[str, str]:
    (place,) = [n for n, name in enumerate(found.floors.header) if name.startswith(title)]
    return {row[0].partition(",")[0]: row[place] for row in found.floors.rows}


def test_a_traced_kernel_stands_with_its_geometry_occupancy_and_waves() -> None:
    rows = facts(view(traces.result()), "sdpa")
    source = "CUPTI through torch.profiler, median of 2 calls"
    assert rows["Kernels"] == ("1 in a call, 360 µs together", source)
    name = "flash_fwd_kernel<Flash_fwd_kernel_traits<64, 128, 64, 4> >"
    assert rows[name][0] == (
        "360 µs, grid 4 × 16 × 96, block 128 × 1 × 1, registers 232, shared memory 66,560 bytes"
    )
    assert rows["Occupancy possible"][0] == (
        "2 blocks on an SM, 8 of 64 warps (12.5 %), limited by registers"
    )
    assert rows["Waves"][0] == "23.27; 97 % of the slots in use"


def test_what_the_trace_does_not_tell_is_not_computed() -> None:
    bare = replace(traces.FLASH, registers=None, grid=None)
    rows = facts(view(traces.result(traces.trace("sdpa", bare))), "sdpa")
    assert "Occupancy possible" not in rows
    assert "Waves" not in rows
    assert "grid not told" in next(v for k, (v, _) in rows.items() if k.startswith("flash"))


def test_several_kernels_of_a_call_add_up_by_their_own_medians() -> None:
    small = replace(traces.FLASH, name="reduce", duration_us=8.0)
    rows = facts(view(traces.result(traces.trace("sdpa", small, traces.FLASH))), "sdpa")
    assert rows["Kernels"][0] == "2 in a call, 368 µs together"


def test_why_there_is_no_trace_is_told() -> None:
    failed = traces.trace(
        "sdpa", status=Status.FAILED, reason="torch.profiler saw no kernel", kernels=()
    )
    assert facts(view(traces.result(failed)), "sdpa")["Kernels"][0] == (
        "not known: torch.profiler saw no kernel"
    )
    assert facts(view(synthetic.gpu_result()), "sdpa")["Kernels"][0] == (
        "not known: the stage trace did not run"
    )
    late = StageReport(Stage.TRACE, Status.TIMEOUT, "the run's time limit has passed")
    result = replace(synthetic.gpu_result(), stages=(late,))
    assert "time limit" in facts(view(result), "sdpa")["Kernels"][0]


def test_compiler_and_machine_code_speak_of_ours_alone() -> None:
    other = replace(CODE, mangled="_ZN7sparsek7forwardILi128ELb0EEEvPf")
    found = view(traces.result(), Insight(machine_code=(other, CODE)))
    rows = [row for case in found.cases if "sparsek" in case.case for row in case.facts.rows]
    assert (
        "forward<64, 0>",
        "168 registers, 8 / 12 bytes of spill stores / loads, 1,024 bytes of static shared memory, "
        "C7510",
        "ptxas, sm_90a",
    ) in rows
    (code,) = [row for row in rows if row[2] == "cuobjdump"]
    assert code[0] == "forward<64, 0>"
    assert "352 issue slots in a trip round the HGMMA loop: FFMA 96, MUFU 64" in code[1]
    assert "ptxas" not in str(facts(found, "sdpa"))


def test_what_a_section_has_no_room_for_is_counted() -> None:
    codes = tuple(replace(CODE, mangled=f"{CODE.mangled}{n}") for n in range(6))
    found = view(traces.result(), Insight(machine_code=codes))
    rows = [row for case in found.cases if "sparsek" in case.case for row in case.facts.rows]
    assert len([row for row in rows if row[2] == "cuobjdump"]) == 4
    assert ("", "and 2 more", "") in rows


def test_without_a_disassembler_that_is_said() -> None:
    rows = facts(view(traces.result()), "sparsek")
    assert rows["Machine code"][0].startswith("not known: cuobjdump and nvdisasm were not")


def test_the_floors_stand_at_documented_peaks_at_the_clock_seen_and_at_measured_ceilings() -> None:
    found = view(traces.result(ceilings=traces.CEILINGS))
    documented = column(found, "At documented peaks (1830 MHz)")
    assert documented["HBM"] == "120.1"
    assert documented["tensor"] == documented["exp"] == "104.2"
    assert documented["mma.sync"] == "156.3"
    seen = column(found, "At the clock seen (1755 MHz)")
    assert (seen["HBM"], seen["tensor"]) == ("120.1", "108.6")
    measured = column(found, "At ceilings measured here")
    assert measured["HBM"] == "134.2"
    assert measured["L2"] == "—"
    assert "Clock: 1755 MHz, sampled at the end of the race, drawing 512 W" in found.notes[-1]


def test_a_clock_from_an_idle_gpu_gives_no_column() -> None:
    result = synthetic.gpu_result()
    idle = synthetic.state(power_w=90.0)
    bench = tuple(replace(record, after=idle) for record in result.bench)
    found = view(replace(result, bench=bench))
    assert len(found.floors.header) == 2
    assert "No clock was seen under load" in found.notes[-1]


def test_an_unconfirmed_figure_is_named() -> None:
    machine = synthetic.gpu_machine(gpu="NVIDIA H200")
    found = view(replace(synthetic.gpu_result(), machine=machine))
    assert found.notes[1] == "Confirmed by no page or machine we have seen: an L2 of 60 MB."


def test_with_counters_and_on_a_cpu_there_is_no_such_section() -> None:
    counted = Insight((CallEvidence("sdpa", synthetic.case(), ()),))
    assert uncounted(figures(synthetic.gpu_result()), NO_COUNTERS, counted) == ()
    assert uncounted(figures(synthetic.cpu_result()), NO_COUNTERS, NO_INSIGHT) == ()
    assert uncounted(None, NO_COUNTERS, NO_INSIGHT) == ()


def test_the_reason_and_what_would_allow_counters_open_the_section() -> None:
    denied = replace(
        NO_COUNTERS,
        headline="Not measured: counters denied.",
        failures=("Counters denied: sdpa. NVreg_RestrictProfilingToAdminUsers=0",),
    )
    section = part(
        render(synthetic.run(traces.result()), denied).markdown,
        "Without counters, from model and timing: ",
    )
    assert section.splitlines()[2:4] == [
        "Not measured: counters denied.",
        "Counters denied: sdpa. NVreg_RestrictProfilingToAdminUsers=0",
    ]


def test_an_unknown_gpu_has_facts_but_no_floors() -> None:
    machine = synthetic.gpu_machine(gpu="NVIDIA Unheard Of", compute_capability="9.9")
    found = view(traces.result(machine=machine))
    assert found.floors.rows == ()
    assert "Occupancy possible" not in facts(found, "sdpa")
    assert "One call" in facts(found, "sdpa")
