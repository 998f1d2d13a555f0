"""--require: 0 for a tier that is met, 1 for one that is missed, 6 for one that stays open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.performance.targets.judging import Outcome
from orchestrator.report.aims import aims, required
from orchestrator.report.figures import figures
from orchestrator.workflows.targets import tier_of
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Targets, Tier
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.report.synthetic import bench, case, check, gpu_machine, gpu_result, samples
from tests.targets.conftest import Stored
from tests.targets.starting import AIMS, judged_by, started, unstarted

OTHER_GPU = replace(AIMS, name="there", gpu="H200 SXM")
OTHER_CASE = replace(AIMS, name="longer", case=case(seq=4096))
BUILT_IN = "Tier 2"


def measured(*targets: Targets) -> Result:
    return judged_by(started(gpu_result()), *(targets or (AIMS,)))


def small(*targets: Targets) -> Result:
    """The same of one case by one method, which is quickly drawn."""
    result = measured(*targets)
    mine = (one for one in result.bench if one.case == case())
    bench_of = tuple(one for one in mine if one.method is AIMS.method)
    return replace(result, bench=bench_of, cases=(result.facts(case()),))


def without_ours(result: Result) -> Result:
    kept = tuple(one for one in result.bench if one.provider != "sparsek")
    return replace(result, bench=kept)


def cut_short(result: Result) -> Result:
    bench = tuple(replace(one, status=Status.TIMEOUT) for one in result.bench)
    return replace(result, bench=bench)


def with_mine(result: Result, pace: float) -> Result:
    """Beside ours a provider of the user's, `pace` times as slow."""
    of = case()
    mine = bench("mine", of, samples(283.4 * pace, 0.001, 20), starts=(2,) * 10)
    asked = (*result.request.providers, Provider("mine", "mine.py:f", required=True))
    return replace(
        result,
        bench=(*result.bench, mine),
        checks=(*result.checks, check("mine", of)),
        request=replace(result.request, providers=asked),
    )


