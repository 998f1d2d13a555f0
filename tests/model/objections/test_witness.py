"""The second witness: what the process that waited saw of the turns of the one that was timed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest

from orchestrator.performance.objection import Severity
from orchestrator.performance.objections.every import objections
from remote_payload.contract.plans import MORE_WARMUPS
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.watched import Span, Watched
from remote_payload.contract.words import Method
from tests.model.objections.objecting import CASE, doubts_of_one, error, result_of
from tests.report import synthetic

STARTS, TURNS = 8, 3
WARMUP, TIMED = 10, 100  # the first of the warm-ups is the first call
ADDED = WARMUP // MORE_WARMUPS


@dataclass(frozen=True)
class Machine:
    """noise: of each sample, relative. rest_us: of a turn, least and mean; hiccup: of how many turns
    the machine does something else for 20 ms. cold: a first call's share beyond the others."""

    noise: float = 0.01
    rest_us: float = 400.0
    hiccup: float = 0.1
    cold: float = 0.5


QUIET = Machine()
MACHINES = (
    QUIET,
    Machine(noise=0.1, rest_us=5000.0, hiccup=0.5),
    Machine(rest_us=50.0, hiccup=0.0, cold=1.5),
    Machine(noise=0.03, rest_us=40_000.0, hiccup=0.9, cold=0.0),
)


def raced(
    provider: str, us: float, seed: int, machine: Machine = QUIET, **lie: float
) -> BenchRecord:
    """An honest record of `us` a call; claimed: what its process says instead, of all but the first
    calls."""
    draw = random.Random(seed)
    samples, outside, fresh = [], [], []
    for _ in range(STARTS * TURNS):
        took = us * draw.lognormvariate(0, machine.noise)
        first = us * (1 + machine.cold * draw.random()) + 60 * draw.random()
        rest = machine.rest_us * (1 + draw.expovariate(1.0))
        rest += 20_000 * draw.random() * (draw.random() < machine.hiccup)
        # Warm-ups are a little slower than the calls that are timed.
        calls = WARMUP - 1 + TIMED + draw.randrange(1 + ADDED)
        outside.append(first + calls * took * (1 + 0.05 * draw.random()) + rest)
        samples.append(lie["claimed"] * draw.lognormvariate(0, 0.01) if "claimed" in lie else took)
        fresh.append(lie.get("fresh", first))
    return synthetic.bench(
        *(provider, CASE, tuple(samples)),
        starts=(TURNS,) * STARTS,
        outside_us=tuple(outside),
        fresh_us=tuple(fresh),
        warmup=WARMUP,
        calls=TIMED,
    )


def beside(*records: BenchRecord, machine: Machine = QUIET, us: float = 370.0) -> Result:
    """With the baseline and its control in the same race."""
    control = replace(raced("sdpa", us, 2, machine), control=True)
    return result_of(raced("sdpa", us, 1, machine), control, *records)


@pytest.mark.parametrize("machine", MACHINES, ids=str)
@pytest.mark.parametrize("us", [160.0, 300.0, 400.0, 20_000.0])
def test_honest_providers_on_a_noisy_machine_are_believed(machine: Machine, us: float) -> None:
    for seed in range(6):
        result = beside(raced("sparsek", us, 10 + seed, machine), machine=machine)
        refuted = [one for one in objections(result) if one.severity is Severity.ERROR]
        assert refuted == []
        assert doubts_of_one(result) == ()


@pytest.mark.parametrize("machine", MACHINES, ids=str)
def test_a_clock_that_was_turned_back_is_seen_from_outside(machine: Machine) -> None:
    lie = raced("sparsek", 1200.0, 3, machine, claimed=150.0, fresh=160.0)
    text = error(beside(lie, machine=machine))
    assert text.startswith("the clock of its process claims 1")
    assert "from outside at least" in text


def test_warm_ups_that_were_added_at_random_are_nobodys_lie() -> None:
    """Forty of fifty calls are warm-ups here, and each turn of one of the three had ten more."""
    fresh, us = 400.0, 370.0

    def turns(provider: str, added: int, seed: int) -> BenchRecord:
        draw = random.Random(seed)
        samples = tuple(us * draw.lognormvariate(0, 0.01) for _ in range(STARTS * TURNS))
        outside = tuple(fresh + (39 + added + 10) * took + 200.0 for took in samples)
        return synthetic.bench(
            *(provider, CASE, samples),
            starts=(TURNS,) * STARTS,
            outside_us=outside,
            fresh_us=(fresh,) * len(samples),
            warmup=40,
            calls=10,
        )

    control = replace(turns("sdpa", 0, 2), control=True)
    for added, blamed in ((10, False), (30, True)):
        result = result_of(turns("sdpa", 0, 1), control, turns("sparsek", added, 3))
        assert any(one.severity is Severity.ERROR for one in objections(result)) is blamed


def test_what_passed_from_outside_is_told_for_a_call() -> None:
    lie = raced("sparsek", 1200.0, 3, claimed=150.0, fresh=160.0)
    told = error(beside(lie))
    least = float(told.split("at least ")[1].split()[0])
    assert 1130 < least < 1250


def test_who_answers_from_memory_is_slow_on_what_it_has_not_seen() -> None:
    replay = raced("sparsek", 120.0, 3)
    slow_us = 1500.0  # to compute what it then hands out again
    replay = replace(
        replay,
        fresh_us=tuple(us + slow_us for us in replay.fresh_us),
        outside_us=tuple(us + slow_us for us in replay.outside_us),
    )
    assert "slower on inputs it has not seen" in error(beside(replay))


