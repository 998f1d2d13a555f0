"""What must be alike before two times can be compared at all; said row by row where it is not."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from orchestrator.performance.device import find
from orchestrator.performance.objection import on_gpu
from remote_payload.contract.case import Case
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method

Key = tuple[str, Case, Method]
_NATIVE = {".cu": "a CUDA file", ".cpp": "a C++ extension", ".py": "a Python file"}


def device_of(result: Result) -> str:
    """Model of the GPU, or of the CPU; a slice of a GPU is another model."""
    machine = result.machine
    if machine is None:
        return "unknown"
    if not on_gpu(result):
        return f"CPU: {machine.cpu}"
    known = find(machine.gpu)
    whole = known.sm_count if known else None
    part = f", {machine.sm_count} SMs" if machine.sm_count not in (None, whole) else ""
    return f"{machine.gpu or 'unknown GPU'}{part}"


def unlike(provider: str, before: Result, after: Result) -> str:
    """Why no row of a provider may be compared; empty where nothing stands against it."""
    return "; ".join(_unlike(provider, before, after))


def _unlike(provider: str, before: Result, after: Result) -> Iterator[str]:
    pairs = (
        ("the devices", device_of(before), device_of(after)),
        ("the operator's files", _file(before), _file(after)),
        ("the baselines", before.operator.baseline, after.operator.baseline),
        (f"the targets of {provider}", _target(before, provider), _target(after, provider)),
        *(
            ("the targets of the baseline", _target(before, name), _target(after, name))
            for name in (before.operator.baseline,)
            if name and name != provider
        ),
    )
    for what, old, new in pairs:
        if old != new:
            yield f"{what} differ ({old or 'none'} before, {new or 'none'} after)"


def _file(result: Result) -> str:
    return result.operator.target or result.request.operator_target


def _target(result: Result, name: str) -> str:
    """Where a provider stands and what kind it is; of one that the operator knows, nothing."""
    known = (one for one in result.request.providers if one.name == name)
    one = next(known, None)
    if one is None or one.target is None:
        return ""
    place = one.target.rpartition(":")[0]
    kind = next((words for end, words in _NATIVE.items() if place.endswith(end)), "a module")
    bound = f", bound by {one.binding.value}" if one.binding else ""
    return f"{one.target}, {kind}{bound}"


def nearest(key: Key, others: Collection[Key]) -> str:
    """How the most similar timing of the same provider differs; empty where it has none."""
    mine = [other for other in others if other[0] == key[0]]
    if not mine:
        return ""
    told = min(([*_differences(key, other)] for other in mine), key=len)
    return ", ".join(told)


def _differences(key: Key, other: Key) -> Iterator[str]:
    (_, case, method), (_, theirs, their_method) = key, other
    if case.operator != theirs.operator:
        yield f"operator ({case.operator} / {theirs.operator})"
    if case.dtype is not theirs.dtype:
        yield f"dtype ({case.dtype.value} / {theirs.dtype.value})"
    symbols = dict.fromkeys(symbol for symbol, _ in (*case.axes, *theirs.axes))
    for symbol in symbols:
        old, new = (dict(each.axes).get(symbol, "as usual") for each in (case, theirs))
        if old != new:
            yield f"{symbol} ({_value(old)} / {_value(new)})"
    if method is not their_method:
        yield f"method ({method.value} / {their_method.value})"


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
