"""From what the user asked to the request that travels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.ncu import flags
from orchestrator.performance.target import weight
from orchestrator.store.runs import bounds
from orchestrator.sync.neighbours import neighbours
from orchestrator.workflows.fitting import require_fitting, stages_of
from remote_payload.contract.case import Case, Value
from remote_payload.contract.codec import CodecError
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Role
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
from remote_payload.contract.words import Depth, Device, Stage
from remote_payload.operators import registry
from remote_payload.operators.base import BadCase, Operator, Sweep

# A run with proofs is to end within minutes: ours and the fastest other are profiled, and quickly.
NCU_BESIDE_PROOFS_S = 60.0

# Inside the snapshot, where the user's own provider files travel to.
PROVIDERS_FOLDER = "providers"


@dataclass(frozen=True)
class Wish:
    """What was asked for; None is what the user left open.

    sweeps: the values of each axis by symbol, one for each set of cases. narrow: of an axis that is
    left open and varies, take one value only. dtypes: empty means the operator's first.
    peers: also run the packages of others, as far as the host has them. variants: also run these
    variants of our kernel. without: leave these providers out. proofs: empty means all.
    user_providers: (name, "module:function" or "path.py:function") pairs. full, ncu_limit_s,
    ncu_required: for the stage ncu. ceilings: for the stage ceilings.
    """

    stages: tuple[Stage, ...]
    operator: str = registry.DEFAULT
    sweeps: tuple[Mapping[str, tuple[Value, ...]], ...] = ({},)
    narrow: bool = False
    dtypes: tuple[DType, ...] = ()
    providers: tuple[str, ...] | None = None
    peers: bool = False
    variants: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    user_providers: tuple[tuple[str, str], ...] = ()
    device: Device = Device.AUTO
    arch: tuple[str, ...] = ()
    rounds: int | None = None
    bench_budget_s: float | None = None
    case_limit_s: float | None = None
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
    extra: tuple[tuple[str, Path], ...]


def plan(wish: Wish, here: Path) -> Plan:
    """Fill in what was left open; provider files are looked for relative to `here`.

    UsageError: a provider file that does not exist, providers that contradict each other, what the
    operator has not got, and a case that no tensor can have.
    """
    operator = registry.find(wish.operator)
    require_fitting(wish, operator.facts)
    wish = replace(wish, stages=stages_of(wish, operator.facts))
    providers, extra = _providers(wish, operator, here)
    build, check, bench = BuildPlan(wish.arch), CheckPlan(), BenchPlan()
    if wish.case_limit_s is not None:
        check = replace(check, case_limit_s=wish.case_limit_s)
    if wish.rounds is not None:
        bench = replace(bench, rounds=wish.rounds)
    if wish.bench_budget_s is not None:
        bench = replace(bench, budget_s=wish.bench_budget_s)
    # A GPU's sweep of 16 · 128 heads would keep a CPU busy for hours.
    on_cpu = wish.device is Device.CPU
    gpu_cases = _cases(wish, operator, operator.gpu_sweep)
    cpu_cases = _cases(wish, operator, operator.cpu_sweep)
    request = Request(
        run_id="",
        snapshot="",
        operator=wish.operator,
        stages=wish.stages,
        cases=(cpu_cases if on_cpu else gpu_cases) if Stage.CHECK in wish.stages else (),
        cpu_cases=cpu_cases if Stage.CHECK in wish.stages else (),
        providers=providers if Stage.CHECK in wish.stages else (),
        device=wish.device,
        build=build,
        check=check,
        bench=bench,
    )
    _require_possible((*request.cases, *request.cpu_cases))
    if Stage.PROVE in wish.stages:
        request = replace(request, prove=_prove(wish), trace=_trace(request.cases, operator))
    if Stage.NCU in wish.stages:
        request = replace(request, ncu=_ncu(wish, request.cases, operator))
    if Stage.CEILINGS in wish.stages:
        request = replace(request, ceilings=wish.ceilings)
        if wish.ceilings.cutlass:
            limit_s = request.time_limit_s + wish.ceilings.cutlass_limit_s
            request = replace(request, time_limit_s=limit_s)
    request = replace(request, time_limit_s=request.time_limit_s + (wish.bench_budget_s or 0.0))
    if wish.time_limit_s is not None:
        request = replace(request, time_limit_s=wish.time_limit_s)
    if request.bench.budget_s >= request.time_limit_s:
        raise UsageError(
            f"--bench-budget {request.bench.budget_s:g} does not fit into --time-limit "
            f"{request.time_limit_s:g}",
            hint="Give the run more time, or its timings less.",
        )
    return Plan(request, extra)


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


def _ncu(wish: Wish, cases: tuple[Case, ...], operator: Operator) -> NcuPlan:
    """Beside timings one case is profiled, since each call under ncu takes many passes."""
    chosen = flags.plan(Depth.FULL if wish.full else Depth.CHEAP)
    if Stage.BENCH in wish.stages:
        chosen = replace(chosen, cases=(_telling(cases, operator),))
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
    return max(cases, key=lambda case: weight(operator.facts_of(case), operator.facts))


def _require_consistent(wish: Wish, named: tuple[str, ...]) -> None:
    if both := [name for name in named if name in wish.without]:
        raise UsageError(
            f"{both[0]} is asked for by name and left out by --without",
            hint=f"Take {both[0]} out of one of the two.",
        )
    own = [name for name, _ in wish.user_providers]
    if twice := [name for name in own if own.count(name) > 1]:
        raise UsageError(
            f"--provider names {twice[0]!r} twice",
            hint="Give each of your own a name of its own: --provider mine2=path.py:function",
        )


def _providers(
    wish: Wish, operator: Operator, here: Path
) -> tuple[tuple[Provider, ...], tuple[tuple[str, Path], ...]]:
    named = wish.providers or ()
    ours, peers = operator.facts.ours, operator.facts.named(Role.PEER)
    variants = tuple(f"{ours}-{variant}" for variant in wish.variants)
    wanted = (*(named or operator.default_providers), *variants, *(peers if wish.peers else ()))
    chosen = [name for name in dict.fromkeys(wanted) if name not in wish.without]
    if not chosen and not wish.user_providers:
        raise UsageError(
            f"--without {','.join(wish.without)} leaves no provider to run",
            hint="Leave out fewer, or name others with --providers.",
        )
    _require_consistent(wish, (*named, *variants))
    required = (*named, *variants)
    builtin = [Provider(name, required=name in required) for name in chosen]
    own, extra = [], []
    for name, target in wish.user_providers:
        place, _, function = target.rpartition(":")
        if place.endswith(".py"):
            source = here / Path(place).expanduser()
            if not source.is_file():
                raise UsageError(
                    f"--provider {name}={target}: there is no file {place}",
                    hint="Give a path relative to where you are, then a colon and the function.",
                )
            # A folder of its own: no other provider's file is its neighbour.
            inside = f"{PROVIDERS_FOLDER}/{name}"
            extra += [(f"{inside}/{one.name}", one) for one in (source, *neighbours(source))]
            target = f"{inside}/{source.name}:{function}"
        own.append(Provider(name, target, required=True))
    return (*builtin, *own), tuple(extra)
