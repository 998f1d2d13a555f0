"""From what the user asked to the request that travels."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.ncu import flags
from orchestrator.performance.target import TARGET_SHAPE
from orchestrator.store.runs import bounds
from orchestrator.sync.neighbours import neighbours
from remote_payload.contract.case import Shape
from remote_payload.contract.codec import CodecError
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
from remote_payload.contract.words import Depth, Device, DType, Stage
from remote_payload.operators.attention.catalog import BASELINE, PEERS, provider_of

# The original report's sweep, and one that two CPU cores finish in a minute.
GPU_BATCH, GPU_HEADS = 16, (8, 16, 32, 64, 96, 128)
CPU_BATCH, CPU_HEADS = 1, (8, 16)
DEFAULT_PROVIDERS = (BASELINE, "sdpa-flash", "sdpa-cudnn", "sdpa-efficient", "sparsek")

# A run with proofs is to end within minutes: ours and the fastest other are profiled, and quickly.
NCU_BESIDE_PROOFS_S = 60.0

# Inside the snapshot, where the user's own provider files travel to.
PROVIDERS_FOLDER = "providers"


@dataclass(frozen=True)
class Wish:
    """What was asked for; None is what the user left open.

    peers: also run the packages of others, as far as the host has them. variants: also run these
    variants of our kernel. without: leave these providers out. proofs: empty means all.
    user_providers: (name, "module:function" or "path.py:function") pairs. full, ncu_limit_s,
    ncu_required: for the stage ncu. ceilings: for the stage ceilings.
    """

    stages: tuple[Stage, ...]
    batch: int | None = None
    heads: tuple[int, ...] | None = None
    seq: int = 512
    dim: int = 64
    dtype: DType = DType.FP16
    causal: bool = False
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

    UsageError: a provider file that does not exist, providers that contradict each other, and a
    shape that no tensor can have.
    """
    providers, extra = _providers(wish, here)
    build, check, bench = BuildPlan(wish.arch), CheckPlan(), BenchPlan()
    if wish.case_limit_s is not None:
        check = replace(check, case_limit_s=wish.case_limit_s)
    if wish.rounds is not None:
        bench = replace(bench, rounds=wish.rounds)
    if wish.bench_budget_s is not None:
        bench = replace(bench, budget_s=wish.bench_budget_s)
    # A GPU's sweep of 16 · 128 heads would keep a CPU busy for hours.
    on_cpu = wish.device is Device.CPU
    gpu_shapes = _shapes(wish, GPU_BATCH, GPU_HEADS)
    cpu_shapes = _shapes(wish, CPU_BATCH, CPU_HEADS)
    request = Request(
        run_id="",
        snapshot="",
        stages=wish.stages,
        shapes=(cpu_shapes if on_cpu else gpu_shapes) if Stage.CHECK in wish.stages else (),
        cpu_shapes=cpu_shapes if Stage.CHECK in wish.stages else (),
        providers=providers if Stage.CHECK in wish.stages else (),
        device=wish.device,
        build=build,
        check=check,
        bench=bench,
    )
    _require_possible((*request.shapes, *request.cpu_shapes))
    if Stage.PROVE in wish.stages:
        request = replace(request, prove=_prove(wish), trace=_trace_beside_proofs(request.shapes))
    if Stage.NCU in wish.stages:
        request = replace(request, ncu=_ncu(wish, request.shapes))
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


def _require_possible(shapes: tuple[Shape, ...]) -> None:
    """A run whose own request cannot be read back would be damaged from its first moment."""
    try:
        bounds.checked(shapes)
    except CodecError as exc:
        raise UsageError(
            f"--batch, --heads, --seq: {exc.problem}", hint="Make one of them smaller."
        ) from exc


def _shapes(wish: Wish, batch: int, heads: tuple[int, ...]) -> tuple[Shape, ...]:
    return tuple(
        Shape(wish.batch or batch, count, wish.seq, wish.dim, wish.dtype, wish.causal)
        for count in (wish.heads or heads)
    )


def _ncu(wish: Wish, shapes: tuple[Shape, ...]) -> NcuPlan:
    """Beside timings one shape is profiled, since each call under ncu takes many passes."""
    chosen = flags.plan(Depth.FULL if wish.full else Depth.CHEAP)
    if Stage.BENCH in wish.stages:
        chosen = replace(chosen, shapes=(_telling(shapes),))
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


def _trace_beside_proofs(shapes: tuple[Shape, ...]) -> TracePlan:
    return TracePlan((_telling(shapes),) if shapes else ())


def _telling(shapes: tuple[Shape, ...]) -> Shape:
    """The targets' shape, else the one with the most work."""
    if TARGET_SHAPE in shapes:
        return TARGET_SHAPE
    return max(shapes, key=lambda shape: shape.batch * shape.heads)


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


def _providers(wish: Wish, here: Path) -> tuple[tuple[Provider, ...], tuple[tuple[str, Path], ...]]:
    named = wish.providers or ()
    variants = tuple(provider_of(variant) for variant in wish.variants)
    wanted = (*(named or DEFAULT_PROVIDERS), *variants, *(PEERS if wish.peers else ()))
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
