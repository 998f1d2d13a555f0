"""A few calls of one provider on one case under torch.profiler; runs inside a worker process."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, List, Tuple

import torch
from torch.profiler import ProfilerActivity, profile

from remote_payload.contract.case import Case
from remote_payload.contract.records import KernelTrace, TraceRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Status
from remote_payload.operators.problem import Problem, operator_of, settle
from remote_payload.operators.setting import Setting
from remote_payload.processes import places
from remote_payload.processes.places import sentence
from remote_payload.providers.loading import CannotRun, load
from remote_payload.stages.trace.trace import SAW_NOTHING, Unreadable, kernels

CALLS = 5
# Lazy loading and autotuning stay outside the trace.
_WARMUP_CALLS = 3

Call = Callable[[], Any]


def trace(provider: Provider, case: Case, setting: Setting) -> TraceRecord:
    """The kernels of CALLS calls; never raises an Exception."""
    record = TraceRecord(provider.name, case, Status.FAILED)
    try:
        seen = _launches(provider, case, setting)
    except (CannotRun, Unreadable) as exc:
        return replace(record, reason=str(exc))
    except Exception as exc:
        places.trace()
        return replace(record, reason=f"raised {sentence(exc)}")
    if not seen:
        return replace(record, reason=SAW_NOTHING, calls=CALLS)
    return replace(record, status=Status.OK, calls=CALLS, kernels=seen)


def _launches(provider: Provider, case: Case, setting: Setting) -> Tuple[KernelTrace, ...]:
    loaded = load(provider, setting)
    problem = Problem(operator_of(setting), case, setting)
    call = problem.bind(loaded, problem.to_device(problem.drawn()))
    with torch.no_grad(), loaded.within():
        for _ in range(_WARMUP_CALLS):
            out = call()
        problem.outputs(out)
        problem.settle()
        # CUPTI starts up in the first profile of a process and may miss what runs meanwhile.
        _profiled(call, 1, setting)
        return kernels(_profiled(call, CALLS, setting))


def _profiled(call: Call, calls: int, setting: Setting) -> str:
    """The Chrome trace of `calls` calls."""
    activities: List[Any] = [ProfilerActivity.CPU]
    if setting.device == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as profiler:
        for _ in range(calls):
            call()
        settle(setting)
    handle, path = tempfile.mkstemp(suffix=".json")
    os.close(handle)
    try:
        profiler.export_chrome_trace(path)
        return Path(path).read_text("utf-8", "replace")
    finally:
        os.unlink(path)