Situation = tuple[Callable[[], Result], str, Outcome, str]
P, F, I, N = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.NOT_JUDGED  # noqa: E741
SITUATIONS: dict[str, Situation] = {
    "a tier that is met": (measured, "met", P, "sparsek on B=16 H=96 S=512"),
    "a tier that is missed": (measured, "missed", F, "sparsek on B=16 H=96"),
    "a limit within the interval": (
        measured,
        "open",
        I,
        "sparsek on B=16 H=96 S=512 D=64 fp16: the limit lies within",
    ),
    "one process start for all samples": (
        lambda: judged_by(unstarted(gpu_result()), AIMS),
        "met",
        I,
        "all samples came from one process start",
    ),
    "too few starts": (
        lambda: judged_by(started(gpu_result(), 20), AIMS),
        "missed",
        I,
        "at least 8 are needed",
    ),
    "another GPU": (
        lambda: replace(measured(), machine=gpu_machine(gpu="NVIDIA H200")),
        "met",
        N,
        "the targets are for H100 SXM, this is NVIDIA H200",
    ),
    "a slice of the GPU": (
        lambda: replace(measured(), machine=gpu_machine(sm_count=16)),
        "met",
        N,
        "this is a slice of NVIDIA H100 80GB HBM3, 16 of 132 SMs",
    ),
    "a case that was not timed": (
        lambda: measured(OTHER_CASE),
        "met",
        N,
        "the run did not time B=16 H=96 S=4096 D=64 fp16",
    ),
    "our kernel was not timed": (
        lambda: without_ours(measured()),
        "met",
        N,
        "sparsek was not timed on B=16 H=96 S=512 D=64 fp16 by back_to_back",
    ),
    "a provider that the run has not": (
        lambda: measured(replace(AIMS, provider="fa3")),
        "met",
        N,
        "fa3 was not timed on",
    ),
    "samples that were cut short": (
        lambda: cut_short(measured()),
        "missed",
        N,
        "sparsek on B=16 H=96 S=512 D=64 fp16: no trustworthy timing",
    ),
    "one for this GPU beside one for another": (
        lambda: measured(OTHER_GPU, AIMS),
        "met",
        P,
        "sparsek on B=16 H=96",
    ),
    "one for this case beside one that nobody asked for": (
        lambda: measured(OTHER_CASE, AIMS),
        "met",
        P,
        "sparsek on B=16 H=96",
    ),
    "one that is missed beside one that is met": (
        lambda: measured(AIMS, replace(AIMS, name="8 heads", case=case(8), provider="sdpa")),
        "met",
        F,
        "sdpa on B=16 H=8",
    ),
    "the user's own is judged, not ours": (
        lambda: with_mine(measured(), 1.2),
        "met",
        F,
        "mine on B=16 H=96",
    ),
    "ours is judged where the target names it": (
        lambda: with_mine(measured(replace(AIMS, provider="sparsek")), 1.2),
        "met",
        P,
        "sparsek",
    ),
    "the user's own meets it": (lambda: with_mine(measured(), 0.99), "met", P, "mine"),
    "what the operator says of itself": (
        lambda: started(gpu_result()),
        BUILT_IN,
        P,
        "sparsek",
    ),
    "what the operator says of itself is missed": (
        lambda: started(gpu_result()),
        "goal",
        F,
        "sparsek",
    ),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_becomes_of_a_tier_and_why(situation: str) -> None:
    made, text, outcome, said = SITUATIONS[situation]
    found = aims(figures(made()))
    tier = tier_of(text, [one.targets for one in found], "attention")
    became, why = required(found, tier)
    assert (became, said in why) == (outcome, True), why


@pytest.mark.parametrize(
    ("tier", "code", "said"),
    [
        ("met", 0, "\nmet: PASS: sparsek on B=16 H=96 S=512 D=64 fp16\n"),
        ("missed", 1, "\nerror: missed: FAIL: sparsek on B=16 H=96 S=512 D=64 fp16\n"),
        ("open", 6, "\nerror: open: INCONCLUSIVE: sparsek on B=16 H=96 S=512 D=64 fp16: the limit"),
    ],
)
def test_the_exit_code_tells_it_and_stderr_the_reason(
    offline: Stored, tier: str, code: int, said: str
) -> None:
    outcome = offline(small(), "report", "latest", "--require", tier)
    assert (outcome.code, said in f"\n{outcome.err}") == (code, True), outcome.err


@pytest.mark.parametrize(("tier", "code"), [("met", 0), ("missed", 1), ("open", 6)])
def test_beside_another_gate_a_tier_keeps_its_say(offline: Stored, tier: str, code: int) -> None:
    gates = ("--require", tier, "--fail-on-regression")
    assert offline(small(), "report", "latest", *gates).code == code


def test_what_is_slower_is_not_excused_by_a_tier_that_is_met_or_open(offline: Stored) -> None:
    slower = small(replace(AIMS, provider="sdpa", tiers=(Tier("met", 4.0, inclusive=True),)))
    bench_of = tuple(
        replace(one, samples_us=tuple(2 * us for us in one.samples_us))
        if one.provider == "sparsek"
        else one
        for one in slower.bench
    )
    gates = ("--require", "met", "--fail-on-regression")
    outcome = offline(replace(slower, bench=bench_of), "report", "latest", *gates)
    assert (outcome.code, "met: PASS: sdpa" in outcome.err) == (1, True), outcome.err


def test_a_run_that_failed_stays_failed_whatever_its_tiers(offline: Stored) -> None:
    failed = replace(small(), status=Status.FAILED, reason="check: sdpa is wrong")
    outcome = offline(failed, "report", "latest", "--require", "met")
    assert (outcome.code, "met: PASS" in outcome.err) == (1, True)


@pytest.mark.parametrize("tier", ["", "metal", "me"])
def test_a_tier_that_there_is_not_is_refused_with_those_there_are(tier: str) -> None:
    with pytest.raises(UsageError) as raised:
        tier_of(tier, (AIMS,), "attention")
    assert str(raised.value) == (
        f"--require: {tier!r} is no tier; the targets for attention have 'met', 'missed', 'open'"
    )
    assert raised.value.hint == "Those in force: orchestrator targets"


def test_a_run_without_targets_cannot_be_required_to_meet_one(offline: Stored) -> None:
    outcome = offline(judged_by(small()), "report", "latest", "--require", "met")
    assert outcome.code == 2
    assert "there are no targets for attention" in outcome.err


def test_the_outcome_stands_in_the_json_too(offline: Stored) -> None:
    outcome = offline(small(), "report", "latest", "--require", "MISSED", "--json")
    assert outcome.code == 1
    assert outcome.json["required"] == {
        "tier": "missed",
        "outcome": "FAIL",
        "reason": "sparsek on B=16 H=96 S=512 D=64 fp16",
    }
    (told,) = outcome.json["targets"]
    assert (told["name"], told["source"], told["judged"]) == ("mine", "targets.yaml", True)


FILE = """\
targets:
  later:
    operator: attention
    case: B=16,H=96,S=512,D=64
    dtype: fp16
    gpu: H100 SXM
    method: back_to_back
    unit: us/call
    tiers: {quick: < 280, slow: < 290, unreal: <= 100}
"""


def test_another_file_judges_a_stored_run_without_touching_its_own_report(
    offline: Stored, tmp_path: Path
) -> None:
    (tmp_path / "later.yaml").write_text(FILE)
    result = small()
    first = offline(result, "report", "latest", "--json")
    kept = Path(first.json["report"]).read_text()
    anew = ("report", "latest", "--targets", "later.yaml", "-o", "other.md")
    assert offline(None, *anew, "--require", "quick").code == 1
    again = offline(None, *anew, "--require", "slow")
    assert again.code == 0
    # What lies beyond a roof is told at reading and in the report, and nothing else is.
    beyond = "lies beyond the HBM roof of H100 SXM: 120 µs at its documented peak"
    assert f"later.yaml: later: unreal (at most 100.000 µs/call) {beyond}" in again.err
    assert "quick (" not in again.err
    shown = (tmp_path / "other.md").read_text()
    assert "later of later.yaml: attention, B=16 H=96 S=512 D=64 fp16, back_to_back" in shown
    assert "below 280.000 µs/call | 283.4 (" in shown
    assert f"- unreal {beyond}" in shown
    assert "quick lies" not in shown
    assert Path(first.json["report"]).read_text() == kept
    assert offline(None, "report", "latest", "--json").json["targets"] == first.json["targets"]


def test_another_file_needs_a_place_for_its_report(offline: Stored, tmp_path: Path) -> None:
    (tmp_path / "later.yaml").write_text(FILE)
    outcome = offline(small(), "report", "latest", "--targets", "later.yaml")
    assert outcome.code == 2
    assert "say with -o where" in outcome.err


def test_targets_of_a_users_own_operator_judge_what_its_file_brings() -> None:
    of = Case("layer.py", (("M", 4096),), DType.FP16)
    mine = replace(AIMS, case=Case("layer.py", (("M", 4096),), DType.FP16), whole_call=True)
    found = with_mine(gpu_result(), 1.0)
    facts = replace(found.operator, name="layer.py", targets=None, unit="µs")
    bench_of = tuple(replace(one, case=of) for one in found.bench if one.case == case())
    checks = tuple(replace(one, case=of) for one in found.checks if one.case == case())
    request = replace(found.request, cases=(of,), operator="layer.py", operator_target="x/layer.py")
    theirs = replace(
        found,
        request=replace(request, targets=(mine,)),
        operator=facts,
        bench=bench_of,
        checks=checks,
        cases=(replace(found.facts(case()), case=of, per=1),),
    )
    found_of = aims(figures(started(theirs)))
    assert required(found_of, "missed") == (F, "mine on M=4096 fp16")
