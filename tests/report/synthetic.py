"""Hand-made results for report tests. SYNTHETIC: no figure in here was ever measured.

Samples follow a fixed saw-tooth around a chosen median, so that reports repeat to the byte.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.values.run import Run, RunCard
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Gate, Tolerance
from remote_payload.contract.machine import BuildReport, Compilation, GpuState, Machine
from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.records import BenchRecord, CheckRecord, ErrorMeasure
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import Device, Method, Stage, Status
from remote_payload.operators import registry
from remote_payload.operators.attention.definition import attention_case

H100 = "NVIDIA H100 80GB HBM3"
STARTS, ROUNDS = 8, 5
SAMPLES = STARTS * ROUNDS
ATTENTION = registry.find("attention")
TOLERANCE = Tolerance((Gate(rtol=1e-3, atol=2e-3),))  # whatever attention's own is by now
HEADS = (8, 16, 32, 64, 96, 128)
PTXAS = """\
ptxas info    : 0 bytes gmem
ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized due to ill formed pipeline stage in the function '_ZN7sparsek7forwardILi64ELb0EEEvPf'
ptxas info    : Compiling entry function '_ZN7sparsek7forwardILi64ELb0EEEvPf' for 'sm_90a'
ptxas info    : Function properties for _ZN7sparsek7forwardILi64ELb0EEEvPf
    16 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 168 registers, used 5 barriers, 16 bytes cumulative stack size, 1024 bytes smem
"""


def case(heads: int = 96, **changes: object) -> Case:
    """The targets' case, but for what is said; changes: axes by their names in full."""
    axes = {"batch": 16, "seq": 512, "dim": 64, "dtype": DType.FP16, **changes}
    return attention_case(heads=heads, **axes)  # type: ignore[arg-type]


def samples(median_us: float, spread: float = 0.004, count: int = SAMPLES) -> tuple[float, ...]:
    """`count` samples within ±spread of the median, in a fixed, shuffled order that begins anywhere,
    so that ratios of two of them vary."""
    first = round(1000 * median_us) % 37
    return tuple(
        round(median_us * (1 + spread * (2 * (n * 7 % count) / max(count - 1, 1) - 1)), 4)
        for n in range(first, first + count)
    )


def state(**changes: object) -> GpuState:
    warm = GpuState(1755.0, 2619.0, 512.0, 700.0, 58.0, (), 0)
    return replace(warm, **changes)  # type: ignore[arg-type]


