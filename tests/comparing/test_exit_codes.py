"""Every situation of docs/exit-codes.md, by the real command line over stored runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.cli.outcome import show
from orchestrator.errors import OrchestratorError
from orchestrator.report.figures import figures
from orchestrator.report.first.headline import headline, is_ok, undecided
from orchestrator.report.gates.gate import Policy
from orchestrator.report.render import Report
from orchestrator.report.view.report import ReportView
from orchestrator.report.view.tables import NO_TABLE
from orchestrator.values.run import Run
from orchestrator.workflows.publishing.publish import Published
from remote_payload.contract.machine import Compilation
from remote_payload.contract.records import ProofRecord
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import Method, Stage, Status
from tests.cli.comparing import AGAIN, MADE, NEW_CODE, store
from tests.comparing import runs as made
from tests.report import gone_wrong, synthetic
from tests.report.revisions import SAME, raced

PAGE = Path(__file__).parents[2] / "docs" / "exit-codes.md"
GATE = "--fail-on-regression"


@dataclass(frozen=True)
class Situation:
    """What a gate is asked and what it has to say. act: leaves the exit code."""

    sentence: str
    options: tuple[str, ...]
    code: int
    act: Callable[[Path, tuple[str, ...]], int]


def compare(
    after: Result | None,
    before: Result | None = None,
    earlier: int = made.EARLIER,
    references: tuple[str, str] = (MADE, AGAIN),
) -> Callable[[Path, tuple[str, ...]], int]:
    """`compare` over two stored runs, with earlier ones of the first one's code."""

    def act(root: Path, options: tuple[str, ...]) -> int:
        old = before or made.small()
        for number, one in enumerate(made.earlier(old, earlier)):
            store(root, f"202611{number + 2:02d}-101530-synthetic-profile", one.result)
        store(root, MADE, old)
        store(root, AGAIN, after, NEW_CODE)
        return run(["--runs", str(root / "runs"), "compare", *references, *options])

    return act


def report(result: Result) -> Callable[[Path, tuple[str, ...]], int]:
    bench = tuple(r for r in result.bench if (r.case, r.method) == (synthetic.case(8), Method.COLD))
    one_row = replace(result, bench=bench)  # which has few charts

    def act(root: Path, options: tuple[str, ...]) -> int:
        store(root, MADE, one_row)
        return run(["--runs", str(root / "runs"), "report", MADE, *options])

    return act


def came_to(result: Result, verb: str) -> Callable[[Path, tuple[str, ...]], int]:
    """What the verb makes of a run that has come home."""

    def act(root: Path, options: tuple[str, ...]) -> int:
        one: Run = synthetic.run(result, verb=verb)
        policy = Policy(allow_missing="--allow-missing" in options) if options else None
        derived = figures(result)
        drawn = Report(  # but for its page and charts, which take most of a report's time
            view=ReportView("", "", (), NO_TABLE, None, None, (), ()),
            charts=(),
            verdict=headline(one, derived),
            ok=is_ok(one, derived),
            undecided=undecided(one, derived),
            targets=[],
            counted=True,
            counters="",
        )
        try:
            return show(one, Published(root, drawn, root), as_json=False, gate=policy)
        except OrchestratorError as exc:
            return int(exc.exit_code)

    return act


def spilling(result: Result, stages: tuple[Stage, ...] | None = None) -> Result:
    """Its kernel keeps 8 KB more in local memory."""
    log = synthetic.PTXAS.replace("8 bytes spill stores", "8200 bytes spill stores")
    build = replace(
        synthetic.built(), compilations=(Compilation("sm_90a", "nvcc", Status.OK, 1.0, log),)
    )
    request = replace(result.request, stages=stages or result.request.stages)
    return replace(result, build=build, request=request)


def lost_row(result: Result) -> Result:
    gone = ("sparsek", synthetic.case(8), Method.COLD)
    kept = tuple(r for r in result.bench if (r.provider, r.case, r.method) != gone)
    return replace(result, bench=kept)


def open_row(result: Result) -> Result:
    """One row that nothing can be said of."""
    return made.where(result, 8, Method.COLD, lambda r: replace(r, starts=()))


def without(result: Result, provider: str) -> Result:
    return replace(
        result,
        bench=tuple(r for r in result.bench if r.provider != provider),
        checks=tuple(c for c in result.checks if c.provider != provider),
    )


def failing(result: Result) -> Result:
    checks = tuple(
        replace(c, status=Status.FAILED, reason="37 elements are wrong")
        if c.provider == "sparsek"
        else c
        for c in result.checks
    )
    bench = tuple(r for r in result.bench if r.provider != "sparsek")
    return replace(result, checks=checks, bench=bench)


