"""How far the figures of a first line can be trusted, in a few words."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.performance.starts import kept_us
from orchestrator.performance.watching import busy_for_others
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.wording import format as fmt

# Of the longest and the shortest sample of one provider on one case: nobody's code does that.
WILD = 10.0


def trust(rows: Sequence[Figure], figures: Figures) -> str:
    """In how many starts the rows were timed, how noisy and how busy the machine was, and what was
    not steady.

    rows: those that the line speaks of, of one method.
    """
    starts = [row.summary.starts for row in rows if row.summary]
    told = [_starts(min(starts), max(starts))] if starts else []
    noise = dict(figures.noise).get(rows[0].record.method) if rows else None
    told.append("noise unknown" if noise is None else f"noise {fmt.percent(noise)}")
    races = figures.result.watched
    busiest = max(races, key=busy_for_others, default=None)
    if busiest is not None and (load := busy_for_others(busiest)):
        told.append(f"others kept up to {load:.1f} of {busiest.cpus} CPUs busy")
    steps = sum(row.step is not None for row in rows)
    told += [f"{steps} of {fmt.count(len(rows), 'timing')} stepped"] if steps else []
    widest = max((swing(row) for row in rows), default=1.0)
    told += [f"samples vary by {widest:.3g} ×"] if widest >= WILD else []
    return ", ".join(told)


def steady(rows: Sequence[Figure]) -> bool:
    """Whether all samples of each are of one size, and of one level."""
    return all(row.step is None and swing(row) < WILD for row in rows)


def swing(row: Figure) -> float:
    """The longest sample in terms of the shortest."""
    samples = kept_us(row.record) or row.record.samples_us
    return max(samples) / min(samples) if row.summary and min(samples) > 0 else 1.0


def _starts(few: int, many: int) -> str:
    if many < 2:
        return "one start"
    return fmt.count(many, "start") if few == many else f"{max(few, 1)}–{many} starts"
