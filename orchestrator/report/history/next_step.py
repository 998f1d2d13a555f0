"""The command that finds the commit of a step, made of the one that made its runs."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from orchestrator.performance.trend.trend import Step
from orchestrator.report.history.series import Series
from orchestrator.report.history.wording import DIGITS, is_slower
from orchestrator.values.command import typed
from remote_payload.contract.dtypes import DType

Card = Callable[[str], Mapping[str, Any]]  # of a run, by its folder's name
_TAKEN = ("--operator", "--host", "--nvcc-flag", "--arch", "--device")
_DTYPES = {dtype.value for dtype in DType}


def latest_step(every: Sequence[Series]) -> tuple[Series, Step] | None:
    """The step of which the newest runs are: in the series that ran last."""
    found = [(one.runs[-1].at, one, one.trend.steps[-1]) for one in every if one.trend.steps]
    if not found:
        return None
    _, one, step = max(found, key=lambda each: each[0])
    return one, step


def bisect(one: Series, step: Step, card: Card) -> str:
    """From the last commit that is surely before a step to the first that is surely behind it."""
    points = one.trend.points
    good, bad = points[max(step.first - 1, 0)].commit, points[step.last].commit
    said = _options(str(card(one.runs[-1].run).get("reproduce", "")))
    named = [value for name, value in said if name == "--provider"]
    mine = [value for value in named if value.partition("=")[0] == one.provider]
    who = ["--provider", mine[0]] if mine else ["--providers", one.provider]
    taken = [word for name, value in said if name in _TAKEN for word in (name, value)]
    if "--operator" not in taken and not mine:
        taken = ["--operator", one.operator, *taken]
    faster = [] if is_slower(one, step) else ["--faster"]
    words = (good[:DIGITS], bad[:DIGITS], *faster, *taken, *who, *_case(one.case))
    return typed("orchestrator", "bisect", *words)


def _options(reproduce: str) -> list[tuple[str, str]]:
    """Options with their values, as they were typed."""
    with suppress(ValueError):
        words = shlex.split(reproduce)
        found = []
        for word, after in zip(words, (*words[1:], ""), strict=True):
            name, equals, value = word.partition("=")
            if name.startswith("--"):
                found.append((name, value if equals else after))
        return found
    return []


def _case(label: str) -> list[str]:
    """`M=16 N=64 fp16 causal` as options."""
    words = label.split()
    axes = [word if "=" in word else f"{word}=true" for word in words if word not in _DTYPES]
    dtypes = [word for word in words if word in _DTYPES]
    case = ["--case", ",".join(axes)] if axes else []
    return [*case, *(["--dtype", dtypes[0]] if dtypes else [])]
