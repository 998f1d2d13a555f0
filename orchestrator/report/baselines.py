"""Timings that others published of an operator, as data with their provenance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from orchestrator.here import shipped
from orchestrator.performance.device import find
from remote_payload.contract import codec
from remote_payload.contract.case import Case
from remote_payload.contract.machine import Machine
from remote_payload.contract.words import Method


@dataclass(frozen=True)
class BaselineRow:
    """One case; unit_us is its time in the operator's unit, as it was printed."""

    case: Case
    unit_us: float


@dataclass(frozen=True)
class Baseline:
    """A published series of timings without raw samples, for one GPU and one torch version."""

    name: str
    operator: str
    provenance: str
    gpu: str
    torch: str
    provider: str
    method: Method
    method_note: str
    rows: tuple[BaselineRow, ...]

    def same_gpu(self, machine: Machine | None) -> bool:
        """Whether the machine has the GPU model the rows were taken on, and the whole of it."""
        if machine is None or machine.gpu != self.gpu:
            return False
        known = find(self.gpu)
        return known is None or machine.sm_count in (None, known.sm_count)

    def same_machine(self, machine: Machine | None) -> bool:
        """Whether GPU model and torch version are the ones the rows were taken on."""
        return self.same_gpu(machine) and machine is not None and machine.torch == self.torch


@cache
def published(operator: str) -> tuple[Baseline, ...]:
    """What is known of an operator from before: a file each in benchmarks/baselines/."""
    files = sorted(shipped.folder("baselines").glob("*.json"))
    texts = (path.read_text(encoding="utf-8") for path in files)
    every = (codec.loads(Baseline, text) for text in texts)
    return tuple(one for one in every if one.operator == operator)
