"""One turn after the other: sync, build what changed, check, race, and what that says."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import HostUnfit
from orchestrator.here.aside import begun
from orchestrator.performance.verdict import Verdict
from orchestrator.store.runs.run_store import RunStore
from orchestrator.sync import deploy
from orchestrator.transport.base import Transport
from orchestrator.values.progress import Progress
from orchestrator.values.snapshot import Scan
from orchestrator.workflows.against.twin import beside
from orchestrator.workflows.diagnose import Beside
from orchestrator.workflows.jobs.job_log import JobLog
from orchestrator.workflows.plan import Plan
from orchestrator.workflows.profile import new_card
from orchestrator.workflows.watch import judged, summing
from orchestrator.workflows.watch.judged import BEST, Row
from orchestrator.workflows.watch.keeping import Kept
from orchestrator.workflows.watch.line import Line
from orchestrator.workflows.watch.memory import Memory, Rivals
from orchestrator.workflows.watch.outcome import Outcome, Trouble, Word
from orchestrator.workflows.watch.places import Places
from orchestrator.workflows.watch.pool import Pool
from orchestrator.workflows.watch.racing import Racer, Ran
from orchestrator.workflows.watch.reading import Now, with_bytes
from orchestrator.workflows.watch.states import State
from remote_payload.contract.machine import Machine
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import WATCH


@dataclass(frozen=True)
class Desk:
    """Where a watch works. here: what paths are shown relative to. reproduce: the command line that
    asked for it."""

    here: Path
    runs: RunStore
    reproduce: str
    progress: Progress


@dataclass(frozen=True)
class Order:
    """What one turn runs: `now` with the twins of its rivals in one snapshot."""

    now: Now
    state: State
    rivals: Rivals
    request: Request
    scan: Scan

    @property
    def changed(self) -> tuple[str, ...]:
        """Who is told of: whom a rival has otherwise, or all, where nobody does."""
        names = [part.provider.name for part in self.state.parts]
        others = [twin.of for one in self.rivals.states for twin in one.twins_beside(self.state)]
        return tuple(name for name in names if name in others) or tuple(names)

    def race(self, machine: Machine | None) -> object:
        """Equal for the same race, run once more on the same machine."""
        it = machine and (machine.hostname_digest, machine.gpu, machine.gpu_uuid_digest)
        return self.now.digest, self.request.providers, self.scan.snapshot.digest, it


class Turns:
    """All turns of one watch; one at a time."""

    def __init__(self, desk: Desk, line: Line) -> None:
        self._desk, self._line = desk, line
        self._memory, self._pool = Memory(), Pool()
        self._order: Order | None = None
        self._result: Result | None = None  # of the last state that was right
        self._of_order: Result | None = None  # of the last state before the one of this order
        self._chosen = False  # whether the best is what somebody made it, since the last order
        self._fit_for: Transport | None = None
        self._came_home = False  # whether any turn has: the host can run what is asked
        self._keeping: Future[None] | None = None

    def make_best(self) -> State | None:
        """The state of the last turn is what all others are held against from now on."""
        if self._order is None or not self._memory.is_right(self._order.state):
            return None
        self._memory.best, self._chosen = self._order.state, True
        return self._order.state

    def turn(self, number: int, now: Now) -> Outcome:
        """What `now` comes to; the same once more adds its starts to those that were taken.

        A host that had what it takes and lacks it by now is told as FAILED. Cancelled;
        OrchestratorError for what no edit mends.
        """
        self._line.begin()
        began = time.monotonic()
        order = self._ordered(number, now)
        deploy.say_what_is_odd(now.scan, self._desk.progress)
        try:
            ran, kept, seconds = self._line.done(lambda ends, racer: self._run(order, ends, racer))
        except HostUnfit as exc:
            self._line.require_wanted()
            if not self._came_home:
                raise
            return _unfit(number, order, exc)
        self._came_home = True
        outcome = self._told(number, order, ran)
        seconds = {**seconds, **ran.seconds, "turn": time.monotonic() - began}
        return replace(outcome, run=kept.run_id, seconds=seconds)

    def _ordered(self, number: int, now: Now) -> Order:
        if self._order is not None and self._order.now.digest == now.digest:
            return self._order
        state = self._memory.state(now.parts, number)
        rivals = self._memory.rivals(state)
        twins = [twin for one in rivals.states for twin in one.twins_beside(state)]
        plan = beside(Plan(now.plan.request, ()), twins, rivals.words)
        self._order = Order(now, state, rivals, plan.request, with_bytes(now.scan, plan.extra))
        self._of_order, self._chosen = self._result, False
        return self._order

    def _run(
        self, order: Order, transport: Transport, racer: Racer
    ) -> tuple[Ran, Kept, dict[str, float]]:
        digest, began = order.scan.snapshot.digest, time.monotonic()
        request = replace(order.request, snapshot=digest, verb=WATCH)
        card = new_card(WATCH, transport.host, digest, self._desk.reproduce)
        kept = Kept(self._desk.runs, card, request)
        try:
            self._deployed(order, transport)
            synced = time.monotonic()
            self._line.require_wanted()
            log = JobLog(kept.folder, self._desk.progress, show=False)
            ran = racer.turn(kept.request(), log)
        except BaseException:
            kept.dropped()
            raise
        self._keep(kept, ran)
        return ran, kept, {"sync": synced - began, "host": time.monotonic() - synced}

    def _deployed(self, order: Order, transport: Transport) -> None:
        """Over a new connection the host is looked at meanwhile, as before any run."""
        if self._fit_for is transport:
            deploy.deploy(transport, order.scan, self._desk.progress, pauses_s=())
            return
        looked = Beside(transport)
        deploy.deploy(looked, order.scan, self._desk.progress, pauses_s=())
        for note in looked.fit_for(order.request):
            self._desk.progress.say(note)
        self._fit_for = transport

    def _keep(self, kept: Kept, ran: Ran) -> None:
        """Aside: the verdict does not wait for this disk."""
        self.settle()
        self._keeping = begun(lambda: kept.came_home(ran), "keeping a turn")

    def settle(self) -> None:
        """Wait until all turns are kept; LocalFault, where this machine would not have one."""
        if self._keeping is not None:
            keeping, self._keeping = self._keeping, None
            keeping.result()

    def _told(self, number: int, order: Order, ran: Ran) -> Outcome:
        places = Places.of(order.now.scan, self._desk.here)
        summed = summing.summed(ran, order.now.parts, places)
        rivals, state = order.rivals, order.state
        if self._chosen:  # it is the best itself by now, whatever it was raced against
            rivals = replace(rivals, best=None)
        outcome = Outcome(
            number,
            summed.word,
            state.label,
            rivals.last.label if rivals.last else "",
            rivals.best.label if rivals.best else "",
            troubles=summed.troubles,
        )
        if summed.word is not Word.RIGHT:
            return outcome
        pooled = self._pool.add(order.race(ran.result.machine), ran.result.bench)
        names = order.changed
        rows = judged.rows_of(ran.result, pooled, names, rivals.last, rivals.best)
        self._remember(order, ran.result, rows)
        changes = summing.changes(self._of_order, ran.result)
        return replace(outcome, rows=rows, turns=pooled.turns, changes=changes)

    def _remember(self, order: Order, result: Result, rows: tuple[Row, ...]) -> None:
        """A state that is FASTER than the best is the best; one that is only thought so while few
        starts were taken is not, once more of them say otherwise."""
        self._memory.was_right(order.state)
        self._result = result
        if order.rivals.best is None or self._chosen:
            return
        faster = judged.over_all(rows, BEST) is Verdict.FASTER
        self._memory.best = order.state if faster else order.rivals.best


def _unfit(number: int, order: Order, why: HostUnfit) -> Outcome:
    """Of a turn for which the host lacked something; the next one asks it anew."""
    said = " → ".join(part for part in (why.message, why.hint) if part)
    return Outcome(number, Word.FAILED, order.state.label, troubles=(Trouble("", said),))
