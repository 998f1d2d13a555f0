"""What calls on a CPU give back stays with their process, so that no call pays for another's pages."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CALLS, SIZE_BYTES = 50, 8 << 20
# Four blocks of half a MiB, as a softmax out of four operations has them, and their faults a call.
SCRIPT = f"""
import ctypes, resource, sys
import torch
# As glibc begins, whatever importing torch made of it.
for option in (-1, -3):
    ctypes.CDLL(None).mallopt(option, 131072)
from remote_payload.machine import heap
if sys.argv[1] == "kept":
    heap.keep()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range({CALLS}):
        held = [torch.ones(128, 1024) for _ in range(4)]
        del held
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""
# Of a first call; blocks stand between what is free, to which nobody has written yet.
FIRST = f"""
import resource, sys
import torch
from remote_payload.machine import heap
heap.keep()
torch.ones(1)
between = [torch.empty(128, 3000) for _ in range(16)]
del between[::2]
if sys.argv[1] == "ready":
    heap.ready({SIZE_BYTES})
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
held = [torch.ones(128, 3000 - 64 * each) for each in range(8)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
pytestmark = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallopt"), reason="a libc without mallopt"
)


def faults(how: str, **environment: str) -> float:
    """Of one call."""
    return faulted(SCRIPT, how, **environment) / CALLS


def faulted(script: str, how: str, **environment: str) -> int:
    pytest.importorskip("torch")
    done = subprocess.run(
        [sys.executable, "-c", script, how],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_a_call_finds_the_pages_that_the_call_before_gave_back() -> None:
    usual, kept = faults("usual"), faults("kept")
    assert usual > 100, "else there is nothing to keep here, and this shows nothing"
    assert kept < 1


def test_a_first_call_finds_pages_where_it_was_made_ready() -> None:
    unready, ready = faulted(FIRST, "unready"), faulted(FIRST, "ready")
    assert unready > 500, "else there is nothing to make ready, and this shows nothing"
    assert ready < 50


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MALLOC_TRIM_THRESHOLD_", "131072"),
        ("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=131072"),
    ],
)
def test_who_says_himself_when_memory_goes_back_is_heard(name: str, value: str) -> None:
    assert faults("kept", **{name: value}) > 100
