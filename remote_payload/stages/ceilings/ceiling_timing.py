"""Ceilings on the device itself; runs inside the ceilings worker process."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any, Iterator, Optional

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.records import CeilingRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Status
from remote_payload.machine.clock import Clock, CpuClock, CudaClock
from remote_payload.operators.problem import Problem, Tensors, WrongForm, operator_of
from remote_payload.operators.setting import Setting
from remote_payload.processes import places
from remote_payload.processes.isolate import Pipe
from remote_payload.processes.places import sentence
from remote_payload.providers.loading import CannotRun, Loaded, load
from remote_payload.stages.ceilings import table
from remote_payload.stages.ceilings.ceilings import ROUNDS, Task
from remote_payload.stages.ceilings.table import Ceiling

FEWEST_ROUNDS = 6  # fewer than six samples have no interval
SAMPLE_US = 20_000.0  # one sample, launches and events being lost in it
MOST_CALLS = 2000
WARM_SHARE = 0.3  # of a ceiling's time, before the first sample, for clocks to settle
US_PER_S = 1e6


def serve(pipe: Pipe, task: Task) -> None:
    """The worker's life: a ceiling's name in; records with ever more samples out, the last marked
    True."""
    gc.disable()  # a collection inside a burst would be measured
    clock: Clock = CudaClock() if task.setting.device == "cuda" else CpuClock()
    while True:
        try:
            name: str = pipe.recv()
        except EOFError:
            return
        record = CeilingRecord(name, Status.FAILED)
        try:
            with torch.no_grad():
                for record in measure(name, table.of(name, task), task, clock):
                    pipe.send((record, False))
        except CannotRun as exc:
            record = replace(record, status=Status.SKIPPED, reason=str(exc))
        except Exception as exc:
            places.trace()
            record = replace(record, status=Status.FAILED, reason=f"raised {sentence(exc)}")
        gc.collect()
        pipe.send((record, True))


def measure(name: str, ceiling: Ceiling, task: Task, clock: Clock) -> Iterator[CeilingRecord]:
    """The record after each step; nothing is timed before its result was found right. CannotRun,
    or whatever the provider raises."""
    operator = ceiling.case.operator
    setting = replace(task.setting, operator=operator, operator_target="", own=None)
    loaded = load(Provider(ceiling.provider), setting)
    record = CeilingRecord(
        name, Status.FAILED, "unfinished", ceiling.what, ceiling.unit, ceiling.work_per_call,
        case=ceiling.case, provider=ceiling.provider,
    )  # fmt: skip
    with loaded.within():
        for case in (*ceiling.before, ceiling.case):
            attempt = Attempt(loaded, case, setting)
            if wrong := attempt.first():
                where = f" on {case.label}" if case != ceiling.case else ""
                yield replace(record, reason=f"its result is wrong{where}: {wrong}")
                return
        yield from _timed(record, attempt, task.slot_s * US_PER_S, clock)


def _timed(
    record: CeilingRecord, attempt: Attempt, slot_us: float, clock: Clock
) -> Iterator[CeilingRecord]:
    one_us = clock.burst(attempt.call, 0, 1).time_us
    calls = _between(1, SAMPLE_US / one_us, MOST_CALLS)
    rounds = _between(FEWEST_ROUNDS, (1 - WARM_SHARE) * slot_us / (calls * one_us), ROUNDS)
    warm = _between(1, WARM_SHARE * slot_us / one_us, MOST_CALLS * ROUNDS)
    record = replace(record, calls=calls)
    yield record
    clock.burst(attempt.call, 0, warm)
    for _ in range(rounds):
        burst = clock.burst(attempt.call, 0, calls)
        record = replace(record, samples_us=(*record.samples_us, burst.time_us))
        yield record
    if wrong := attempt.wrong(burst.out):
        yield replace(record, reason=f"the result of the last timed call is wrong: {wrong}")
        return
    yield replace(record, status=Status.OK, reason="")


class Attempt:
    """A provider on one case: a call with nothing in it but its work, and what is wrong with what
    comes of it."""

    def __init__(self, loaded: Loaded, case: Case, setting: Setting) -> None:
        self._problem = Problem(operator_of(setting), case, setting)
        self._given = self._problem.to_device(self._problem.drawn())
        self._held = self._problem.to_device(self._given)
        self._problem.implementation(loaded, self._held)  # CannotRun, if there is none
        self.call = self._problem.bind(loaded, self._held)
        self._right: Optional[Tensors] = None

    def first(self) -> str:
        """What is wrong with the first call, whose output lies where only NaN lay before."""
        with self._problem.poisoned():
            returned = self.call()
            self._problem.settle()
        return self.wrong(returned)

    def wrong(self, returned: Any) -> str:
        """What is wrong with what a call returned; empty if nothing is."""
        try:
            outputs = self._problem.outputs(returned)
        except WrongForm as exc:
            return str(exc)
        if changed := self._problem.changed(self._held, self._given):
            return f"it {changed}"
        if self._right and all(torch.equal(a, b) for a, b in zip(outputs, self._right)):
            return ""
        if self._problem.exact(outputs, self._given):
            return ""
        wrong = self._problem.describe(self._problem.measure(outputs, self._given))
        if not wrong:
            self._right = tuple(out.clone() for out in outputs)
        return wrong


def _between(low: int, value: float, high: int) -> int:
    return max(low, min(int(value), high))
