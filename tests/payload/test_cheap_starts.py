"""What a process of a run does not pay for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COUNTS = """
import sys, torch
from remote_payload.operators.counting import counting
a = torch.ones(4, 8)
print(counting(lambda: (torch.softmax(a @ a.T, -1),)).flop, "torch._dynamo" in sys.modules)
"""
FREEZES = """
import gc
before = len(gc.get_objects())
from remote_payload.processes import settled
print(len(gc.get_objects()) < before / 10)
"""


def said(program: str) -> str:
    argv = [sys.executable, "-c", program]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_that_counting_a_references_work_does_not_import_torchs_compiler() -> None:
    assert said(COUNTS) == f"{2 * 4 * 8 * 4} False\n"


def test_that_a_worker_collects_nothing_that_was_there_when_it_was_forked() -> None:
    assert said(FREEZES) == "True\n"
