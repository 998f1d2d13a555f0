"""The conditions of two runs beside each other. What we choose ourselves is none: calls per sample,
warm-ups, rounds, starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.performance.objection import on_gpu
from orchestrator.report.comparing import clocks, wording
from orchestrator.report.comparing.condition import UNTOLD, Condition, told
from remote_payload.contract.case import Case
from remote_payload.contract.facts import Role
from remote_payload.contract.machine import Machine
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status

_BY_THE_HOST = (Method.BACK_TO_BACK, Method.COLD)  # launched by it, one by one
_ONE_BOUND = "it cancels in ours / baseline only if both are bound by the same"


def conditions(before: Result, after: Result, *, same_sources: bool) -> tuple[Condition, ...]:
    """All of them, the same ones as well. same_sources: both runs ran the same snapshot."""
    return (
        *_machine(before, after),
        *clocks.conditions(before, after),
        *_software(before, after),
        *_compiled(before, after, same_sources),
        *_asked(before, after),
        *_backends(before, after),
        _pair("cases", _cases(before), _cases(after)),
    )


def _pair(what: str, before: str, after: str, why: str = "", **of: object) -> Condition:
    return Condition(what, before, after, before == after, why, **of)  # type: ignore[arg-type]


def _machine(before: Result, after: Result) -> Iterator[Condition]:
    old, new = before.machine, after.machine
    gpu = on_gpu(before)
    # A container gets a new host name with each start; its GPU keeps its own.
    what, digest = ("GPU itself", "gpu_uuid") if gpu else ("machine", "hostname")
    pair = _identity(_digest(old, digest), _digest(new, digest))
    yield _pair(what, *pair, f"no two are quite alike, and {_ONE_BOUND}")
    if gpu:
        why = "a kernel that waits for its launches is as fast as the CPU that launches it"
        yield _pair("CPU", _cpu(old), _cpu(new), why, methods=_BY_THE_HOST)
    threads = [told(machine and machine.torch_threads) for machine in (old, new)]
    why = "" if gpu else "each provider uses the threads of a CPU in its own way"
    yield _pair("threads", threads[0], threads[1], why)


def _software(before: Result, after: Result) -> Iterator[Condition]:
    old, new = before.machine, after.machine
    why = {
        "driver": "it decides what a launch costs and what clocks are held, for each kernel anew",
        "torch": "the baseline is torch's, and so is what calls a kernel",
        "torch_cuda": "torch's own kernels and libraries come with it",
        "python": "",
    }
    for what, reason in why.items():
        values = [told(getattr(machine, what, None)) for machine in (old, new)]
        yield _pair(what.replace("_cuda", "'s CUDA"), values[0], values[1], reason)


def _compiled(before: Result, after: Result, same_sources: bool) -> Iterator[Condition]:
    """What only touches kernels that are compiled here, ours and the user's own."""
    mine = _compiled_here(before)
    if not mine:
        return
    why = "it is the compiler then that may have made another kernel, not the edit"
    nvcc = [told(_nvcc(result)) for result in (before, after)]
    yield _pair("nvcc", nvcc[0], nvcc[1], why, providers=mine)
    host = [told(r.build and r.build.host_compiler) for r in (before, after)]
    yield _pair("host compiler", host[0], host[1], why, providers=mine)
    why = "they make another kernel of the same source"
    yield _pair("flags", _flags(before), _flags(after), why, providers=mine)
    digests = [r.build.library_digest if r.build else None for r in (before, after)]
    pair = _identity(*digests)
    # Of other sources another library is what was to be compared.
    why = "the sources are the same and their library is not" if same_sources else ""
    yield _pair("library", *pair, why, providers=mine)


def _asked(before: Result, after: Result) -> Iterator[Condition]:
    seeds = [str(result.request.seed) for result in (before, after)]
    yield _pair("seed", seeds[0], seeds[1], "other inputs may be more or less work")
    common = [case for case in _timed(before) if case in set(_timed(after))]
    other = [case for case in common if before.facts(case).tolerance != after.facts(case).tolerance]
    if other:
        what = f"tolerance of {wording.in_words(other, before.operator)}"
        why = "what is right now was not then, or the other way round"
        yield Condition(what, "one", "another", False, why, cases=tuple(other))


def _backends(before: Result, after: Result) -> Iterator[Condition]:
    """What a provider that is not compiled here says it chose. One of the baseline's moves every
    row of its case, as all are told against it."""
    mine, baseline = set(_compiled_here(before)), before.operator.baseline
    old, new = _chosen(before.checks), _chosen(after.checks)
    groups: dict[tuple[str, str, str], list[Case]] = {}
    for (provider, case), name in old.items():
        now = new.get((provider, case), name)
        if provider not in mine and name != now:
            groups.setdefault((provider, name, now), []).append(case)
    for (provider, name, now), cases in groups.items():
        what = f"backend of {provider} on {wording.in_words(cases, before.operator)}"
        whose = () if provider == baseline else (provider,)
        why = f"{provider} is another program there"
        yield Condition(
            what, name or UNTOLD, now or UNTOLD, False, why, providers=whose, cases=tuple(cases)
        )


def _chosen(checks: Iterable[CheckRecord]) -> dict[tuple[str, Case], str]:
    passed = (check for check in checks if check.status is Status.OK)
    return {(check.provider, check.case): check.implementation for check in passed}


def _compiled_here(result: Result) -> tuple[str, ...]:
    """Ours with its variants, and the user's own."""
    operator = result.operator
    users = (one.name for one in result.request.providers if one.target is not None)
    return (*operator.named(Role.OURS), *operator.named(Role.USERS), *users)


def _nvcc(result: Result) -> str | None:
    if result.build is not None:
        return result.build.nvcc
    return result.machine.nvcc if result.machine else None


def _flags(result: Result) -> str:
    build, request = result.build, result.request
    said = [*request.build.toolchain.words]
    said += [word for word in (build.flags if build else ()) if word not in said]
    said += [*(build.environment if build else ())]
    for provider in request.providers:
        if provider.toolchain.words:
            said += [f"{provider.name}:", *provider.toolchain.words]
    return " ".join(said) or "ours alone"


def _cpu(machine: Machine | None) -> str:
    return f"{machine.cpu}, {machine.cpu_count} cores" if machine else UNTOLD


def _digest(machine: Machine | None, what: str) -> str | None:
    found: str | None = getattr(machine, f"{what}_digest", None)
    return found


def _identity(before: str | None, after: str | None) -> tuple[str, str]:
    """Two digests in words, since the digits tell nobody anything."""
    if before == after:
        return ("the same", "the same") if before else (UNTOLD, UNTOLD)
    return "one" if before else UNTOLD, "another" if after else UNTOLD


def _timed(result: Result) -> tuple[Case, ...]:
    return tuple(dict.fromkeys(r.case for r in result.bench if r.status is Status.OK))


def _cases(result: Result) -> str:
    return wording.in_words(_timed(result), result.operator) or "none"
