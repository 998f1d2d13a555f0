"""Hand-made runs to compare. SYNTHETIC: no figure in here was ever measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from orchestrator.report.comparing.comparison import Comparison, Side, compare
from orchestrator.report.insight import NO_INSIGHT, Insight
from orchestrator.values.run import Run
from remote_payload.contract.machine import GpuState
from remote_payload.contract.records import BenchRecord, CeilingRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status
from tests.cli.comparing import changed, times
from tests.report import synthetic

HEADS = (8, 96)
OLD, NEW = "5e1f", "a7e2"
METHODS = (Method.BACK_TO_BACK, Method.COLD)
EARLIER = 8
# Earlier runs of the same code, each as a whole a little apart from the others.
OFFSETS = (0.9996, 1.0, 1.0004)
ROWS = len(HEADS) * len(METHODS)


def small() -> Result:
    """Two cases by two methods: four rows of sparsek that are judged."""
    result = synthetic.gpu_result()
    cases = tuple(synthetic.case(heads) for heads in HEADS)
    return synthetic.described(
        replace(
            result,
            request=synthetic.request(cases=cases),
            checks=tuple(c for c in result.checks if c.case in cases and c.status is Status.OK),
            bench=tuple(r for r in result.bench if r.case in cases),
        )
    )


def where(
    result: Result, heads: int, method: Method, change: Callable[[BenchRecord], BenchRecord]
) -> Result:
    """One row of sparsek changed."""
    row = ("sparsek", synthetic.case(heads), method)
    bench = tuple(change(r) if (r.provider, r.case, r.method) == row else r for r in result.bench)
    return replace(result, bench=bench)


def by(factor: float, result: Result | None = None) -> Result:
    """sparsek takes so many times as long on all rows."""
    return changed(result or small(), "sparsek", times(factor))


def another(provider: str, records: Sequence[BenchRecord]) -> tuple[BenchRecord, ...]:
    """Of about the same times, and none of them to the last bit."""
    return tuple(
        replace(r, provider=provider, samples_us=tuple(1.01 * us for us in r.samples_us))
        for r in records
    )


def all_states(result: Result, state: GpuState) -> Result:
    """As if the GPU had been so around every timing."""
    bench = tuple(replace(r, before=state, after=state) for r in result.bench)
    return replace(result, bench=bench)


def side(
    result: Result, snapshot: str = OLD, number: int = 0, insight: Insight = NO_INSIGHT
) -> Side:
    return Side(stored(result, snapshot, number), insight)


def stored(result: Result, snapshot: str = OLD, number: int = 0) -> Run:
    asked = replace(result.request, snapshot=snapshot)
    run_id = f"run-{snapshot}-{number}"
    return synthetic.run(replace(result, request=asked), snapshot=snapshot, run_id=run_id)


def earlier(result: Result | None = None, runs: int = EARLIER) -> list[Run]:
    """Other runs of the old code."""
    factors = (OFFSETS[number % 3] for number in range(runs))
    return [stored(by(f, result), OLD, n + 1) for n, f in enumerate(factors)]


def compared(
    before: Result, after: Result, history: Sequence[Run] | None = None, snapshot: str = NEW
) -> Comparison:
    """The two codes, with earlier runs of the old one unless others are given."""
    known = earlier() if history is None else history
    return compare(side(before), side(after, snapshot), known)


def ceiling(name: str, rate: float, **changes: object) -> CeilingRecord:
    """One that reached `rate` units per second."""
    unit = "byte" if name == "copy" else "flop"
    work = 2.0**30
    record = CeilingRecord(
        name,
        Status.OK,
        unit=unit,
        what="as always",
        work_per_call=work,
        samples_us=synthetic.samples(work / rate * 1e6, 0.001),
        after=synthetic.state(),
    )
    return replace(record, **changes)  # type: ignore[arg-type]
