"""One case in one start: every entrant in a process that began with this start, turn by turn."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from remote_payload.contract.plans import MORE_WARMUPS, BenchPlan
from remote_payload.contract.words import Method, Status
from remote_payload.stages.apart.words import Judged, NotCalled, Piece
from remote_payload.stages.bench.race import (
    SHIFTS,
    Draw,
    Drawn,
    Enter,
    Entered,
    Forget,
    Go,
    JudgeTimed,
    Look,
    Looked,
    Prepare,
    Prepared,
    Sit,
)
from remote_payload.stages.bench.rows import Rows
from remote_payload.stages.bench.schedule import Effort, Entrant, Trial, effort
from remote_payload.stages.bench.seat import Out, Seat

Ask = Callable[[Any], Any]
# Nobody who is timed can know when it is looked at, or what comes next.
_CHANCE = random.SystemRandom()
# Of a start's time; where drawing takes more, all starts get the same inputs.
_SHARE_FOR_DRAWING = 0.2


class CannotJudge(Exception):
    """The judge draws nothing, or finds nothing; the text says why."""


@dataclass(frozen=True)
class Field:
    """What a heat is run with. slot_s: seconds for each method, None if nothing bounds them.

    tell: hears of each turn before it is taken, with its number, and how many there are. chosen:
    hears of what would be done if nothing bounded it, and of what is done.
    """

    plan: BenchPlan
    device: str
    slot_s: Optional[float]
    tell: Callable[[Method, int, int], None]
    chosen: Callable[[Method, Effort, Effort], None]


@dataclass
class Kept:
    """What the heats of one case have in common. unrecorded: who is not tried by GRAPH.

    first: the inputs of the check; sets: others, one for each round. They are drawn anew for each
    start, unless that takes too long: no process has seen any of them in either case.
    """

    unrecorded: Set[str] = field(default_factory=set)
    first: Optional[Drawn] = None
    sets: List[Drawn] = field(default_factory=list)


class Heat:
    """rows: of the case. seats: of those who race. judge: asked for inputs, and for what outputs
    are worth. kept: of the heats before."""

    def __init__(
        self, field: Field, rows: Rows, seats: Mapping[Entrant, Seat], judge: Ask, kept: Kept
    ) -> None:
        self._field, self._rows, self._judge = field, rows, judge
        self._seats: Dict[Entrant, Seat] = dict(seats)
        self._kept, self._unrecorded = kept, kept.unrecorded
        self.ended: List[Tuple[Entrant, Out]] = []

    def run(self) -> None:
        """Time all by each method. Raises CannotJudge; OutOfTime and Died as of the judge."""
        began, kept, plan = time.monotonic(), self._kept, self._field.plan
        self._rows.start()
        self._begin()
        kept.first = kept.first or self._drawn(Draw(self._rows.case, first=True))
        unknown = tuple(one for one in plan.methods if not self._rows.effort(one).rounds)
        self._all(Sit())
        entered = self._enter(Enter(self._rows.case, kept.first.given, unknown))
        for place, method in enumerate(unknown):
            turn_s = sum(one.seconds[place] for one in entered)
            self._choose(method, Trial(max(turn_s, 1e-9), len(entered)))
        while len(kept.sets) < max(self._rows.effort(one).rounds for one in plan.methods):
            kept.sets.append(self._drawn(Draw(self._rows.case)))
        for method in plan.methods:
            self._by(method, self._rows.effort(method))
        drawing_s = sum(one.seconds for one in kept.sets)
        if drawing_s < _SHARE_FOR_DRAWING * (time.monotonic() - began):
            self._ask_judge(Forget(tuple(one.number for one in kept.sets)))
            kept.sets.clear()

    def _choose(self, method: Method, trial: Trial) -> None:
        field = self._field
        whole, chosen = (
            effort(method, field.plan, field.device, trial, slot) for slot in (None, field.slot_s)
        )
        self._rows.chosen(method, chosen)
        field.chosen(method, whole, chosen)

    def _begin(self) -> None:
        for entrant, seat in tuple(self._seats.items()):
            try:
                seat.begin()
            except Out as out:
                self._out(entrant, out)

    def _enter(self, message: Enter) -> List[Entered]:
        """One after the other, in any order, where it is tried how long they take, and on a CPU,
        which each of them fills by itself (all at once they took twice as long there); else all at
        once."""
        found: List[Entered] = []
        order = list(self._seats)
        _CHANCE.shuffle(order)
        one_by_one = ((entrant, self._at_turn(entrant, message)) for entrant in order)
        alone = bool(message.methods) or self._field.device == "cpu"
        for entrant, said in one_by_one if alone else self._all(message):
            if said is not None:
                found.append(said)
                self._rows.ran(entrant, said.library_digest)
        return found

    def _all(self, message: Any) -> List[Tuple[Entrant, Any]]:
        """What each says that all do at once, as nobody's time is taken; None of who is out."""
        sent: List[Entrant] = []
        seats = dict(self._seats)
        for entrant, seat in seats.items():
            seat.resume()
            try:
                seat.send(message)
                sent.append(entrant)
            except Out as out:
                self._out(entrant, out)
        found: List[Tuple[Entrant, Any]] = []
        for entrant in sent:
            try:
                found.append((entrant, seats[entrant].hear(message)))
            except Out as out:
                self._out(entrant, out)
            finally:
                seats[entrant].pause()
        return [(entrant, said) for entrant, said in found if entrant in self._seats]

    def _by(self, method: Method, chosen: Effort) -> None:
        """All rounds by one method; each entrant is looked at after one of them, and nobody knows
        which."""
        looked = {entrant: _CHANCE.randrange(chosen.rounds) for entrant in self._seats}
        for number in range(chosen.rounds):
            self._field.tell(method, number, chosen.rounds)
            order = list(self._seats)
            _CHANCE.shuffle(order)
            for entrant in order:
                if method is Method.GRAPH and entrant.provider in self._unrecorded:
                    continue
                self._turn(entrant, method, chosen, number, looked[entrant] == number)

    def _turn(
        self, entrant: Entrant, method: Method, chosen: Effort, number: int, keep: bool
    ) -> None:
        """One turn of one entrant: inputs it has never seen, its time, and what became of them."""
        if entrant not in self._seats:
            return
        seat, inputs = self._seats[entrant], self._kept.sets[number]
        other = self._seen_before(number)
        shift = _CHANCE.randrange(SHIFTS)
        seat.resume()
        try:
            prepare = Prepare(inputs.given, shift, method, chosen.calls)
            prepared: Prepared = seat.ask(prepare).said
            if prepared.outputs:
                self._require_right_replay(inputs, prepared.outputs)
            warmup = chosen.warmup + _CHANCE.randrange(1 + chosen.warmup // MORE_WARMUPS)
            answer = seat.ask(Go(method, warmup, chosen.calls, chosen.per_round))
            looked: Looked = seat.ask(Look(keep, other.given if keep else None)).said
        except Out as out:
            self._out(entrant, out.by(method))
            return
        finally:
            seat.pause()
        self._rows.row(method, entrant).take(answer)
        if looked.changed:
            how = f"{looked.changed} while being timed"
            self._out(entrant, Out(how, Status.FAILED))
        elif keep:
            self._judge_turn(entrant, method, (inputs, looked.outputs), (other, looked.later))

    def _seen_before(self, number: int) -> Drawn:
        """Any inputs of the rounds before, so that those of the next stay unseen."""
        assert self._kept.first is not None  # all have entered with it
        return _CHANCE.choice([self._kept.first, *self._kept.sets[:number]])

    def _judge_turn(
        self,
        entrant: Entrant,
        method: Method,
        timed: Tuple[Drawn, Tuple[Piece, ...]],
        later: Tuple[Drawn, Tuple[Piece, ...]],
    ) -> None:
        words = "the output of its last timed call is wrong: "
        if method is Method.GRAPH:
            words = "the output of its last replayed call is wrong: "
        after = "the output of a call after those is wrong: "
        for what, (inputs, outputs) in ((words, timed), (after, later)):
            wrong = self._wrong(inputs, outputs) if outputs else ""
            if wrong:
                only = Method.GRAPH if method is Method.GRAPH else None
                self._out(entrant, Out(f"{what}{wrong}", Status.FAILED, only))
                return

    def _require_right_replay(self, inputs: Drawn, outputs: Tuple[Piece, ...]) -> None:
        if wrong := self._wrong(inputs, outputs):
            how = f"not timed by graph: a replay computes something else: {wrong}"
            raise Out(how, Status.SKIPPED, Method.GRAPH)

    def _at_turn(self, entrant: Entrant, message: Any) -> Any:
        """What it says; None: it is out."""
        seat = self._seats.get(entrant)
        if seat is None:
            return None
        seat.resume()
        try:
            return seat.ask(message).said
        except Out as out:
            self._out(entrant, out)
            return None
        finally:
            seat.pause()

    def _out(self, entrant: Entrant, out: Out) -> None:
        """Whoever fails is out; by GRAPH, of that method alone, as not all that computes can be
        recorded. Its control goes with it, which is the same code."""
        provider = entrant.provider
        only = out.only
        if only is Method.GRAPH:
            self._unrecorded.add(provider)
        self._rows.blame(provider, out.status, out.how, only)
        if out.ended:
            self.ended.append((entrant, out))
        if only is None or out.ended:
            self._seats = {
                one: seat
                for one, seat in self._seats.items()
                if (one.provider != provider if only is None else one != entrant)
            }

    def _wrong(self, inputs: Drawn, outputs: Sequence[Piece]) -> str:
        judged: Judged = self._ask_judge(JudgeTimed(inputs.number, tuple(outputs)))
        return judged.wrong

    def _drawn(self, message: Draw) -> Drawn:
        drawn: Drawn = self._ask_judge(message)
        return drawn

    def _ask_judge(self, message: Any) -> Any:
        answer = self._judge(message)
        if isinstance(answer, NotCalled):
            raise CannotJudge(answer.how)
        return answer
