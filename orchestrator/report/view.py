"""What the templates see: every value is text or bool, nothing is left to compute."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of cells under a header; rows may be empty, cells may not be missing."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class EnvironmentView:
    """known: whether the host described itself at all."""

    known: bool
    facts: Table
    states: Table


@dataclass(frozen=True)
class MethodView:
    """notes: one sentence each on timing, noise, reference and doubts."""

    notes: tuple[str, ...]


@dataclass(frozen=True)
class ChecksView:
    """failures: one sentence for each case that did not pass."""

    done: bool
    table: Table
    failures: tuple[str, ...]


@dataclass(frozen=True)
class MethodResultsView:
    """Timings of one method. advice: what to do about inconclusive rows."""

    method: str
    how: str
    table: Table
    advice: tuple[str, ...]


@dataclass(frozen=True)
class ChartView:
    """file: relative to the report, empty when there is no chart; reason: why there is none."""

    title: str
    file: str
    reason: str


@dataclass(frozen=True)
class TiersView:
    """judged: whether the run held the shape the targets belong to, on a GPU."""

    judged: bool
    shape: str
    table: Table
    reason: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class OriginalView:
    """The original report's rows beside ours."""

    name: str
    provenance: str
    note: str
    table: Table


@dataclass(frozen=True)
class BuildView:
    """headline: one sentence; errors: the compiler's own first error lines."""

    headline: str
    compilations: Table
    kernels: Table
    notices: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True)
class CountersView:
    """Hardware counters. complete: every profiled call gave what was asked.

    headline: one sentence, also on why there are none. failures: one sentence for each reason,
    with advice; said: what the profiler said of them, verbatim.
    """

    complete: bool
    headline: str
    table: Table
    failures: tuple[str, ...]
    said: tuple[str, ...]
    notes: tuple[str, ...]


NO_COUNTERS = CountersView(
    complete=False,
    headline="Not measured in this run; orchestrator ncu asks for them.",
    table=Table((), ()),
    failures=(),
    said=(),
    notes=(),
)


@dataclass(frozen=True)
class ReproduceView:
    """Where the numbers come from and how to get them again."""

    command: str
    facts: Table
    files: Table


@dataclass(frozen=True)
class ReportView:
    """The whole report."""

    title: str
    verdict: str
    objections: tuple[str, ...]
    environment: EnvironmentView
    method: MethodView
    checks: ChecksView
    results: tuple[MethodResultsView, ...]
    scaling: tuple[ChartView, ...]
    roofline: tuple[ChartView, ...]
    tiers: TiersView
    original: OriginalView
    counters: CountersView
    build: BuildView
    unmeasured: tuple[str, ...]
    reproduce: ReproduceView