def test_a_first_call_of_a_process_may_load_and_compile() -> None:
    record = raced("compiled", 300.0, 3)
    first = [number % TURNS == 0 for number in range(STARTS * TURNS)]
    loading = [2e6 if yes else 0.0 for yes in first]
    late = replace(
        record,
        fresh_us=tuple(us + load for us, load in zip(record.fresh_us, loading, strict=True)),
        outside_us=tuple(us + load for us, load in zip(record.outside_us, loading, strict=True)),
    )
    assert doubts_of_one(beside(late)) == ()
    assert all(one.severity is not Severity.ERROR for one in objections(beside(late)))


def test_where_the_baseline_is_slow_on_new_inputs_too_nobody_is_blamed() -> None:
    cold = Machine(cold=6.0)
    result = beside(raced("sparsek", 150.0, 3, cold), machine=cold)
    assert all(one.severity is not Severity.ERROR for one in objections(result))


def test_two_clocks_that_disagree_on_who_is_faster_are_doubted() -> None:
    # A tenth hidden in each call: less than a rest that the machine's noise could be.
    noisy = Machine(rest_us=8_000.0, hiccup=0.0)
    lie = raced("sparsek", 390.0, 3, noisy, claimed=300.0)
    (text,) = doubts_of_one(beside(lie, machine=noisy))
    assert "as fast as sdpa by the clock of its process; from outside its turns take" in text


def test_a_result_of_before_has_no_witness_and_none_is_missed() -> None:
    plain = raced("sparsek", 1200.0, 3, claimed=150.0)
    silent = replace(plain, starts=(), outside_us=(), fresh_us=())
    assert objections(beside(silent)) == ()


def test_other_methods_are_not_accounted_for_by_their_calls() -> None:
    cold = replace(raced("sparsek", 1200.0, 3, claimed=150.0), method=Method.COLD)
    assert all(one.severity is not Severity.ERROR for one in objections(beside(cold)))


def test_without_a_baseline_there_is_no_yardstick_and_no_blame() -> None:
    assert objections(result_of(raced("sparsek", 1200.0, 3, claimed=150.0))) == ()


@pytest.mark.parametrize(("times", "blamed"), [(5.0, False), (200.0, True)])
def test_few_turns_accuse_nobody_of_little(times: float, blamed: bool) -> None:
    """All of three first calls may have been disturbed, by as much as was seen on a busy machine."""

    def short(record: BenchRecord) -> BenchRecord:
        three = {key: getattr(record, key)[:3] for key in ("samples_us", "outside_us", "fresh_us")}
        return replace(record, starts=(3,), **three)

    us = 370.0
    slow = raced("sparsek", us, 3, fresh=times * us)
    late = tuple(outside + times * us for outside in slow.outside_us)
    result = beside(replace(slow, outside_us=late))
    few = replace(result, bench=tuple(short(record) for record in result.bench))
    told = [one.text for one in objections(few) if one.severity is Severity.ERROR]
    assert any("answers from memory" in text for text in told) is blamed, told
    whole = [one.text for one in objections(result) if one.severity is Severity.ERROR]
    assert any("answers from memory" in text for text in whole)


def waiting(record: BenchRecord, waited_us: float) -> BenchRecord:
    """The same, whose every turn was late by that, as the kernel says."""
    late = tuple(us + waited_us for us in record.outside_us)
    return replace(record, outside_us=late, waited_us=(waited_us,) * len(late))


def company(cpus: float) -> Watched:
    """A race during which others kept so many CPUs busy."""
    load = Span(cpus, cpus, cpus)
    return Watched(CASE, Method.BACK_TO_BACK, 10.0, 10, "/proc", cpus=2, others_load=load)


def test_who_waits_for_a_cpu_that_others_have_is_believed() -> None:
    late = waiting(raced("sparsek", 300.0, 3), 60_000.0)
    result = beside(late)
    busy = replace(result, watched=(company(1.0),))
    assert all(one.severity is not Severity.ERROR for one in objections(busy))
    assert all(one.severity is not Severity.ERROR for one in objections(result)), "nobody looked"


def test_who_makes_itself_wait_is_excused_for_nothing() -> None:
    lie = waiting(raced("sparsek", 1200.0, 3, claimed=150.0, fresh=160.0), 150_000.0)
    alone = replace(beside(lie), watched=(company(0.0),))
    assert error(alone).startswith("the clock of its process claims 1")


def test_waiting_hides_nobody_who_runs_longer_than_it_says() -> None:
    lie = waiting(raced("sparsek", 1200.0, 3, claimed=150.0, fresh=160.0), 8_000.0)
    busy = replace(beside(lie), watched=(company(1.0),))
    assert error(busy).startswith("the clock of its process claims 1")


@pytest.mark.parametrize(("waited_us", "blamed"), [(1_000.0, True), (60_000.0, False)])
def test_turns_that_were_waited_through_are_none_of_the_many(
    waited_us: float, blamed: bool
) -> None:
    """By memory, 12 times as slow on new inputs: what threads that wait for others look like."""
    slow = raced("sparsek", 300.0, 3, fresh=12 * 300.0)
    slow = waiting(slow, waited_us)
    busy = replace(beside(slow), watched=(company(1.0),))
    told = [one.text for one in objections(busy) if one.severity is Severity.ERROR]
    assert any("answers from memory" in text for text in told) is blamed, told
