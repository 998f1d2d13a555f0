"""Heats of a case in this process: the same race, with seats and a judge that are no processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.request import Provider
from remote_payload.machine.clock import Clock
from remote_payload.operators.setting import Setting
from remote_payload.stages.apart.keeping import Direct
from remote_payload.stages.bench.heat import Field, Heat, Kept
from remote_payload.stages.bench.rows import Rows
from remote_payload.stages.bench.seat import Answer, Seat, heard
from remote_payload.stages.bench.timing import Timed
from remote_payload.stages.bench.umpire import Umpire


class Here:
    """A seat in this process."""

    def __init__(self, timed: Timed) -> None:
        self._timed = timed

    def begin(self) -> None:
        """It is here."""

    def send(self, message: Any) -> None:
        """It is done when it is heard."""

    def hear(self, message: Any) -> Any:
        return self.ask(message).said

    def ask(self, message: Any) -> Answer:
        began_s = time.monotonic()
        with torch.no_grad():
            said = self._timed.answer(message)
        return Answer(heard(said, message), began_s, time.monotonic())

    def pause(self) -> None:
        """There is nothing to stop."""

    def resume(self) -> None:
        """Nor to go on with."""


def raced(
    setting: Setting,
    case: Case,
    providers: tuple[Provider, ...],
    plan: BenchPlan,
    clock: Callable[[], Clock],
    baseline: str = "",
    kept: Kept | None = None,
    slot_s: float | None = None,
) -> list[BenchRecord]:
    """The records of as many starts as the plan's first look takes. clock: made for each seat."""
    known = {one.name: one for one in providers}
    rows = Rows(case, tuple(known), plan.methods, baseline)
    umpire, kept = Umpire(setting, Direct()), kept or Kept()
    field = Field(plan, setting.device, slot_s, lambda *_: None, lambda *_: None)
    for _ in range(plan.starts[0]):
        seats: dict[Any, Seat] = {
            one: Here(Timed(known[one.provider], setting, clock(), Direct()))
            for one in rows.entrants
        }
        Heat(field, rows, seats, umpire.answer, kept).run()
    rows.complete()
    return rows.records()
