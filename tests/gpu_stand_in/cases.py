"""The ways in which the stand-in machine may be broken, by the value of STAND_IN."""

from __future__ import annotations

CASES = {
    "right": "nothing is wrong",
    "wrong-element": "one element of ours is wrong, from STAND_IN_LARGE_HEADS (4) heads on",
    "wrong-always": "one element of ours is wrong",
    "hangs": "our kernel never ends: the next synchronisation waits for ever",
    "hangs-late": "the same, from the second case on that the machine meets",
    "faults": "our kernel meets an illegal address, which spoils its process's context for good",
    "segfault": "our launch ends its process",
    "cudnn-refuses": "cuDNN has no execution plan for any case",
    "no-ensurepip": "python3 -m venv fails, as Debian's does without python3-venv",
    "no-wheelhouse": "there is no wheelhouse",
    "no-nvcc": "there is no nvcc",
    "slow-build": "nvcc takes STAND_IN_SLOW_BUILD_S (200) s more",
    "no-ncu": "there is no ncu",
    "ncu-denied": "ncu may not read counters",
    "ncu-hangs": "ncu never ends",
    "no-sanitizer": "there is no compute-sanitizer",
    "sanitizer-hangs": "compute-sanitizer never ends",
    "racecheck-hazards": "racecheck reports a hazard in ours",
}
