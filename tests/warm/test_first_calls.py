"""What the first timed call of a start finds: in a watch it is all by which a memory is told."""

from __future__ import annotations

import ctypes
import re

import pytest

from orchestrator.launch.warm import Warm
from orchestrator.transport.local import LocalTransport
from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.words import Method, Status
from tests.warm.conftest import Project

OPERATOR = """import torch
axes = {"M": 256, "N": 512}
def inputs(M, N, dtype, generator): return torch.randn(M, N, dtype=dtype, generator=generator)
def reference(x): return torch.softmax(x, -1)
"""
# Four operations, each of which wants memory of its own.
COUNTS = """import os, resource, torch
def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def mine(x):
    before = faults()
    e = torch.exp(x - x.max(-1, keepdim=True).values)
    y = e / e.sum(-1, keepdim=True)
    print("took", os.getpid(), faults() - before, flush=True)
    return y
"""
TOOK = re.compile(rb"took (\d+) (\d+)\n")
BEFORE, CHECKED = 2, 3  # calls of a start that are not timed, and calls of a check


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="a libc without mallopt")
def test_that_no_timed_call_waits_for_pages_that_another_finds(
    project: Project, transport: LocalTransport, warm: Warm
) -> None:
    snapshot = project.deployed(transport, COUNTS, OPERATOR)
    plan = BenchPlan((Method.BACK_TO_BACK,), 1, 2, 1, 0.5, starts=(4,))
    turn = warm.turn(snapshot, project.request(snapshot, bench=plan))
    assert turn.result.status is Status.OK
    of: dict[bytes, list[int]] = {}
    for pid, faults in TOOK.findall(turn.log):
        of.setdefault(pid, []).append(int(faults))
    timed = [faults[BEFORE:] for faults in of.values() if len(faults) > CHECKED]
    assert len(timed) == 4
    assert max(map(sum, timed)) < 100, "64 pages are a block of a quarter of a MiB"
