"""Turns over a line, with a racer whose results are what a test says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestrator.values.snapshot import Scan, Snapshot
from orchestrator.workflows.plan import Plan
from orchestrator.workflows.watch.memory import Rivals
from orchestrator.workflows.watch.pool import Pool
from orchestrator.workflows.watch.reading import Now
from orchestrator.workflows.watch.states import State
from orchestrator.workflows.watch.turns import Order
from tests.report import synthetic


def test_that_starts_of_two_machines_are_never_added() -> None:
    request = synthetic.request()
    scan = Scan(Path(), Snapshot.of([]), ())
    order = Order(Now(Plan(request, ()), scan, ()), State(1, ()), Rivals(), request, scan)
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
