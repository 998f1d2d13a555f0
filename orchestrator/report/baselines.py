"""The original report's six rows, as data with their provenance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from orchestrator.performance.device import find
from remote_payload.contract import codec
from remote_payload.contract.case import Shape
from remote_payload.contract.records import Machine
from remote_payload.contract.words import DType, Method

_FILE = Path(__file__).parents[2] / "benchmarks" / "baselines" / "h100_sxm_torch2.4.1.json"


@dataclass(frozen=True)
class BaselineRow:
    """One head count; per_head_us is total latency / heads, as the original report prints it."""

    heads: int
    per_head_us: float


@dataclass(frozen=True)
class Baseline:
    """A published series of timings without raw samples, for one GPU and one torch version."""

    name: str
    provenance: str
    gpu: str
    torch: str
    provider: str
    batch: int
    seq: int
    dim: int
    dtype: DType
    causal: bool
    method: Method
    method_note: str
    rows: tuple[BaselineRow, ...]

    def shape(self, row: BaselineRow) -> Shape:
        """The attention shape of a row."""
        return Shape(self.batch, row.heads, self.seq, self.dim, self.dtype, self.causal)

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
def original() -> Baseline:
    """The six rows of the original report."""
    return codec.loads(Baseline, _FILE.read_text(encoding="utf-8"))
