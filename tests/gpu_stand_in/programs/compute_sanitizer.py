"""In the place of compute-sanitizer: the program really runs, and the summary is the manual's.

It finds the planted faults by the program's name, and what STAND_IN says: "sanitizer-hangs",
"racecheck-hazards". Runs as `python3 -IS compute_sanitizer.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

BANNER = "========= COMPUTE-SANITIZER"
WITH_VALUE = ("--tool", "--report-api-errors", "--launch-timeout", "--print-limit")
OUT_OF_BOUNDS = """\
========= Invalid __global__ write of size 4 bytes
=========     at write_past_the_end(int *, int)+0x70 in planted_faults.cu:20
=========     by thread (0,0,0) in block (0,0,0)
=========     Address 0x7f1a2a000400 is out of bounds
========="""
RACE = """\
========= Error: Race reported between Write access at {kernel}+0x70 in {file}:26
=========     and Read access at {kernel}+0x80 in {file}:27 [256 hazards]
========="""


def main(words: list[str]) -> int:
    if "--version" in words:
        print("NVIDIA (R) Compute Sanitizer\nVersion 2025.3.1.0")
        return 0
    tool, command = split(words)
    print(BANNER, flush=True)
    planted = Path(command[0]).name == "planted"
    case = os.environ.get("STAND_IN")
    if case == "sanitizer-hangs" and not planted:
        while True:
            time.sleep(3600)
    status = subprocess.run(command, check=False).returncode
    found = planted or (tool == "racecheck" and case == "racecheck-hazards")
    if tool == "racecheck":
        where = ("race_in_shared_memory(int *)", "planted_faults.cu")
        kernel, file = where if planted else ("attention_hopper", "kernel.cuh")
        print(RACE.format(kernel=kernel, file=file) if found else "", end="\n" if found else "")
        counts = "1 hazard displayed (1 error" if found else "0 hazards displayed (0 errors"
        print(f"========= RACECHECK SUMMARY: {counts}, 0 warnings)")
    else:
        print(OUT_OF_BOUNDS if found else "", end="\n" if found else "")
        print(f"========= ERROR SUMMARY: {'1 error' if found else '0 errors'}")
    return status


def split(words: list[str]) -> tuple[str, list[str]]:
    """The tool, and the program with its arguments."""
    tool, at = "memcheck", 0
    while at < len(words) and words[at].startswith("--"):
        option, equals, value = words[at].partition("=")
        if option == "--tool":
            tool = value if equals else words[at + 1]
        at += 2 if option in WITH_VALUE and not equals else 1
    return tool, words[at:]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
