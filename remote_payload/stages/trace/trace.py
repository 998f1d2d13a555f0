"""Kernel times and launch geometry from CUPTI, which needs no right to read counters.

torch.profiler writes a Chrome trace; its events of category "kernel" carry what CUPTI recorded of
each launch (pytorch/kineto, libkineto/src/CuptiActivity.cpp, metadataJson). What this torch does
not write is None, never a guess.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import Any, Callable, List, Optional, Sequence, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.records import CheckRecord, KernelTrace, TraceRecord
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.words import Stage, Status
from remote_payload.operators.setting import Setting
from remote_payload.processes.announce import say, step
from remote_payload.processes.guarded import Guarded
from remote_payload.processes.isolate import Deadline, Died, Pipe, Silent
from remote_payload.stages.roles import ours_first

SAW_NOTHING = "torch.profiler saw no kernel"
_CASE_LIMIT_S = 60.0
_NAMELESS = "(no name)"
_NUMBERS = re.compile(r"-?\d+")

Keep = Callable[[Tuple[TraceRecord, ...]], None]


class Unreadable(ValueError):
    """Not a trace that can be trusted; the text says why."""


def kernels(text: str) -> Tuple[KernelTrace, ...]:
    """The kernel launches in a Chrome trace, in the order in which they ran. Raises Unreadable.

    A launch without a duration makes the trace unreadable: a sum over the rest is too small.
    """
    try:
        trace = json.loads(text, strict=False)
    except ValueError as exc:
        raise Unreadable(f"the trace is not JSON: {exc}") from exc
    events = trace.get("traceEvents") if isinstance(trace, dict) else trace
    if not isinstance(events, list):
        raise Unreadable("the trace has no list of events")
    launches = [event for event in events if _is_kernel(event)]
    launches.sort(key=lambda event: _number(event.get("ts")) or 0.0)
    return tuple(_kernel(event) for event in launches)


def run(
    request: Request,
    operator: OperatorFacts,
    setting: Setting,
    deadline: Deadline,
    checks: Sequence[CheckRecord],
    keep: Keep,
) -> Tuple[TraceRecord, ...]:
    """Trace what passed the check, of the plan's cases, handing the records so far to `keep`
    after each.

    Each provider has a process of its own, which ends with its first fault. Raises OutOfTime.
    """
    chosen = request.trace.cases or request.cases
    done = [c for c in checks if c.status is Status.OK and not c.emulated and c.case in chosen]
    passed = {(c.provider, c.case) for c in done}
    total = len(passed)
    records: List[TraceRecord] = []
    for provider in ours_first(request.providers, operator):
        cases = [case for case in request.cases if (provider.name, case) in passed]
        if not cases:
            continue
        for record in _of_provider(provider, cases, setting, deadline, (len(records), total)):
            records.append(record)
            say(f"trace {record.provider} {record.case.label}: {_line(record)}")
            keep(tuple(records))
    step(Stage.TRACE, total, total, "traced")
    return tuple(records)


def _of_provider(
    provider: Provider,
    cases: Sequence[Case],
    setting: Setting,
    deadline: Deadline,
    progress: Tuple[int, int],
) -> List[TraceRecord]:
    found: List[TraceRecord] = []
    with Guarded(_serve, provider, setting) as worker:
        for case in cases:
            deadline.require()
            done, total = progress
            step(Stage.TRACE, done + len(found), total, f"{provider.name} {case.label}")
            blank = TraceRecord(provider.name, case, Status.FAILED)
            try:
                found.append(worker.ask(case, deadline.allow(_CASE_LIMIT_S)))
            except Silent as exc:
                found.append(replace(blank, status=Status.TIMEOUT, reason=str(exc)))
                break
            except Died as exc:
                found.append(replace(blank, reason=f"crashed while being traced: {exc}"))
                break
    return found


def _serve(pipe: Pipe, provider: Provider, setting: Setting) -> None:
    """A worker's life: cases in, records out, until the parent closes or kills it."""
    from remote_payload.stages.trace import (
        trace_case,  # here, so that the parent never imports torch
    )

    while True:
        try:
            case = pipe.recv()
        except EOFError:
            return
        pipe.send(trace_case.trace(provider, case, setting))


def _line(record: TraceRecord) -> str:
    if record.status is not Status.OK:
        return f"{record.status.value}, {record.reason}"
    return f"{len(record.kernels)} kernels in {record.calls} calls"


def _is_kernel(event: Any) -> bool:
    """Older torch says "Kernel"; only complete events ("X") are launches, not their arrows."""
    if not isinstance(event, dict) or str(event.get("cat", "")).lower() != "kernel":
        return False
    return bool(event.get("ph", "X") == "X")


def _kernel(event: Any) -> KernelTrace:
    name = str(event.get("name") or _NAMELESS)
    duration_us = _number(event.get("dur"))
    if duration_us is None or duration_us <= 0:
        raise Unreadable(f"the trace has no duration for {name[:80]}")
    args = event.get("args")
    facts = args if isinstance(args, dict) else {}
    return KernelTrace(
        name=name,
        duration_us=duration_us,
        grid=_sizes(facts.get("grid")),
        block=_sizes(facts.get("block")),
        registers=_count(facts.get("registers per thread")),
        shared_bytes=_count(facts.get("shared memory")),
    )


def _number(value: Any) -> Optional[float]:
    """A finite number, also one in quotes."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _count(value: Any) -> Optional[int]:
    number = _number(value)
    return int(number) if number is not None and number >= 0 and number == int(number) else None


def _sizes(value: Any) -> Optional[Tuple[int, int, int]]:
    """Three sizes above zero, as a list or as the text of one."""
    parts = _NUMBERS.findall(value) if isinstance(value, str) else value
    if not isinstance(parts, list) or len(parts) != 3:
        return None
    x, y, z = (_count(part) for part in parts)
    return (x, y, z) if x and y and z else None
