"""Providers of an operator checked as a worker does it, in this process."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.request import Provider
from remote_payload.operators import drawing, registry
from remote_payload.operators.setting import Setting
from remote_payload.stages.check import check_case
from tests.payload.running import FIXTURES, ROOT


def setting(operator: str) -> Setting:
    return Setting("cpu", str(ROOT), 42, operator=operator)


def half(operator: str) -> Any:
    """The half of an operator of ours that needs torch."""
    return importlib.import_module(registry.find(operator).tensors)


def checked(name: str, case: Case, file: str = "") -> CheckRecord:
    """One of the operator's own providers, or a function of a file of fixtures."""
    target = f"{FIXTURES}/{file}.py:{name}" if file else None
    return check_case.check(Provider(name, target), case, setting(case.operator))


def perfect(case: Case, change: Callable[[Any, int], Any] = lambda want, output: want) -> Any:
    """Inputs, and the outputs as the truth rounded once; change: of the truth in fp64."""
    operator = registry.find(case.operator)
    inputs = drawing.make(operator.inputs(case), case, 42)
    outputs = []
    for number, output in enumerate(operator.outputs(case)):
        blocks = half(case.operator).reference(case, *inputs)
        wants = [change(one.want, number).flatten() for one in blocks if one.output == number]
        dtype = drawing.torch_dtype(output.dtype or case.dtype)
        outputs.append(torch.cat(wants).view(output.size).to(dtype))
    return inputs, tuple(outputs)
