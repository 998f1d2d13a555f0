"""Whatever is cut short is told: by the run while it goes on, in its result, in its report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.report.figures import figures
from orchestrator.report.sections.ground.method import method
from orchestrator.workflows.jobs.job_log import NOTES_SHOWN, JobLog, tail
from orchestrator.workflows.jobs.read_log import local_log
from remote_payload.contract.plans import BenchPlan, CeilingsPlan, NcuPlan, TracePlan
from remote_payload.contract.records import (
    BenchRecord,
    CeilingRecord,
    CheckRecord,
    Cut,
    CutlassReport,
    NcuRecord,
    NcuReport,
    ProofRecord,
    TraceRecord,
)
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import NOTE_MARK, Device, Method, Stage, Status
from remote_payload.operators.attention.definition import OPERATOR
from remote_payload.stages.ceilings import ceilings
from remote_payload.stages.cuts import after, of_cases
from remote_payload.stages.draft import Draft
from tests.payload.running import TINY, Finished, a_request, run_payload

WHEN = "2026-11-22T10:15:30Z"
BIG = TINY.at("B", 16).at("H", 96)


@pytest.fixture(scope="module")
def cut_short(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The real payload: 5000 rounds in a second, on a machine without the GPU that was hoped for."""
    request = a_request(
        Provider("sdpa"),
        cases=(BIG,),
        cpu_cases=(TINY,),
        device=Device.AUTO,
        bench=BenchPlan(rounds=5000, budget_s=1.0, starts=(2,)),
    )
    return run_payload(request, tmp_path_factory.mktemp("cut short"))


def test_rounds_that_were_cut_are_told_with_the_reason_and_what_lifts_it(
    cut_short: Finished,
) -> None:
    assert cut_short.result.status is Status.OK
    of_rounds = [one for one in cut_short.result.cuts if one.option == "--bench-budget"]
    assert {one.case.rpartition(", ")[2] for one in of_rounds} == {"back_to_back", "cold"}
    for one in of_rounds:
        timed = {record.method.value: record for record in cut_short.bench("sdpa")}
        taken = timed[one.case.rpartition(", ")[2]].starts[0]
        assert one.what.startswith(f"{taken} of 5000 rounds")
        assert one.why == "all timings together are to take 1 s"
        assert f"{NOTE_MARK}{one.words}\n" in cut_short.log


def test_shapes_and_methods_that_a_cpu_does_without_are_told(cut_short: Finished) -> None:
    words = [one.words for one in cut_short.result.cuts]
    assert (
        "check: batch 1 and heads 2 instead of batch 16 and heads 96, as there is no CUDA GPU here, "
        "and what was left open of the case is chosen for a CPU; lifted by --batch and --heads"
    ) in words
    assert (
        "bench: nothing is timed by the method graph, as it needs a CUDA GPU; no option lifts that"
    ) in words


def test_the_report_tells_every_cut(cut_short: Finished) -> None:
    notes = method(cut_short.result, figures(cut_short.result)).notes
    for one in cut_short.result.cuts:
        assert any(one.what in note and one.why in note for note in notes), one
    assert any("; lifted by --bench-budget." in note for note in notes)


