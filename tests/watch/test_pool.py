"""Starts of the same race add up, and being looked at again and again costs them their share."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.verdict import Verdict
from orchestrator.workflows.watch.judged import BASELINE, LAST, over_all, rows_of
from orchestrator.workflows.watch.pool import Pool, Pooled
from orchestrator.workflows.watch.states import State
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.report import synthetic

CASE = synthetic.case()
THEN = State(3, ())


def record(provider: str, median_us: float, spread: float = 0.004, **more: object) -> BenchRecord:
    return synthetic.bench(provider, CASE, synthetic.samples(median_us, spread), **more)


def race(now_us: float, then_us: float, spread: float = 0.004) -> tuple[BenchRecord, ...]:
    return (
        record("sparsek", now_us, spread),
        record("sparsek@3", then_us, spread),
        record("sdpa", 500.0, spread),
        record("sdpa", 500.01, spread, control=True),
    )


def result(records: tuple[BenchRecord, ...]) -> Result:
    told = synthetic.gpu_result()
    checks = (*told.checks, synthetic.check("sparsek@3", CASE))
    return replace(told, checks=checks, bench=records)


def test_that_the_same_race_adds_its_starts_and_another_begins_anew() -> None:
    pool, records = Pool(), race(400.0, 420.0)
    assert pool.add("one", records) == Pooled(records, 1)
    twice = pool.add("one", records)
    assert (twice.turns, twice.looks) == (2, 6)
    assert [len(one.starts) for one in twice.records] == [16] * 4
    assert twice.records[0].samples_us == records[0].samples_us * 2
    assert pool.add("two", records) == Pooled(records, 1)


def test_that_samples_under_held_back_clocks_stay_those() -> None:
    pool = Pool()
    records = (replace(record("sparsek", 400.0), held_back=(1, 2)),)
    pool.add("one", records)
    assert pool.add("one", records).records[0].held_back == (1, 2, 41, 42)


def test_that_starts_join_of_all_or_of_none() -> None:
    """Whoever has fewer would be compared with starts of another turn."""
    pool, records = Pool(), race(400.0, 420.0)
    failed = (replace(records[0], status=Status.FAILED), *records[1:])
    pool.add("one", failed)
    assert [len(one.starts) for one in pool.add("one", records).records] == [8] * 4


def test_that_all_looks_there_may_ever_be_share_the_error_of_one() -> None:
    shares = [1 / Pooled((), turns).looks for turns in range(1, 10_000)]
    assert 0.999 < sum(shares) <= 1


def test_that_a_row_tells_its_time_and_how_it_stands() -> None:
    records = race(400.0, 440.0)
    (row,) = rows_of(result(records), Pooled(records, 1), ["sparsek"], THEN, None)
    told = {one.rival.what: one.judgement for one in row.against}
    assert told.keys() == {LAST, BASELINE}
    last = told[LAST]
    assert last is not None
    assert last.verdict is Verdict.FASTER
    assert 1.09 < last.speedup.median < 1.11
    assert row.starts == 8
    assert row.time is not None
    assert row.time.low < 400 < row.time.high
    assert over_all([row], LAST) is Verdict.FASTER


def test_that_why_there_is_no_verdict_is_told_of_whom_it_is() -> None:
    beyond, slow = race(0.01, 440.0), race(400.0, 440.0)
    failed = (slow[0], replace(slow[1], status=Status.FAILED, reason="it hung"), *slow[2:])
    for records, whys in (
        (beyond, ["MEASUREMENT ERROR of sparsek: "] * 2),
        (failed, ["sparsek@3 was not timed to its end: it hung", ""]),
    ):
        (row,) = rows_of(result(records), Pooled(records, 1), ["sparsek"], THEN, None)
        for one, why in zip(row.against, whys, strict=True):
            assert (one.judgement is None) is bool(why)
            assert one.why.startswith(why)


def test_that_an_interval_that_was_looked_at_more_often_is_wider() -> None:
    records = race(400.0, 404.0, spread=0.02)
    widths = []
    for turns in (1, 5):
        (row,) = rows_of(result(records), Pooled(records, turns), ["sparsek"], THEN, None)
        judgement = row.against[0].judgement
        assert judgement is not None
        assert judgement.speedup.low is not None
        assert judgement.speedup.high is not None
        widths.append(judgement.speedup.high - judgement.speedup.low)
    assert widths[0] < widths[1]
