"""Kernel times from torch.profiler: what is read, what is refused, and what no GPU gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_payload.compiling import disassembly
from remote_payload.contract.plans import TracePlan
from remote_payload.contract.records import CheckRecord, KernelTrace, TraceRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status
from remote_payload.operators.attention.definition import OPERATOR
from remote_payload.operators.setting import Setting
from remote_payload.processes.isolate import Deadline
from remote_payload.stages import scene
from remote_payload.stages.draft import Draft
from remote_payload.stages.trace import stage as stage_trace
from remote_payload.stages.trace import trace
from remote_payload.stages.trace.trace import SAW_NOTHING, Unreadable, kernels
from tests.payload.running import (
    ROOT,
    TINY,
    TINY_CAUSAL,
    a_request,
    misbehaving,
    read_result,
    run_payload,
)

# After the documented format, by hand: no GPU was there to record one.
BY_HAND = (Path(__file__).parent / "traces" / "by_hand.json").read_text()
CPU, FACTS = Setting("cpu", str(ROOT), 42), OPERATOR.facts


def test_a_trace_gives_each_launch_in_the_order_in_which_it_ran() -> None:
    reduction, flash, nameless = kernels(BY_HAND)
    assert flash == KernelTrace(
        "void flash_fwd_kernel<Flash_fwd_kernel_traits<64, 128, 64, 4> >(Flash_fwd_params)",
        366.528,
        (4, 16, 96),
        (128, 1, 1),
        232,
        66560,
    )
    assert reduction == KernelTrace("void lean_reduction<0>(float*)", 2.0, (1, 96, 16), None, 48)
    assert nameless == KernelTrace("(no name)", 3.5)


def test_a_bare_list_of_events_is_a_trace_too_and_an_empty_one_has_no_kernel() -> None:
    events = json.loads(BY_HAND)["traceEvents"]
    assert kernels(json.dumps(events)) == kernels(BY_HAND)
    assert kernels('{"traceEvents": []}') == ()


@pytest.mark.parametrize("text", ["", "{", "[1", "7", "{}", '{"traceEvents": {}}', "null"])
def test_what_is_no_trace_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="the trace"):
        kernels(text)


@pytest.mark.parametrize("duration", [None, 0, -1, "soon", True, float("nan"), float("inf")])
def test_a_launch_without_a_duration_refuses_the_trace_since_the_rest_is_too_little(
    duration: object,
) -> None:
    broken = json.loads(BY_HAND)
    broken["traceEvents"][4]["dur"] = duration
    with pytest.raises(Unreadable, match="no duration for void flash_fwd_kernel"):
        kernels(json.dumps(broken))


strange = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@given(grid=strange, block=strange, registers=strange, shared=strange)
def test_strange_facts_become_none_and_never_a_wrong_number(
    grid: object, block: object, registers: object, shared: object
) -> None:
    facts = {"grid": grid, "block": block, "registers per thread": registers}
    event = {"cat": "kernel", "name": "k", "dur": 1.0, "args": {**facts, "shared memory": shared}}
    (found,) = kernels(json.dumps({"traceEvents": [event]}))
    for sizes in (found.grid, found.block):
        assert sizes is None or (len(sizes) == 3 and min(sizes) > 0)
    for count in (found.registers, found.shared_bytes):
        assert count is None or count >= 0
    if found.registers is not None:
        assert float(str(registers)) == found.registers


def test_a_real_trace_from_a_cpu_holds_no_kernel_and_says_so_instead_of_zero() -> None:
    pytest.importorskip("torch")
    from remote_payload.stages.trace import trace_case

    record = trace_case.trace(Provider("sdpa"), TINY, CPU)
    assert (record.status, record.reason, record.kernels) == (Status.FAILED, SAW_NOTHING, ())
    assert record.calls == trace_case.CALLS


def checked(*names: str, emulated: bool = False) -> tuple[CheckRecord, ...]:
    return tuple(CheckRecord(n, TINY, Status.OK, emulated=emulated) for n in names)


def test_each_provider_has_a_process_of_its_own_and_a_crash_takes_nobody_else_along() -> None:
    pytest.importorskip("torch")
    crashing = misbehaving("exits_when_timed")
    providers = (crashing, Provider("sdpa"))
    seen: list[tuple[TraceRecord, ...]] = []
    request = a_request(*providers)
    records = trace.run(
        request, FACTS, CPU, Deadline(90), checked(crashing.name, "sdpa"), keep=seen.append
    )
    assert [(r.provider, r.status) for r in records] == [
        (crashing.name, Status.FAILED),
        ("sdpa", Status.FAILED),
    ]
    assert records[0].reason.startswith("crashed while being traced: the process ended")
    assert records[1].reason == SAW_NOTHING
    assert [len(some) for some in seen] == [1, 2]


def test_who_failed_the_check_or_was_emulated_is_not_traced(tmp_path: Path) -> None:
    checks = (*checked("sparsek", emulated=True), CheckRecord("sdpa", TINY, Status.FAILED))
    request = a_request(Provider("sdpa"), Provider("sparsek"))
    assert trace.run(request, FACTS, CPU, Deadline(5), checks, keep=lambda _: None) == ()


def test_only_the_shapes_of_the_plan_are_traced(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    cases = (TINY, TINY_CAUSAL)
    checks = tuple(CheckRecord("sdpa", case, Status.OK) for case in cases)
    request = a_request(Provider("sdpa"), cases=cases, trace=TracePlan((TINY_CAUSAL,)))
    records = trace.run(request, FACTS, CPU, Deadline(60), checks, keep=lambda _: None)
    assert [record.case for record in records] == [TINY_CAUSAL]


def test_on_a_cpu_the_stage_is_skipped_and_the_run_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    done = run_payload(a_request(stages=(Stage.CHECK, Stage.TRACE)), tmp_path)
    assert (done.exit_status, done.result.status) == (0, Status.OK), done.log
    stage = done.stage(Stage.TRACE)
    assert (stage.status, stage.reason) == (Status.SKIPPED, "no CUDA GPU")
    assert done.result.traces == ()


def staged(tmp_path: Path, time_limit_s: float) -> tuple[scene.Outcome, Result]:
    """The stage as it would run on a GPU's host, with providers that run on the CPU."""
    request = a_request(stages=(Stage.CHECK, Stage.TRACE))
    draft = Draft(request, tmp_path / "result.json")
    for record in checked("sdpa"):
        draft.add_check(record)
    deadline = Deadline(time_limit_s)
    place = scene.Scene(request, draft, ROOT, tmp_path, deadline, device="cuda")
    outcome = stage_trace.act(place)
    return outcome, read_result(tmp_path)