class Watcher:
    """Whoever waits for a run, off a terminal."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        raise AssertionError("no progress is in these logs")

    def say(self, line: str) -> None:
        self.heard.append(line)


@pytest.mark.parametrize("watching", [False, True])
def test_whoever_waits_for_a_run_hears_of_its_cuts_and_of_nothing_else(
    tmp_path: Path, watching: bool
) -> None:
    watcher = Watcher()
    log = JobLog(tmp_path, watcher, watching)
    log.take(f"compiling\n{NOTE_MARK}468 of 5000 rounds\x1b[2J\n".encode())
    assert watcher.heard == [
        *(["compiling"] if watching else []),
        "note: 468 of 5000 rounds\\x1b[2J",
    ]
    assert list(local_log(tmp_path))[1] == "note: 468 of 5000 rounds\x1b[2J"
    assert tail(tmp_path).splitlines()[1] == "note: 468 of 5000 rounds\\x1b[2J"


def test_notes_without_end_do_not_fill_the_screen(tmp_path: Path) -> None:
    watcher = Watcher()
    JobLog(tmp_path, watcher, False).take(f"{NOTE_MARK}{'x' * 3000}\n".encode() * 500)
    assert len(watcher.heard) == NOTES_SHOWN + 1
    assert watcher.heard[-1].startswith("more notes stand in the log: ")
    assert max(map(len, watcher.heard[:-1])) == 1000


def a_result(request: Request, **facts: object) -> Result:
    result = Result(request, Status.FAILED, "interrupted", WHEN, WHEN)
    return replace(result, **facts)  # type: ignore[arg-type]


def words(stage: Stage, result: Result, folder: Path = Path()) -> list[str]:
    return [one.words for one in after(stage, result.request, result, folder)]


@pytest.mark.parametrize(
    ("stage", "facts", "told"),
    [
        (
            Stage.CHECK,
            {"checks": (CheckRecord("mine", TINY, Status.TIMEOUT),) * 2},
            "check, mine: it was stopped, as its limit is 60 s; lifted by --case-limit",
        ),
        (
            Stage.BENCH,
            {"bench": (BenchRecord("mine", TINY, Method.COLD, Status.TIMEOUT),)},
            "bench, mine: it was stopped, as its limit is 60 s; lifted by --case-limit",
        ),
        (
            Stage.NCU,
            {"ncu": NcuReport("2025.1", (NcuRecord("mine", TINY, Status.TIMEOUT),))},
            "ncu, mine: it was stopped, as its limit is 300 s; lifted by --ncu-limit",
        ),
        (
            Stage.PROVE,
            {"proofs": (ProofRecord("racecheck", Status.TIMEOUT),)},
            "prove, racecheck: it was stopped, as its limit is 120 s; lifted by --proof-limit",
        ),
        (
            Stage.CEILINGS,
            {"cutlass": CutlassReport(Status.TIMEOUT)},
            "ceilings, CUTLASS profiler: it was stopped, as its limit is 900 s; "
            "lifted by --cutlass-limit",
        ),
        (
            Stage.BENCH,
            {
                "stages": (StageReport(Stage.BENCH, Status.TIMEOUT, "late"),),
                "bench": (BenchRecord("mine", TINY, Method.COLD, Status.TIMEOUT),),
            },
            "bench: it was not done, as the run's time limit of 1800 s has passed; "
            "lifted by --time-limit",
        ),
        (
            Stage.TRACE,
            {"traces": (TraceRecord("mine", TINY, Status.OK),)},
            "trace: 1 of 2 cases, as one is enough beside proofs; lifted by leaving out --prove",
        ),
    ],
)
def test_what_struck_a_limit_is_told_with_the_option_that_lifts_it(
    stage: Stage, facts: dict[str, object], told: str
) -> None:
    request = a_request(
        cases=(TINY, BIG), time_limit_s=1800.0, trace=TracePlan((TINY,)), stages=(stage,)
    )
    assert words(stage, a_result(request, **facts)) == [told]


def test_ceilings_with_fewer_samples_or_a_smaller_product_are_told() -> None:
    few, whole = (1.0,) * 7, (1.0,) * ceilings.ROUNDS
    records = (
        CeilingRecord("copy", Status.OK, samples_us=few),
        CeilingRecord(ceilings.GEMM_FP32, Status.OK, samples_us=whole),
        CeilingRecord("exp", Status.SKIPPED),
    )
    request = a_request(ceilings=CeilingsPlan(), stages=(Stage.CEILINGS,))
    assert words(Stage.CEILINGS, a_result(request, ceilings=records)) == [
        "ceilings, copy: 7 of 20 samples, as each ceiling has seconds only; no option lifts that",
        "ceilings, gemm-fp32: M = N = K = 1024 instead of 4096, as a CPU needs seconds for more; "
        "no option lifts that",
    ]


def test_a_ceiling_cut_in_two_ways_tells_both_and_one_cut_twice_tells_the_last(
    tmp_path: Path,
) -> None:
    few = (CeilingRecord(ceilings.GEMM_FP32, Status.OK, samples_us=(1.0,) * 7),)
    request = a_request(ceilings=CeilingsPlan(), stages=(Stage.CEILINGS,))
    draft = Draft(request, tmp_path / "result.json")
    both = list(after(Stage.CEILINGS, request, a_result(request, ceilings=few), tmp_path))
    for cut in (*both, replace(both[0], what="8 of 20 samples")):
        draft.add_cut(cut)
    assert [cut.what for cut in draft.result.cuts] == [
        "M = N = K = 1024 instead of 4096",
        "8 of 20 samples",
    ]


def test_calls_shapes_and_providers_that_ncu_leaves_out_are_told(tmp_path: Path) -> None:
    header = '"ID","Process ID","Kernel Name"\n'
    (tmp_path / "full.csv").write_text(header + "".join(f'"{n}","1","k"\n' for n in range(3)))
    (tmp_path / "less.csv").write_text(header + '"0","1","k"\n')
    records = (
        NcuRecord("sparsek", TINY, Status.OK, artifacts=("full.csv", "gone.csv")),
        NcuRecord("sdpa", TINY, Status.OK, artifacts=("less.csv",)),
    )
    checks = tuple(CheckRecord(n, TINY, Status.OK) for n in ("sparsek", "sdpa", "sdpa-flash"))
    plan = NcuPlan(kernel_limit=3, cases=(TINY,), rivals=1)
    request = a_request(cases=(TINY, BIG), ncu=plan, stages=(Stage.NCU,))
    told = words(Stage.NCU, a_result(request, ncu=NcuReport("", records), checks=checks), tmp_path)
    assert told == [
        "ncu: 1 of 2 cases, as each call under ncu takes many passes, and the run takes times as "
        "well; lifted by the verb ncu with --heads",
        "ncu: 2 of 3 providers, as beside proofs ours, the user's own and the 1 fastest others are "
        "enough; lifted by leaving out --prove",
        f"ncu, sparsek on {TINY.label}: the first 3 kernels of the call; there may be more, as no "
        "more of one call are profiled; no option lifts that",
    ]


def test_where_all_was_done_nothing_is_told() -> None:
    request = a_request(cases=(TINY,), cpu_cases=(TINY,))
    assert of_cases(request, OPERATOR.facts) is None
    whole = a_result(
        request,
        checks=(CheckRecord("sdpa", TINY, Status.OK),),
        bench=(BenchRecord("sdpa", TINY, Method.COLD, Status.OK),),
        ncu=NcuReport("", (NcuRecord("sdpa", TINY, Status.OK),)),
        traces=(TraceRecord("sdpa", TINY, Status.OK),),
    )
    assert [words(stage, whole) for stage in Stage] == [[]] * len(Stage)
    assert Cut(Stage.BENCH, "", "a", "b").words == "bench: a, as b; no option lifts that"
