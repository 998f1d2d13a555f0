"""The cases that a user asks for by `--case`: by axes, or by the name of a workload, which has its
own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Mapping, Tuple

from remote_payload.contract.case import Case
from remote_payload.operators.base import BadCase
from remote_payload.operators.flashinfer.reading import WORKLOAD, Workload
from remote_payload.operators.user.asked_cases import cases_of
from remote_payload.operators.user.described import Asked, Described


def cases(
    of: Described, workloads: Mapping[str, Workload], usual: Mapping[str, int], asked: Asked
) -> Tuple[Case, ...]:
    """usual: of each axis, where neither the user nor a workload says anything. BadCase."""
    made: List[Case] = []
    for sweep in asked.sweeps:
        said = dict(sweep)
        for name in said.pop(WORKLOAD, ("",)) if workloads else ("",):
            axes: Mapping[str, int] = _axes(str(name), workloads, said) if name else usual
            one = {**said, **({WORKLOAD: (str(name),)} if name else {})}
            alone = replace(asked, sweeps=(tuple(one.items()),))
            made += cases_of(of, {axis: (value,) for axis, value in axes.items()}, alone)
    return tuple(dict.fromkeys(made))


def _axes(
    name: str, workloads: Mapping[str, Workload], said: Mapping[str, Any]
) -> Mapping[str, int]:
    """Those of a workload, which nobody else sets."""
    if name not in workloads:
        raise BadCase(WORKLOAD, f"there is no {name!r:.60}; there are {', '.join(workloads)}")
    one = workloads[name]
    if one.refused:
        raise BadCase(WORKLOAD, f"{name}: {one.refused}")
    for axis, values in said.items():
        if axis in one.axes and tuple(values) != (one.axes[axis],):
            raise BadCase(axis, f"the workload {name} has {one.axes[axis]}; leave out one of them")
    return one.axes
