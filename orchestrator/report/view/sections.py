"""What sections show."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.report.view.tables import NO_TABLE, ChartView, Table


@dataclass(frozen=True)
class EnvironmentView:
    """known: whether the host described itself at all. cost: in words, also why none is known;
    empty for a host that has no price."""

    known: bool
    facts: Table
    states: Table
    cost: str


@dataclass(frozen=True)
class MeanwhileView:
    """What the machine did during the races. headline: who told, and how to read the table."""

    headline: str
    table: Table


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
    """Timings of one method. advice: what to do about inconclusive rows. by_graph: the rows whose
    verdict goes by another method, and why."""

    method: str
    how: str
    table: Table
    advice: tuple[str, ...]
    by_graph: tuple[str, ...]


@dataclass(frozen=True)
class ResultsView:
    """Every timing, by method."""

    methods: tuple[MethodResultsView, ...]


@dataclass(frozen=True)
class RankingView:
    """how: what the queue's one time is made of. lacking: who has none, and why."""

    how: str
    table: Table
    lacking: tuple[str, ...]


@dataclass(frozen=True)
class BesideView:
    """Every provider against the fastest of the others. absent: one sentence for each peer that
    was looked for and not timed."""

    headline: str
    note: str
    table: Table
    absent: tuple[str, ...]


@dataclass(frozen=True)
class AimView:
    """One of the targets. headline: where it is from, and what it is bound to. reason: why it is
    not judged; empty if it is. needs: what each tier asks of the GPU."""

    headline: str
    reason: str
    table: Table
    needs: Table
    notes: tuple[str, ...]


@dataclass(frozen=True)
class TiersView:
    """Every target."""

    aims: tuple[AimView, ...]


@dataclass(frozen=True)
class OriginalView:
    """The original report's rows beside ours."""

    name: str
    provenance: str
    note: str
    table: Table


@dataclass(frozen=True)
class BuildView:
    """headline: one sentence; errors: the compiler's own first error lines.

    own: kernels of the users' own providers. names: (short, whole) of the kernels whose name is cut
    in the tables. worst: of each kernel on each architecture the most that a variant takes, worst
    first; stubs: kernels whose body is empty on an architecture, and of how many variants; they
    stand in no table. changes: what the compiler says else of the sources at `revision`, which were
    raced too; no rows where that is nothing.
    """

    headline: str
    compilations: Table
    kernels: Table
    notices: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    own: Table = NO_TABLE
    changes: Table = NO_TABLE
    revision: str = ""
    worst: Table = NO_TABLE
    stubs: tuple[str, ...] = ()


@dataclass(frozen=True)
class CountersView:
    """Hardware counters. complete: every profiled call gave what was asked.

    headline: one sentence, also on why there are none. failures: one sentence for each reason,
    with advice; said: what the profiler said of them, verbatim. missing: why there are none at all
    though somebody asked for them; empty where nobody did.
    """

    complete: bool
    headline: str
    table: Table
    failures: tuple[str, ...]
    said: tuple[str, ...]
    notes: tuple[str, ...]
    missing: str = ""


NO_COUNTERS = CountersView(
    complete=False,
    headline="Not measured in this run; orchestrator ncu asks for them.",
    table=Table((), ()),
    failures=(),
    said=(),
    notes=(),
)


@dataclass(frozen=True)
class CeilingsView:
    """What well-known programs got out of the machine. complete: all that was asked for.

    left_out: one sentence for each ceiling without a number, or with a doubtful one. beside:
    the sentence over `shares`. cutlass: the sentence over its rows, empty if not asked for.
    """

    complete: bool
    headline: str
    table: Table
    left_out: tuple[str, ...]
    beside: str
    shares: Table
    cutlass: str
    cutlass_rows: Table
    refusals: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ProofsView:
    """What the hardware confirmed. headline: one sentence."""

    headline: str
    table: Table


@dataclass(frozen=True)
class HeldBackView:
    """What holds one provider back on one case. verdict, remarks: sentences with evidence; of whom
    the first page speaks, those that it leaves out."""

    case: str
    verdict: str
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class UncountedCaseView:
    """What is known of one provider without counters; facts: what, its value, where from."""

    case: str
    facts: Table


@dataclass(frozen=True)
class UncountedView:
    """The second best. reason: why there are no counters, and what would allow them.

    floors: the case's shortest times by resource; notes: on what the figures stand.
    """

    reason: tuple[str, ...]
    case: str
    work: str
    floors: Table
    cases: tuple[UncountedCaseView, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ReproduceView:
    """Where the numbers come from and how to get them again."""

    command: str
    facts: Table
    files: Table


@dataclass(frozen=True)
class ChartsView:
    """Charts of one kind."""

    charts: tuple[ChartView, ...]


@dataclass(frozen=True)
class HeldBackSectionView:
    """What holds each provider back, and the chart of the floors."""

    cases: tuple[HeldBackView, ...]
    floors: tuple[ChartView, ...]


@dataclass(frozen=True)
class UnmeasuredView:
    """lines: what a reader might look for in vain, each with the reason."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class StagesView:
    """What stages tell for which no other section stands."""

    table: Table
