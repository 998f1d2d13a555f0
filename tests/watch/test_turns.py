"""Turns over a line, with a racer whose results are what a test says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator.errors import HostUnfit
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.job import Ending, JobEnd
from orchestrator.values.snapshot import Entry, Kind, Scan, Skipped, Snapshot
from orchestrator.workflows.plan import Plan
from orchestrator.workflows.watch.memory import Rivals
from orchestrator.workflows.watch.outcome import Trouble, Word
from orchestrator.workflows.watch.pool import Pool
from orchestrator.workflows.watch.racing import Ran
from orchestrator.workflows.watch.reading import Now
from orchestrator.workflows.watch.states import Part, State
from orchestrator.workflows.watch.turns import Desk, Order, Turns
from remote_payload.contract.request import Provider
from tests.faults.doubles import Said
from tests.report import synthetic

SCAN = Scan(Path(), Snapshot.of([]))


def test_that_starts_of_two_machines_are_never_added() -> None:
    request = synthetic.request()
    order = Order(Now(Plan(request, ()), SCAN, ()), State(1, ()), Rivals(), request, SCAN)
    here = synthetic.gpu_machine()
    races = [
        order.race(machine)
        for machine in (
            here,
            replace(here, before=None, after=None),
            replace(here, gpu_uuid_digest="another"),
            replace(here, hostname_digest="another"),
        )
    ]
    pool, records = Pool(), synthetic.gpu_result().bench
    assert [pool.add(race, records).turns for race in races] == [1, 2, 1, 1]


@dataclass(frozen=True)
class Keeps:
    run_id: str = "a run"


class Scripted:
    """A line whose every turn comes to what a script says."""

    def __init__(self, *script: HostUnfit | Ran) -> None:
        self._script = [*script]

    def begin(self) -> None:
        return

    require_wanted = begin

    def done(self, act: object) -> tuple[Ran, Keeps, dict[str, float]]:
        came = self._script.pop(0)
        if isinstance(came, HostUnfit):
            raise came
        return came, Keeps(), {}


def edited(content: bytes) -> Now:
    part = Part(Provider("sparsek"), "csrc", (("csrc/a.cu", content),))
    scan = Scan(Path(), Snapshot.of([Entry("csrc/a.cu", Kind.FILE, 1, content.hex())]))
    return Now(Plan(synthetic.request(), ()), scan, (part,))


def test_that_a_state_that_was_made_the_best_is_held_against_no_other_best() -> None:
    line = Scripted(*[Ran(synthetic.gpu_result(), JobEnd(Ending.EXIT, 0), "")] * 3)
    turns = Turns(Desk(Path(), RunStore(Path()), "", Said()), line)  # type: ignore[arg-type]
    turns.turn(1, edited(b"1"))
    second = turns.turn(2, edited(b"2"))
    assert (second.word, second.last, second.best) == (Word.RIGHT, "turn1", "turn1")
    assert turns.make_best() is not None
    again = turns.turn(3, edited(b"2"))
    assert (again.state, again.last, again.best) == ("turn2", "turn1", "")


def test_that_a_host_that_lacks_something_by_now_costs_a_turn_and_no_watch() -> None:
    full = HostUnfit("pod: no space left", hint="Free some.")
    ran = Ran(synthetic.gpu_result(), JobEnd(Ending.EXIT, 0), "")
    line = Scripted(full, ran, full, ran)
    now = Now(Plan(synthetic.request(), ()), SCAN, ())
    turns = Turns(Desk(Path(), RunStore(Path()), "", Said()), line)  # type: ignore[arg-type]
    with pytest.raises(HostUnfit):  # as of any run: nothing says that it ever could
        turns.turn(1, now)
    assert turns.turn(2, now).run == "a run"
    told = turns.turn(3, now)
    assert (told.word, told.run) == (Word.FAILED, "")
    assert told.troubles == (Trouble("", "pod: no space left → Free some."),)
    assert turns.turn(4, now).run == "a run"


def test_that_what_is_not_sent_is_told_before_the_host_misses_it() -> None:
    line = Scripted(Ran(synthetic.gpu_result(), JobEnd(Ending.EXIT, 0), ""))
    left = (
        Skipped("providers/mine/part.py", "holds a private key"),
        Skipped("csrc/notes.txt", "is ignored by git", usual=True),
    )
    said = Said()
    turns = Turns(Desk(Path(), RunStore(Path()), "", said), line)  # type: ignore[arg-type]
    turns.turn(1, Now(Plan(synthetic.request(), ()), replace(SCAN, skipped=left), ()))
    assert said.lines == ["not sent: providers/mine/part.py holds a private key"]
