"""A report on a race between two revisions of the same code, and what gates make of it."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import pytest

from orchestrator.errors import ExitCode
from orchestrator.performance.objections.look_alikes import look_alikes
from orchestrator.report.comparing.comparison import Side, compare
from orchestrator.report.figures import figures
from orchestrator.report.first.headline import headline, undecided
from orchestrator.report.gates.gate import Claim, Policy
from orchestrator.report.gates.one_run import ruling
from orchestrator.report.render import render
from orchestrator.report.sections.findings.beside import standing
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status
from tests.comparing.test_builds import FITS, SPILLS, of_user
from tests.report.revisions import SAME, TWIN, built_as, raced
from tests.report.synthetic import bench, case, check, run, samples


def first_line(result: Result) -> str:
    return headline(run(result), figures(result))


@pytest.mark.parametrize(
    ("now_us", "words", "code"),
    [
        (330.0, "sparsek is SLOWER than at HEAD~1, raced in one run, on", ExitCode.GATE_FAILED),
        (270.0, "sparsek is FASTER than at HEAD~1, raced in one run, on", ExitCode.OK),
        (300.3, "sparsek is the SAME as at HEAD~1, raced in one run, on", ExitCode.OK),
    ],
)
def test_that_the_first_line_says_what_a_change_did_and_gates_go_by_it(
    now_us: float, words: str, code: ExitCode
) -> None:
    result = raced(now_us, 300.0)
    assert first_line(result).startswith(words)
    assert ruling(run(result), Policy()).answer.exit_code is code
    assert undecided(run(result), figures(result)) == ""


def test_that_what_cannot_be_decided_is_not_called_a_race_that_was_won() -> None:
    result = raced(300.3, 300.0)
    short = tuple(replace(r, starts=(sum(r.starts),)) for r in result.bench)
    line = first_line(replace(result, bench=short))
    assert line.startswith("sparsek is INCONCLUSIVE against HEAD~1, raced in one run, on")


def test_that_the_results_say_who_was_raced_against_what_and_that_it_counts() -> None:
    page = unescape(render(run(raced(330.0, 300.0))).markdown)
    assert "Speed-up against its own baseline" in page
    assert (
        f"sparsek with {TWIN}: raced in one run against the sources at HEAD~1, by which a change "
        "is judged; what two separate runs say counts less; everybody else with sdpa."
    ) in page


def test_that_a_revision_is_no_rival_and_no_copy_of_itself() -> None:
    result = raced(300.0, 250.0)
    rows = {row.record.provider: row for row in figures(result).rows}
    assert rows[TWIN].against is not None, "that of before is still compared with the baseline"
    assert not list(look_alikes(result))
    found = standing(figures(result))
    assert found is not None
    assert [place.provider for place in found.places if place.is_best] == ["sdpa"]
    assert [row.provider for row in ruling(run(result), Policy()).slower] == ["sparsek"]


def test_that_the_same_sources_in_both_are_told_and_no_gate_is_green() -> None:
    result = raced(300.0, 300.0, absent=SAME)
    line = first_line(result)
    assert line.startswith("NOTHING RACED: sparsek takes")
    assert f"not raced against HEAD~1: {SAME}" in line
    why = f"sparsek was not raced against HEAD~1: {SAME}"
    assert undecided(run(result), figures(result)) == f"nothing was raced: {why}"
    found = ruling(run(result), Policy())
    assert found.answer.exit_code is ExitCode.UNDECIDED
    assert found.undecided == (
        f"nothing decided: nothing was raced against HEAD~1; missing now: {why}"
    )
    page = unescape(render(run(result)).markdown)
    assert f"sparsek: not raced against HEAD~1: {SAME}." in page


def test_that_one_that_could_not_be_raced_is_missing_beside_one_that_was() -> None:
    result = raced(270.0, 300.0)
    mine = Provider("mine", "mine.py:f", True, against="mine@1a2b3c4")
    twin = Provider("mine@1a2b3c4", "mine.py:f", absent=SAME)
    asked = replace(result.request, providers=(*result.request.providers, mine, twin))
    records = (*result.bench, bench("mine", case(), samples(500.0)))
    skipped = check(twin.name, case(), status=Status.SKIPPED, reason=SAME, error=None)
    checks = (*result.checks, check("mine", case()), skipped)
    both = replace(result, request=asked, bench=records, checks=checks)
    assert ruling(run(both), Policy()).answer.exit_code is ExitCode.UNDECIDED
    assert ruling(run(both), Policy(allow_missing=True)).answer.exit_code is ExitCode.OK
    assert "mine takes" in first_line(both)


def test_that_one_of_the_users_own_can_be_the_baseline() -> None:
    result = raced(330.0, 300.0)
    other = Provider("other", "other.py:f", required=True)
    asked = replace(
        result.request, providers=(Provider("sparsek"), other), against="", baseline="other"
    )
    records = tuple(
        replace(r, provider="other") if r.provider == "sdpa" else r
        for r in result.bench
        if r.provider != TWIN
    )
    checks = (check("other", case()), check("sparsek", case()))
    judged = replace(
        result,
        request=asked,
        bench=records,
        checks=checks,
        operator=result.operator.judged_by("other"),
    )
    assert first_line(judged).startswith("sparsek is FASTER than other on")
    assert ruling(run(judged), Policy()).answer.exit_code is ExitCode.OK
    assert "Speed-up against other" in render(run(judged)).markdown


@pytest.mark.parametrize(
    ("absent", "digest", "words", "why"),
    [
        ("", "other", "sparsek has the bits of HEAD~1 on 0 of 1", ""),
        ("", "", "sparsek has the bits of HEAD~1 on 1 of 1", ""),
        (SAME, "", f"sparsek at HEAD~1: {SAME}", f"not compared with HEAD~1: {SAME}"),
    ],
)
def test_that_a_check_says_whether_both_have_the_same_bits(
    absent: str, digest: str, words: str, why: str
) -> None:
    result = raced(330.0, 300.0, absent)
    asked = replace(result.request, stages=(Stage.BUILD, Stage.CHECK))
    checks = tuple(
        replace(one, output_digest=digest) if digest and one.provider == TWIN else one
        for one in result.checks
    )
    stages = tuple(one for one in result.stages if one.stage is not Stage.BENCH)
    checked = replace(result, request=asked, bench=(), checks=checks, stages=stages)
    assert f"; {words}; nothing was timed." in first_line(checked)
    told = undecided(run(checked), figures(checked))
    assert told == (f"nothing was raced: sparsek was {why}" if why else "")


def test_that_compare_does_not_miss_a_revision_that_another_run_was_raced_against() -> None:
    before, after = raced(300.3, 300.0), raced(300.3, 300.0)
    plain = replace(
        after,
        request=replace(after.request, providers=after.request.providers[:1], against=""),
        bench=tuple(r for r in after.bench if r.provider != TWIN),
        checks=tuple(c for c in after.checks if c.provider != TWIN),
    )
    second = run(plain)
    second = replace(second, card=replace(second.card, run_id=f"{second.card.run_id}-2"))
    found = compare(Side(run(before)), Side(second))
    assert not found.lost
    assert [row.provider for row in found.rows] == ["sparsek"]


def built(result: Result, before: str, now: str) -> Result:
    return replace(result, build_before=built_as(before), build=built_as(now))


def test_that_a_spill_against_the_revision_is_in_the_first_line_and_in_a_table() -> None:
    report = render(run(built(raced(270.0, 300.0), FITS, SPILLS)))
    told = "SPILLS: attend (sm_90a): bytes of spill stores 0 before, 9328 now, and 1 more. sparsek"
    assert report.verdict.startswith(told)
    page = unescape(report.markdown)
    assert "Against HEAD~1, as the compiler says:" in page
    assert "| sm_90a | attend | bytes of spill stores | 0 | 9328 | SPILLS |" in page


def test_that_a_build_like_that_of_the_revision_is_told_as_such() -> None:
    report = render(run(built(raced(270.0, 300.0), SPILLS, SPILLS)))
    assert "SPILLS: " not in report.verdict
    assert "The compiler says the same of HEAD~1." in unescape(report.markdown)
    gone = render(run(built(raced(270.0, 300.0), SPILLS, FITS)))
    assert "SPILLS: " not in gone.verdict


OF_USER = "mine@1a2b3c4"


def users(now_us: float, before: str, now: str) -> Result:
    """A user's own file raced against itself at HEAD~1, and our kernel left out."""
    result = raced(now_us, 300.0)
    mine = Provider("mine", "k.cu:f", True, against=OF_USER)
    asked = replace(
        result.request, providers=(Provider("sdpa"), mine, Provider(OF_USER, "before/k.cu:f"))
    )
    names = {"sparsek": "mine", TWIN: OF_USER}
    records = tuple(replace(r, provider=names.get(r.provider, r.provider)) for r in result.bench)
    checks = tuple(replace(c, provider=names.get(c.provider, c.provider)) for c in result.checks)
    result = replace(result, request=asked, bench=records, checks=checks)
    return of_user(now, result=of_user(before, provider=OF_USER, result=result))