def compiled_alone(result: Result) -> Result:
    stages = (StageReport(Stage.BUILD, Status.OK),)
    request = replace(result.request, stages=(Stage.BUILD,))
    return replace(result, request=request, bench=(), checks=(), stages=stages)


def ceilings_alone(copy: float) -> Result:
    request = replace(made.small().request, stages=(Stage.CEILINGS,))
    measured = (made.ceiling("copy", copy), made.ceiling("gemm-fp16", 6e14))
    return replace(
        made.small(), request=request, bench=(), checks=(), ceilings=measured, build=None
    )


def checked(status: Status) -> Result:
    result = made.small()
    request = replace(result.request, stages=(Stage.BUILD, Stage.CHECK))
    stages = (StageReport(Stage.BUILD, Status.OK), StageReport(Stage.CHECK, Status.OK))
    checks = tuple(replace(c, status=status, reason="needs a GPU") for c in result.checks)
    return replace(result, request=request, stages=stages, checks=checks, bench=())


def proven(status: Status) -> Result:
    result = made.small()
    request = replace(result.request, stages=(Stage.PROVE,))
    return replace(
        result,
        request=request,
        stages=(StageReport(Stage.PROVE, Status.OK),),
        checks=(),
        bench=(),
        build=None,
        proofs=(ProofRecord("conformance", status, "no GPU here"),),
    )


def skipping(result: Result) -> Result:
    """sparsek cannot run on one of the cases."""
    eight = ("sparsek", synthetic.case(8))
    checks = tuple(
        replace(c, status=Status.SKIPPED, reason="takes no 8 heads")
        if (c.provider, c.case) == eight
        else c
        for c in result.checks
    )
    bench = tuple(r for r in result.bench if (r.provider, r.case) != eight)
    return replace(result, checks=checks, bench=bench)


