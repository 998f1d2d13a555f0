"""The proofs `memcheck` and `racecheck`: compute-sanitizer watches one small case of our kernel.

Its exit status says nothing, so its summary is read; and since a tool that looks at nothing finds
nothing, it first has to find a fault that was planted for it.

memcheck's word counts. racecheck does not see what TMA writes and has been known to report hazards
around asynchronous copies that are none; and a tool that slows a kernel down a hundredfold may not
be done in time. So what racecheck says, or cannot say, is for people to judge; only a wrong answer
of the kernel under it is the kernel's failure.
https://docs.nvidia.com/compute-sanitizer/ComputeSanitizer/index.html
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from typing import Sequence, Tuple

from remote_payload.contract import codec
from remote_payload.contract.case import Case
from remote_payload.machine import installed, toolkit
from remote_payload.operators.attention.watched import CASES
from remote_payload.operators.setting import Setting
from remote_payload.stages.prove.prove import Late, Place, Refuted, Skipped, last_line
from remote_payload.stages.prove.prove_conformance import nvcc

PLANTED = "csrc/conformance/planted_faults.cu"
# What sanitized_call prints once a case ran: its answer was right, or not.
SOUND, WRONG = "sound:", "wrong:"
PLACES = (
    "/usr/local/cuda/compute-sanitizer/compute-sanitizer",
    "/usr/local/cuda-*/compute-sanitizer/compute-sanitizer",
)
_END_CHARACTERS = 400
# The program imports torch before it meets CUDA; the tool gives up after 10 s by itself.
_LAUNCH_LIMIT_S = 120
_MARK = "========="
_BANNER = "COMPUTE-SANITIZER"


@dataclass(frozen=True)
class Tool:
    """summary: the line whose first group is the number of findings. finds: its plural noun."""

    name: str
    finds: str
    summary: str
    options: Tuple[str, ...] = ()


# torch probes for driver functions that may be missing; that is no error of our kernel.
MEMCHECK = Tool(
    "memcheck", "errors", r"ERROR SUMMARY: (\d+) errors?", ("--report-api-errors", "no")
)
RACECHECK = Tool(
    "racecheck",
    "hazards",
    r"RACECHECK SUMMARY: (\d+) hazards? displayed \(\d+ errors?, \d+ warnings?\)",
)


@dataclass(frozen=True)
class Order:
    """What the watched program has to know."""

    setting: Setting
    cases: Tuple[Case, ...]


class WrongAnswer(Refuted):
    """The watched kernel's result was wrong."""


class NotUnderstood(Exception):
    """The tool's output is none that we know; the text holds its end."""


def memcheck(place: Place) -> str:
    """No access of our kernel out of bounds or misaligned. What was proven, in words."""
    return _watched(place, MEMCHECK)


def racecheck(place: Place) -> str:
    """No hazard in shared memory that the tool can see. What was proven, in words.

    All else but a wrong answer of the kernel is for people to judge.
    """
    try:
        return _watched(place, RACECHECK)
    except WrongAnswer:
        raise
    except (Refuted, Late) as exc:
        raise type(exc)(str(exc), for_people=True) from exc


def findings(text: str, tool: Tool) -> Tuple[int, Tuple[str, ...]]:
    """How many the tool counted, and what else it said, in order. Raises NotUnderstood."""
    said = [line[len(_MARK) :].strip() for line in text.splitlines() if line.startswith(_MARK)]
    if _BANNER not in said:
        raise NotUnderstood(f"not understood, it never introduced itself: {_end(text)}")
    counts = [found for found in (re.fullmatch(tool.summary, line) for line in said) if found]
    if len(counts) != 1:
        raise NotUnderstood(f"not understood, {len(counts)} summaries: {_end(text)}")
    usual = (_BANNER, counts[0].group(0), "")
    return int(counts[0].group(1)), tuple(line for line in said if line not in usual)


def find(path: str, places: Sequence[str] = PLACES) -> str:
    """compute-sanitizer of the folders of `path`, else of the usual places. Raises Skipped."""
    found = installed.program("compute-sanitizer", path, places)
    if found is not None:
        return found
    raise Skipped(
        "compute-sanitizer is neither on the PATH nor beside nvcc; it comes with the CUDA toolkit "
        "(package cuda-sanitizer)"
    )


def _watched(place: Place, tool: Tool) -> str:
    if place.setting.device != "cuda":
        raise Skipped("no GPU in this run")
    if place.setting.library is None:
        raise Skipped(place.setting.no_library)
    program = find(os.pathsep.join(toolkit.nvcc_places()))
    command = (program, "--tool", tool.name, *tool.options)
    _try_the_tool(place, tool, command)
    order = place.scratch / "order.json"
    codec.write_atomic(order, codec.dumps(Order(place.setting, CASES)))
    watched = (sys.executable, "-m", "remote_payload.stages.prove.sanitized_call", str(order))
    patient = (*command, "--launch-timeout", str(_LAUNCH_LIMIT_S), *watched)
    ended, text = place.run(patient, f"{tool.name}.txt")
    wrong = [line for line in text.splitlines() if line.startswith(WRONG)]
    if wrong:
        raise WrongAnswer(f"under {tool.name}, {wrong[0]}")
    count, said = _read(text, tool)
    if count or said:
        first = f": {said[0]}" if said else ""
        raise Refuted(f"{count} {tool.finds[:-1] if count == 1 else tool.finds}{first}")
    sound = [line for line in text.splitlines() if line.startswith(SOUND)]
    if len(sound) != len(CASES):
        how = ended.why or f"ended with status {ended.exit_code}"
        raise Refuted(
            f"0 {tool.finds}, but {len(sound)} of {len(CASES)} calls were made; the program "
            f"{how}: {_last_of_the_program(text)}"
        )
    kernels = dict.fromkeys(line[len(SOUND) :].strip().partition(",")[0] for line in sound)
    return f"0 {tool.finds} in {len(sound)} calls ({', '.join(kernels)}); a planted fault was found"


def _try_the_tool(place: Place, tool: Tool, command: Sequence[str]) -> None:
    """Refuted unless the tool finds the fault planted for it."""
    planted = nvcc(place, PLANTED, "planted")
    _, text = place.run((*command, str(planted), tool.name), f"{tool.name}-planted.txt")
    count, _ = _read(text, tool)
    if not count:
        raise Refuted(
            f"{tool.name} is silent about a planted fault, so its silence proves nothing: "
            f"{_end(text)}"
        )


def _read(text: str, tool: Tool) -> Tuple[int, Tuple[str, ...]]:
    try:
        return findings(text, tool)
    except NotUnderstood as exc:
        raise Refuted(f"{tool.name}: {exc}") from exc


def _last_of_the_program(text: str) -> str:
    return last_line("\n".join(line for line in text.splitlines() if not line.startswith(_MARK)))


def _end(text: str) -> str:
    return " / ".join(text[-_END_CHARACTERS:].split("\n")).strip() or "it printed nothing"
