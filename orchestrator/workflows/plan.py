"""From what the user asked to the request that travels."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.ncu import flags
from orchestrator.performance import family
from orchestrator.performance.targets.judging import weight
from orchestrator.store.kernels.users_provider import UsersProvider
from orchestrator.store.runs import bounds
from orchestrator.values.snapshot import Extra
from orchestrator.workflows.fitting import require_fitting, stages_of
from orchestrator.workflows.operator_choice import sweeps_of
from orchestrator.workflows.own import Own
from orchestrator.workflows.plan_providers import (
    baseline_of,
    providers_of,
    require_own,
    users_of,
    with_entries,
)
from remote_payload.contract.case import Case, Value
from remote_payload.contract.codec import CodecError
from remote_payload.contract.dtypes import DType
from remote_payload.contract.plans import (
    BenchPlan,
    BuildPlan,
    CeilingsPlan,
    CheckPlan,
    NcuPlan,
    ProvePlan,
    TracePlan,
)
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.contract.words import Depth, Device, Stage
from remote_payload.operators import registry
from remote_payload.operators.base import BadCase, Operator, Sweep

# A run with proofs is to end within minutes: ours and the fastest other are profiled, and quickly.
NCU_BESIDE_PROOFS_S = 60.0


@dataclass(frozen=True)
class Wish:
    """What was asked for; None is what the user left open.

    starts: at most so many of each provider's process; precision: half of the width of an interval
    that is enough, relative. sweeps: the values of each axis by symbol, one for each set of cases.
    narrow: of an axis that is left open and varies, take one value only. dtypes: empty means the
    operator's first.
    baseline: the provider to compare with; against: a git revision, to be raced against.
    peers: also run the packages of others, as far as the host has them. variants: also run these
    variants of our kernel. without: leave these providers out. proofs: empty means all.
    user_providers: those of the command line; entries: those of kernels.yaml, of which ours take
    those that are named, the user's own operator all, unless some are named. own: the user's own
    operator, if it is one. nvcc_flags: for whatever nvcc compiles, csrc/ and the user's own. full,
    ncu_limit_s, ncu_required: for the stage ncu. ceilings: for the stage ceilings.
    """

    stages: tuple[Stage, ...]
    operator: str = registry.DEFAULT
    own: Own | None = None
    sweeps: tuple[Mapping[str, tuple[Value, ...]], ...] = ({},)
    narrow: bool = False
    dtypes: tuple[DType, ...] = ()
    providers: tuple[str, ...] | None = None
    baseline: str | None = None
    against: str | None = None
    peers: bool = False
    variants: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    user_providers: tuple[UsersProvider, ...] = ()
    entries: tuple[UsersProvider, ...] = ()
    device: Device = Device.AUTO
    arch: tuple[str, ...] = ()
    nvcc_flags: tuple[str, ...] = ()
    rounds: int | None = None
    starts: int | None = None
    precision: float | None = None
    bench_budget_s: float | None = None
    case_limit_s: float | None = None
    compile_limit_s: float | None = None
    proof_limit_s: float | None = None
    proofs: tuple[str, ...] = ()
    time_limit_s: float | None = None
    full: bool = False
    ncu_limit_s: float | None = None
    ncu_required: bool = False
    ceilings: CeilingsPlan = field(default_factory=CeilingsPlan)


@dataclass(frozen=True)
class Plan:
    """The request, still without run id and snapshot, and the user's files that travel with it.

    extra: (path inside the snapshot, local file) pairs.
    """

    request: Request
    extra: Extra


def plan(wish: Wish, here: Path) -> Plan:
    """Fill in what was left open; provider files are looked for relative to `here`.

    UsageError: a provider file that does not exist, providers that contradict each other, what the
    operator has not got, and a case that no tensor can have.
    """
    wish, extra = with_entries(wish), wish.own.extra if wish.own else ()
    if wish.own is not None:
        request = _of_own(wish, wish.own)
    else:
        operator = registry.find(wish.operator)
        require_fitting(wish, operator.facts)
        wish = replace(wish, stages=stages_of(wish, operator.facts))
        request = _of_ours(wish, operator)
    if Stage.CHECK in wish.stages:
        users, files = users_of(wish, here)
        request = replace(request, providers=(*request.providers, *users))
        extra = (*extra, *files)
        request = replace(request, baseline=baseline_of(wish, request))
    return Plan(_limited(wish, request), extra)


def _begun(wish: Wish) -> Request:
    """What is the same whatever is computed."""
    return Request(
        run_id="",
        snapshot="",
        operator=wish.operator,
        stages=wish.stages,
        cases=(),
        providers=(),
        device=wish.device,
        build=BuildPlan(wish.arch, Toolchain(wish.nvcc_flags)),
        check=_check(wish),
        bench=_bench(wish),
        ceilings=wish.ceilings if Stage.CEILINGS in wish.stages else CeilingsPlan(),
        prove=_prove(wish) if Stage.PROVE in wish.stages else ProvePlan(),
        ncu=_ncu(wish) if Stage.NCU in wish.stages else NcuPlan(),
    )


def _of_own(wish: Wish, own: Own) -> Request:
    """What only its file can tell, cases and providers, the host fills in."""
    require_own(wish, own)
    return replace(
        _begun(wish),
        # csrc/ is no part of it.
        stages=tuple(stage for stage in wish.stages if stage is not Stage.BUILD),
        operator=own.name,
        operator_target=own.target,
        sweeps=sweeps_of(wish.sweeps),
        dtypes=wish.dtypes,
        without=wish.without,
        usual_providers=wish.providers is None,
        providers=(
            *(Provider(name, required=True) for name in wish.providers or ()),
            *own.providers,
        ),
        # Whoever wrote a candidate knows the seeds that stand in a format's own files.
        seed=secrets.randbelow(1 << 31) if own.format else Request.seed,
    )


def _of_ours(wish: Wish, operator: Operator) -> Request:
    request = _begun(wish)
    if Stage.CHECK in wish.stages:
        # A GPU's sweep of 16 · 128 heads would keep a CPU busy for hours.
        cpu_cases = _cases(wish, operator, operator.cpu_sweep)
        gpu_cases = _cases(wish, operator, operator.gpu_sweep)
        request = replace(
            request,
            cases=cpu_cases if wish.device is Device.CPU else gpu_cases,
            cpu_cases=cpu_cases,
            providers=providers_of(wish, operator),
        )
    _require_possible((*request.cases, *request.cpu_cases))
    if Stage.PROVE in wish.stages:
        request = replace(request, trace=_trace(request.cases, operator))
    if Stage.NCU in wish.stages and Stage.BENCH in wish.stages:
        # Beside timings one case is profiled, since each call under ncu takes many passes.
        ncu = replace(request.ncu, cases=(_telling(request.cases, operator),))
        request = replace(request, ncu=ncu)
    return request


def _limited(wish: Wish, request: Request) -> Request:
    """The request with the time that all of it may take."""
    limit_s = request.time_limit_s + (wish.bench_budget_s or 0.0)
    if Stage.CEILINGS in wish.stages and wish.ceilings.cutlass:
        limit_s += wish.ceilings.cutlass_limit_s
    limit_s = limit_s if wish.time_limit_s is None else wish.time_limit_s
    if request.bench.budget_s >= limit_s:
        raise UsageError(
            f"--budget {request.bench.budget_s:g} does not fit into --time-limit {limit_s:g}",
            hint="Give the run more time, or its timings less.",
        )
    return replace(request, time_limit_s=limit_s)


def _bench(wish: Wish) -> BenchPlan:
    bench = BenchPlan()
    if wish.rounds is not None:
        bench = replace(bench, rounds=wish.rounds)
    if wish.starts is not None:
        bench = replace(bench, starts=family.looks(wish.starts))
    if wish.precision is not None:
        bench = replace(bench, precision=wish.precision)
    if wish.bench_budget_s is not None:
        bench = replace(bench, budget_s=wish.bench_budget_s)
    if Stage.BENCH not in wish.stages:
        return bench
    return replace(bench, critical=family.critical_table(bench.starts))


def _check(wish: Wish) -> CheckPlan:
    check, limit_s = CheckPlan(), wish.case_limit_s
    if limit_s is None and wish.own is not None:
        limit_s = wish.own.case_limit_s
    if limit_s is not None:
        check = replace(check, case_limit_s=limit_s)
    if wish.compile_limit_s is not None:
        check = replace(check, compile_limit_s=wish.compile_limit_s)
    return check


def _require_possible(cases: tuple[Case, ...]) -> None:
    """A run whose own request cannot be read back would be damaged from its first moment."""
    try:
        bounds.checked(cases)
    except CodecError as exc:
        raise UsageError(f"the case: {exc.problem}", hint="Make one of its axes smaller.") from exc


def _cases(wish: Wish, operator: Operator, usual: Sweep) -> tuple[Case, ...]:
    """What was asked for, and of the axes that were left open what is usual."""
    usual = _narrowed(operator, usual) if wish.narrow else usual
    dtypes = wish.dtypes or operator.dtypes[:1]
    try:
        found = [
            case for sweep in wish.sweeps for case in operator.sweep({**usual, **sweep}, dtypes)
        ]
        return tuple(dict.fromkeys(found))
    except BadCase as exc:
        axes = f"Axes of {operator.name}: {operator.axis_names}."
        said = exc.problem if exc.axis == "dtype" else str(exc)
        option = "--dtype" if exc.axis == "dtype" else "--case"
        raise UsageError(f"{option}: {said}", hint=axes) from exc


def _narrowed(operator: Operator, usual: Sweep) -> Sweep:
    """One value for each axis: that of the targets' case, else the last."""
    aim = dict(operator.targets.case.axes) if operator.targets else {}
    return {
        symbol: values if len(values) < 2 else (aim.get(symbol, values[-1]),)
        for symbol, values in usual.items()
    }


def _ncu(wish: Wish) -> NcuPlan:
    chosen = flags.plan(Depth.FULL if wish.full else Depth.CHEAP)
    if Stage.PROVE in wish.stages:
        chosen = replace(chosen, rivals=1, case_limit_s=NCU_BESIDE_PROOFS_S)
    if wish.ncu_limit_s is not None:
        chosen = replace(chosen, case_limit_s=wish.ncu_limit_s)
    return replace(chosen, required=wish.ncu_required)


def _prove(wish: Wish) -> ProvePlan:
    chosen = ProvePlan(wish.proofs)
    if wish.proof_limit_s is None:
        return chosen
    return replace(chosen, case_limit_s=wish.proof_limit_s)


def _trace(cases: tuple[Case, ...], operator: Operator) -> TracePlan:
    return TracePlan((_telling(cases, operator),) if cases else ())


def _telling(cases: tuple[Case, ...], operator: Operator) -> Case:
    """The targets' case, else the one with the most work."""
    aims = (operator.targets,) if operator.targets else ()
    return max(cases, key=lambda case: weight(operator.facts_of(case), aims))