def bench(provider: str, of: Case, samples_us: tuple[float, ...], **changes: object) -> BenchRecord:
    """As many samples of each start; of a number that does not allow it nothing is said of them."""
    rounds, rest = divmod(len(samples_us), STARTS)
    record = BenchRecord(
        provider,
        of,
        Method.BACK_TO_BACK,
        Status.OK,
        samples_us=samples_us,
        warmup=10,
        calls=100,
        starts=() if rest or not rounds else (rounds,) * STARTS,
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def check(provider: str, of: Case, **changes: object) -> CheckRecord:
    record = CheckRecord(
        provider,
        of,
        Status.OK,
        implementation=f"{provider} (synthetic)",
        error=ErrorMeasure(4.9e-4, 0.11, 0, 50331648, 0, 0),
        deterministic=True,
        output_digest=f"{provider}-{of.label}",
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def request(*, device: Device = Device.AUTO, cases: tuple[Case, ...] = (case(),)) -> Request:
    return Request(
        run_id="20261122-101530-synthetic-profile",
        snapshot="5e1f",
        stages=(Stage.BUILD, Stage.CHECK, Stage.BENCH),
        cases=cases,
        providers=(Provider("sdpa"), Provider("sparsek", required=True)),
        device=device,
        bench=BenchPlan(rounds=ROUNDS),
    )


def gpu_machine(**changes: object) -> Machine:
    machine = Machine(
        hostname_digest="ab12",
        os="Linux 5.15",
        cpu="SYNTHETIC CPU",
        cpu_count=52,
        memory_bytes=256 << 30,
        python="3.11.9",
        torch="2.11.0+cu130",
        torch_cuda="13.0",
        gpu=H100,
        gpu_uuid_digest="cd34",
        gpu_count=1,
        compute_capability="9.0",
        sm_count=132,
        driver="580.65.06",
        nvcc="13.0.88",
        before=state(sm_clock_mhz=345.0, temperature_c=33.0, power_w=71.0),
        after=state(),
    )
    return replace(machine, **changes)  # type: ignore[arg-type]


def cpu_machine() -> Machine:
    return Machine(
        hostname_digest="ef56",
        os="Linux 6.1",
        cpu="SYNTHETIC CPU",
        cpu_count=8,
        memory_bytes=None,
        python="3.9.18",
        torch="2.4.1",
        torch_threads=4,
    )


def built() -> BuildReport:
    compilation = Compilation("sm_90a", "nvcc ...", Status.OK, 41.25, PTXAS)
    return BuildReport(
        Status.OK,
        "",
        key="b5e3",
        nvcc="nvcc 13.0.88",
        library="builds/b5e3/lib.so",
        library_digest="90ab",
        compilations=(compilation,),
    )


def described(result: Result) -> Result:
    """The result with what attention says of itself and of every case in it, as a payload does."""
    named = (result.checks, result.bench, result.traces)
    cases = dict.fromkeys(
        (*result.request.cases, *(record.case for records in named for record in records))
    )
    facts = tuple(replace(ATTENTION.facts_of(one), tolerance=TOLERANCE) for one in cases)
    return replace(result, operator=ATTENTION.facts, cases=facts)


def gpu_result() -> Result:
    """SYNTHETIC GPU-like profile: two providers, six head counts, two methods, an A/A control."""
    cases = tuple(case(heads) for heads in HEADS)
    records = []
    for of in cases:
        for method, factor, calls in ((Method.BACK_TO_BACK, 1.0, 100), (Method.COLD, 1.07, 1)):
            base = (6.5 + 3.83 * of.size("H")) * factor
            also = {"method": method, "calls": calls, "before": state(), "after": state()}
            records += [
                bench("sdpa", of, samples(base), **also),
                bench("sparsek", of, samples((5.0 + 2.9 * of.size("H")) * factor, 0.006), **also),
                bench("sdpa", of, samples(base * 1.001), control=True, **also),
            ]
    return described(
        Result(
            request=request(cases=cases),
            status=Status.OK,
            reason="",
            started_at="2026-11-22T10:15:30Z",
            finished_at="2026-11-22T10:18:02Z",
            machine=gpu_machine(),
            stages=tuple(
                StageReport(stage, Status.OK, seconds=10.0)
                for stage in (Stage.BUILD, Stage.CHECK, Stage.BENCH)
            ),
            build=built(),
            checks=(
                *(check(name, of) for of in cases for name in ("sdpa", "sparsek")),
                check(
                    "sdpa-cudnn",
                    case(),
                    status=Status.SKIPPED,
                    reason="cuDNN backend refuses these inputs",
                    error=None,
                    deterministic=None,
                ),
            ),
            bench=tuple(records),
        )
    )


def cpu_result() -> Result:
    """SYNTHETIC CPU run: SDPA alone on two small fp32 cases; ours skipped for want of a GPU."""
    cases = (case(4, seq=64, dtype=DType.FP32), case(8, seq=64, dtype=DType.FP32))
    no_gpu = "needs a CUDA device"
    return described(
        Result(
            request=replace(
                request(device=Device.CPU, cases=cases), stages=(Stage.CHECK, Stage.BENCH)
            ),
            status=Status.OK,
            reason="",
            started_at="2026-11-22T10:15:30Z",
            finished_at="2026-11-22T10:15:41Z",
            machine=cpu_machine(),
            stages=(StageReport(Stage.CHECK, Status.OK), StageReport(Stage.BENCH, Status.OK)),
            checks=(
                *(check("sdpa", of) for of in cases),
                *(
                    check(
                        "sparsek",
                        of,
                        status=Status.SKIPPED,
                        reason=no_gpu,
                        error=None,
                        deterministic=None,
                    )
                    for of in cases
                ),
            ),
            bench=tuple(
                record
                for of in cases
                for record in (
                    bench("sdpa", of, samples(120.0 * of.size("H"), 0.03), calls=10),
                    bench("sdpa", of, samples(120.4 * of.size("H"), 0.03), calls=10, control=True),
                )
            ),
        )
    )


def run(result: Result | None, **changes: object) -> Run:
    card = RunCard(
        run_id="20261122-101530-synthetic-profile",
        verb="profile",
        host="synthetic",
        workspace="/workspace/blackwell-sparsek",
        snapshot="5e1f",
        reproduce="orchestrator profile --host synthetic --heads 8,16,32,64,96,128",
        created_at="2026-11-22T10:15:28Z",
        orchestrator_version="0.1.0",
    )
    return Run(replace(card, **changes), result)  # type: ignore[arg-type]