def test_a_trace_that_fails_or_comes_too_late_never_ends_the_run(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    late, _ = staged(tmp_path, 0.0)
    assert (late.status, late.ends_run) == (Status.TIMEOUT, False)
    import torch

    if torch.cuda.is_available():
        pytest.skip("here a trace does not fail")
    failed, result = staged(tmp_path, 60.0)
    assert (failed.status, failed.ends_run) == (Status.FAILED, False)
    assert result.traces[0].status is Status.FAILED


TOOLS = [str(place) for place in Path(sys.prefix).glob("lib/python*/site-packages/nvidia/cu*/bin")]


def test_the_machine_code_of_a_library_is_listed_beside_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join([*TOOLS, os.environ["PATH"]]))
    if which("nvcc") is None or which("cuobjdump") is None or which("nvdisasm") is None:
        pytest.skip("needs nvcc, cuobjdump and nvdisasm")
    source = tmp_path / "one.cu"
    source.write_text('extern "C" __global__ void twice(float* x) { x[threadIdx.x] *= 2; }\n')
    library = tmp_path / "one.so"
    build = [
        "nvcc",
        "-shared",
        "-Xcompiler",
        "-fPIC",
        "-arch=sm_90a",
        str(source),
        "-o",
        str(library),
    ]
    subprocess.run(build, check=True, capture_output=True)
    assert disassembly.disassemble(library, "sm_90a", tmp_path) is None
    assert "Function : twice" in (tmp_path / disassembly.FILE).read_text()
    library.write_bytes(b"no library")
    why = disassembly.disassemble(library, "sm_90a", tmp_path)
    assert why is not None
    assert why.startswith("cuobjdump failed")
    assert not (tmp_path / disassembly.FILE).exists()


def test_without_a_disassembler_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disassembly, "nvcc_places", lambda: (str(tmp_path),))
    why = disassembly.disassemble(tmp_path / "lib.so", "sm_90a", tmp_path)
    assert why is not None
    assert "no cuobjdump" in why