OTHER_GPU = replace(made.small(), machine=synthetic.gpu_machine(gpu="NVIDIA H200"))
OTHER_DRIVER = replace(made.small(), machine=synthetic.gpu_machine(driver="570.86"))
SITUATIONS = (
    Situation("`compare`: everything is slower", (), 0, compare(made.by(1.1))),
    Situation("`compare`: every row is SAME", (GATE,), 0, compare(made.small())),
    Situation("`compare`: a row is SLOWER", (GATE,), 1,
              compare(made.where(made.small(), 96, Method.COLD, lambda r: replace(r, samples_us=tuple(1.1 * us for us in r.samples_us))))),
    Situation("`compare`: every row is FASTER", (GATE,), 0, compare(made.by(0.9))),
    Situation("`compare`: a provider that was right is wrong now", (GATE,), 1, compare(failing(made.small()))),
    Situation("`compare`: the second run broke before it timed anything", (GATE,), 1, compare(gone_wrong.failed_build_result())),
    Situation("`compare`: only the baseline was timed in both", (GATE,), 6, compare(without(made.small(), "sparsek"))),
    Situation("`compare`: a row is not there any more", (GATE,), 6, compare(lost_row(made.small()))),
    Situation("`compare`: a row is not there any more", ("--allow-missing",), 0, compare(lost_row(made.small()))),
    Situation("`compare`: nothing at all is there any more", ("--allow-missing",), 6, compare(replace(made.small(), bench=(), checks=()))),
    Situation("`compare`: a row is SLOWER, another is not there any more", ("--allow-missing",), 1, compare(lost_row(made.by(1.1)))),
    Situation("`compare`: a row is SLOWER, another is not there any more", (GATE,), 1, compare(lost_row(made.by(1.1)))),
    Situation("`compare`: one row is INCONCLUSIVE, the others are SAME", (GATE,), 0, compare(open_row(made.small()))),
    Situation("`compare`: one row is INCONCLUSIVE, the others are SAME", ("--require-conclusive",), 6, compare(open_row(made.small()))),
    Situation("`compare`: every row is INCONCLUSIVE, as nothing tells how much runs differ", (GATE,), 6, compare(made.by(1.02), earlier=0)),
    Situation("`compare`: all samples came from one process start", (GATE,), 6,
              compare(replace(made.small(), bench=tuple(replace(r, starts=()) for r in made.small().bench)))),
    Situation("`compare`: 1.5 % slower, all of the interval", (GATE,), 1, compare(made.by(1.015))),
    Situation("`compare`: 1.5 % slower, all of the interval", ("--threshold", "3%"), 0, compare(made.by(1.015))),
    Situation("`compare`: the interval holds the threshold", ("--threshold", "1.5%"), 6, compare(made.by(1.015))),
    Situation("`compare`: 5 % slower, all of the interval", ("--threshold", "3%"), 1, compare(made.by(1.05))),
    Situation("`compare`: too few runs to be SAME, and less than the threshold slower", ("--threshold", "30%"), 0, compare(made.small(), earlier=0)),
    Situation("`compare`: the same, by two options", ("--threshold", "30%", "--require-conclusive"), 0, compare(made.small(), earlier=0)),
    Situation("`compare`: another model of GPU", (GATE,), 6, compare(OTHER_GPU)),
    Situation("`compare`: another driver", (GATE,), 6, compare(OTHER_DRIVER)),
    Situation("`compare`: a kernel spills now, and every row is SAME", (GATE,), 0, compare(spilling(made.small()))),
    Situation("`compare`: a kernel spills now, and a row is INCONCLUSIVE", (GATE,), 6, compare(open_row(spilling(made.small())))),
    Situation("`compare`: a kernel spills now, and nothing was timed in either run", (GATE,), 6,
              compare(compiled_alone(spilling(made.small())), compiled_alone(made.small()), earlier=0)),
    Situation("`compare`: ceilings alone, which agree within 5 %", (GATE,), 0, compare(ceilings_alone(2.95e12), ceilings_alone(3e12), earlier=0)),
    Situation("`compare`: ceilings alone, of which one is 10 % lower", (GATE,), 1, compare(ceilings_alone(2.7e12), ceilings_alone(3e12), earlier=0)),
    Situation("`compare`: a run with itself", (GATE,), 2, compare(made.small(), references=(MADE, MADE))),
    Situation("`compare`: the second run is not home", (GATE,), 2, compare(None)),
    Situation("`report`: ours is SLOWER than the baseline", (), 0, report(made.by(2.0))),
    Situation("`report`: ours is SLOWER than the baseline", (GATE,), 1, report(made.by(2.0))),
    Situation("`report`: ours is FASTER than the baseline", (GATE,), 0, report(made.small())),
    Situation("`report`: the run failed", (GATE,), 1, report(gone_wrong.failed_check_result())),
    Situation("`bench`: ours is SLOWER than the baseline", (), 0, came_to(made.by(2.0), "bench")),
    Situation("`bench`: ours is SLOWER than the baseline", (GATE,), 1, came_to(made.by(2.0), "bench")),
    Situation("`profile`: ours is FASTER than the baseline", (GATE,), 0, came_to(made.small(), "profile")),
    Situation("`profile`: ours was skipped on one case", (GATE,), 6, came_to(skipping(made.small()), "profile")),
    Situation("`profile`: ours was skipped on one case", ("--allow-missing",), 0, came_to(skipping(made.small()), "profile")),
    Situation("`bench`: ours is SLOWER than at the revision it was raced against", (GATE,), 1, came_to(raced(330.0, 300.0), "bench")),
    Situation("`bench`: ours is FASTER than at the revision it was raced against", (GATE,), 0, came_to(raced(270.0, 300.0), "bench")),
    Situation("`bench`: the sources at the revision are the same", (GATE,), 6, came_to(raced(300.0, 300.0, SAME), "bench")),
    Situation("`bench`: the sources at the revision are the same", (), 6, came_to(raced(300.0, 300.0, SAME), "bench")),
    Situation("`bench`: the baseline alone was timed", (GATE,), 6, came_to(without(made.small(), "sparsek"), "bench")),
    Situation("`bench`: nobody could be timed", (), 6, came_to(replace(made.small(), bench=()), "bench")),
    Situation("`check`: an output is wrong", (), 1, came_to(gone_wrong.failed_check_result(), "check")),
    Situation("`check`: every output is right", (), 0, came_to(checked(Status.OK), "check")),
    Situation("`check`: no case could run", (), 6, came_to(checked(Status.SKIPPED), "check")),
    Situation("`prove`: a proof was given", (), 0, came_to(proven(Status.OK), "prove")),
    Situation("`prove`: no proof could be given", (), 6, came_to(proven(Status.SKIPPED), "prove")),
)  # fmt: skip
IDS = [f"{one.sentence} {' '.join(one.options)}" for one in SITUATIONS]


@pytest.mark.parametrize("situation", SITUATIONS, ids=IDS)
def test_that_a_situation_has_its_exit_code(situation: Situation, tmp_path: Path) -> None:
    assert situation.act(tmp_path, situation.options) == situation.code


def test_that_the_page_tells_of_these_situations_and_no_others() -> None:
    rows = re.findall(r"^\| (`\w+`: .*) \| (.*) \| (\d) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    told = [
        (sentence, tuple(options.strip("`").split()), int(code)) for sentence, options, code in rows
    ]
    tried = [(one.sentence, one.options, one.code) for one in SITUATIONS]
    assert [(s, o if o != ("none",) else (), c) for s, o, c in told] == tried


def test_that_a_threshold_is_percent_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "a", "b", "--threshold", "0.02"]) == 2
    assert "'0.02': expected percent above 0 and up to 100, such as 2%" in capsys.readouterr().err
