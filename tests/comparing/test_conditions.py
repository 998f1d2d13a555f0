"""Other conditions: told, and a verdict only where they cannot stand behind a difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from orchestrator.performance.verdict import Verdict
from orchestrator.report.comparing.comparison import Comparison
from orchestrator.report.comparing.page import first_line
from remote_payload.contract.facts import Gate, Tolerance
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.contract.watched import Span, Watched
from remote_payload.contract.words import Method
from tests.comparing import runs
from tests.report import synthetic

SLOWER = 1.1


def verdicts(found: Comparison) -> set[str]:
    return {row.verdict.value for row in found.rows}


def slowed(change: Callable[[Result], Result], factor: float = SLOWER) -> Comparison:
    """sparsek slower by `factor` in a second run of other code, under other conditions."""
    return runs.compared(runs.small(), change(runs.by(factor)))


def machine(**changes: object) -> Callable[[Result], Result]:
    return lambda result: replace(result, machine=synthetic.gpu_machine(**changes))


def states(**changes: object) -> Callable[[Result], Result]:
    return lambda result: runs.all_states(result, synthetic.state(**changes))


def built(**changes: object) -> Callable[[Result], Result]:
    return lambda result: replace(result, build=replace(synthetic.built(), **changes))  # type: ignore[arg-type]


def asked(**changes: object) -> Callable[[Result], Result]:
    return lambda result: replace(result, request=replace(result.request, **changes))  # type: ignore[arg-type]


def tolerated(result: Result) -> Result:
    loose = Tolerance((Gate(rtol=0.1, atol=0.1),))
    return replace(result, cases=tuple(replace(one, tolerance=loose) for one in result.cases))


def backend(provider: str) -> Callable[[Result], Result]:
    def change(result: Result) -> Result:
        checks = tuple(
            replace(c, implementation="cuDNN") if c.provider == provider else c
            for c in result.checks
        )
        return replace(result, checks=checks)

    return change


def flagged(result: Result) -> Result:
    providers = tuple(
        replace(one, toolchain=Toolchain(("-maxrregcount=64",))) if one.name == "sparsek" else one
        for one in result.request.providers
    )
    return replace(result, request=replace(result.request, providers=providers))


def watched(result: Result) -> Result:
    case = synthetic.case(8)
    busy = Watched(case, Method.COLD, 1.0, 9, "NVML", others_load=Span(2.0, 3.0, 4.0))
    return replace(result, watched=(busy,))


def test_that_a_slower_kernel_is_slower_where_nothing_else_differs() -> None:
    found = slowed(lambda result: result)
    assert verdicts(found) == {"SLOWER"}
    assert not found.differences
    assert first_line(found) == "Same device, driver, clocks and cases."


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("driver", machine(driver="570.86")),
        ("torch", machine(torch="2.12.0")),
        ("torch's CUDA", machine(torch_cuda="12.8")),
        ("GPU itself", machine(gpu_uuid_digest="other")),
        ("CPU", machine(cpu="ANOTHER CPU")),
        ("power limit", machine(after=synthetic.state(power_limit_w=350.0))),
        ("SM clock when timed", states(sm_clock_mhz=1200.0)),
        ("memory clock when timed", states(memory_clock_mhz=1500.0)),
        ("clocks held back", states(throttle_reasons=("hw_thermal_slowdown",))),
        ("company on the GPU", states(other_processes=1)),
        ("load by others", watched),
        ("nvcc", built(nvcc="nvcc 12.8.0")),
        ("host compiler", built(host_compiler="gcc 14")),
        ("flags", built(flags=("-maxrregcount=64",))),
        ("flags", flagged),
        ("seed", asked(seed=7)),
        ("tolerance of B=16 S=512 D=64 fp16 H=8,96", tolerated),
        ("backend of sdpa on B=16 S=512 D=64 fp16 H=8,96", backend("sdpa")),
    ],
)
def test_that_a_condition_which_can_explain_a_difference_leaves_it_open_and_says_why(
    what: str, change: Callable[[Result], Result]
) -> None:
    found = slowed(change)
    assert what in [one.what for one in found.differences]
    assert verdicts(found) == {"INCONCLUSIVE"}
    assert first_line(found).startswith("NOT THE SAME CONDITIONS")
    assert what in first_line(found)
    (doubted, *_) = (row for row in found.rows if row.method is Method.COLD)
    assert what in doubted.found.judged.advice
    assert "race" in doubted.found.judged.advice


@pytest.mark.parametrize(
    "change",
    [
        lambda r: replace(r, calls=7),
        lambda r: replace(r, warmup=99),
        lambda r: replace(r, samples_us=r.samples_us[:24], starts=(3,) * 8),
        lambda r: replace(r, samples_us=r.samples_us * 2, starts=(5,) * 16),
    ],
    ids=["calls per sample", "warm-ups", "rounds", "starts"],
)
def test_that_what_a_run_chose_itself_is_no_condition(
    change: Callable[[BenchRecord], BenchRecord],
) -> None:
    after = runs.by(SLOWER)
    found = runs.compared(runs.small(), replace(after, bench=tuple(map(change, after.bench))))
    assert not found.differences
    assert verdicts(found) == {"SLOWER"}


def test_that_clocks_explain_as_much_as_they_differ_and_no_more() -> None:
    """3 % of the clock cannot make a kernel 10 % slower, but one that is 2 % slower."""
    clock = states(sm_clock_mhz=1755.0 / 1.03)
    large, little = slowed(clock, 1.1), slowed(clock, 1.02)
    assert verdicts(large) == {"SLOWER"}
    assert verdicts(little) == {"INCONCLUSIVE"}
    assert verdicts(slowed(lambda result: result, 1.02)) == {"SLOWER"}
    advice = little.rows[0].found.judged.advice
    assert (
        "other conditions can explain up to 3 %, SM clock when timed (1755 MHz / 1704 MHz)"
        in advice
    )


def test_that_clocks_within_one_percent_are_the_same() -> None:
    assert not slowed(states(sm_clock_mhz=1755.0 * 1.009)).differences
    assert slowed(states(sm_clock_mhz=1755.0 * 1.011)).differences


def test_that_clocks_which_the_user_locked_are_no_doubt() -> None:
    found = slowed(states(throttle_reasons=("applications_clocks_setting", "gpu_idle")))
    assert not found.differences


def test_that_the_race_is_believed_over_what_was_seen_around_it() -> None:
    """Right after a timing the clock fell in one run; during the race it was the same."""
    steady = Watched(
        synthetic.case(8), Method.COLD, 1.0, 9, "NVML", sm_clock_mhz=Span(1740.0, 1755.0, 1760.0)
    )
    before = replace(runs.small(), watched=(steady,))
    after = replace(states(sm_clock_mhz=1200.0)(runs.by(SLOWER)), watched=(steady,))
    assert "SM clock when timed" not in [c.what for c in runs.compared(before, after).differences]


def test_that_another_library_of_other_sources_is_what_was_to_be_compared() -> None:
    found = slowed(built(library_digest="ffff"))
    assert [one.what for one in found.differences] == ["library"]
    assert verdicts(found) == {"SLOWER"}
    assert first_line(found).startswith("Same device, driver and clocks; what differs explains no")


def test_that_another_library_of_the_same_sources_explains_a_difference() -> None:
    changed = built(library_digest="ffff")(runs.by(SLOWER))
    found = runs.compared(runs.small(), changed, snapshot=runs.OLD)
    assert found.rows[0].verdict is Verdict.INCONCLUSIVE
    assert "the sources are the same and their library is not" in found.rows[0].found.judged.advice
    assert "Both runs ran the same sources: no difference is an edit's." in first_line(found)


def test_that_a_compiler_is_nothing_to_a_provider_that_is_not_compiled_here() -> None:
    """A named one of torch's beside ours: another nvcc makes another kernel of ours alone."""

    def with_rival(result: Result) -> Result:
        ours = [r for r in result.bench if r.provider == "sparsek"]
        rival = runs.another("sdpa-flash", ours)
        asked = (*result.request.providers, Provider("sdpa-flash"))
        return replace(
            result,
            bench=(*result.bench, *rival),
            checks=(
                *result.checks,
                *(synthetic.check("sdpa-flash", synthetic.case(h)) for h in runs.HEADS),
            ),
            request=replace(result.request, providers=asked),
        )

    history = [replace(run, result=with_rival(run.result)) for run in runs.earlier() if run.result]
    after = built(nvcc="nvcc 12.8.0")(with_rival(runs.by(SLOWER)))
    found = runs.compared(with_rival(runs.small()), after, history)
    told = {row.provider: row.verdict for row in found.rows}
    assert told == {"sparsek": Verdict.INCONCLUSIVE, "sdpa-flash": Verdict.SLOWER}


def test_that_a_host_that_launches_faster_is_nothing_to_a_graph() -> None:
    def by_graph(result: Result) -> Result:
        return replace(
            result,
            bench=tuple(
                replace(r, method=Method.GRAPH) if r.method is Method.COLD else r
                for r in result.bench
            ),
        )

    history = [replace(run, result=by_graph(run.result)) for run in runs.earlier() if run.result]
    after = machine(cpu="ANOTHER CPU")(by_graph(runs.by(SLOWER)))
    found = runs.compared(by_graph(runs.small()), after, history)
    told = {row.method: row.verdict for row in found.rows}
    assert told == {Method.BACK_TO_BACK: Verdict.INCONCLUSIVE, Method.GRAPH: Verdict.SLOWER}