def test_that_what_a_users_file_spills_against_the_revision_is_told_and_counts() -> None:
    report = render(run(users(270.0, FITS, SPILLS)))
    assert report.verdict.startswith("SPILLS: attend (mine, sm_90a): bytes of spill stores 0 be")
    page = unescape(report.markdown)
    assert "| mine, sm_90a | attend | bytes of spill stores | 0 | 9328 | SPILLS |" in page
    assert "| mine | sm_90a | attend | 255 | 9328 / 9720 | 5016 | 0 | 1 |" in page
    assert f"| {OF_USER} | sm_90a |" not in page
    (row,) = rule_of(users(270.0, FITS, SPILLS))
    assert row.spills
    (fits,) = rule_of(users(270.0, SPILLS, SPILLS))
    assert not fits.spills
    assert "The compiler says the same of HEAD~1." in unescape(
        render(run(users(270.0, FITS, FITS))).markdown
    )


def rule_of(result: Result) -> tuple[Claim, ...]:
    """The rows that a gate judges, all of them open."""
    short = tuple(replace(r, starts=(sum(r.starts),)) for r in result.bench)
    return ruling(run(replace(result, bench=short)), Policy()).open_rows


@pytest.mark.parametrize(
    ("now_us", "before", "code"),
    [
        (270.0, FITS, ExitCode.OK),
        (300.3, FITS, ExitCode.OK),
        (330.0, FITS, ExitCode.GATE_FAILED),
        (None, FITS, ExitCode.UNDECIDED),
        (None, SPILLS, ExitCode.OK),
    ],
)
def test_that_a_spill_leaves_a_gate_open_only_where_the_clock_decides_nothing(
    now_us: float | None, before: str, code: ExitCode
) -> None:
    """None: of two cases one is INCONCLUSIVE, the other the SAME."""
    result = raced(now_us or 300.3, 300.0)
    if now_us is None:
        other = case(32)
        once = [replace(one, case=other, starts=()) for one in result.bench]
        checks = tuple(replace(one, case=other) for one in result.checks)
        result = replace(result, bench=(*result.bench, *once), checks=(*result.checks, *checks))
    assert ruling(run(built(result, before, SPILLS)), Policy()).answer.exit_code is code
