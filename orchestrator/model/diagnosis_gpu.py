"""Rules about the GPU: is it there, idle, healthy, and may its counters be read."""

from __future__ import annotations

from orchestrator.model.finding import Case, Finding, Findings, fail, ok, warn

BUSY_MIB = 1024.0  # a driver keeps some hundred MiB for itself
BUSY_PERCENT = 5.0
HOT_C = 80.0
NEAR_SLOWDOWN_C = 10.0
# Reasons that say nothing about trouble: nothing to do, or as somebody set it.
HARMLESS = ("gpu_idle", "applications_clocks_setting", "display_clocks_setting", "sync_boost")
COUNTED = "sm__cycles_elapsed.max"

_RESTART = "restart the pod; if it comes back, rent another one"
_COMPLAINTS = {
    "version mismatch": "restart the machine: its driver was updated while it ran",
    "couldn't communicate": "load the driver (modprobe nvidia) or restart the machine",
    "No devices were found": "start the container with its GPU: docker run --gpus all",
    "GPU is lost": _RESTART,
    "Unable to determine the device handle": _RESTART,
}
_ALLOW = (
    "as administrator of the host: NVreg_RestrictProfilingToAdminUsers=0 for the module nvidia, "
    "or docker run --cap-add SYS_ADMIN; else profile without ncu"
)


def gpu(case: Case) -> Findings:
    facts, host = case.facts, case.host
    if case.gpu:
        count = f", GPU {host.gpu or 0} of {len(facts.gpus)}" if len(facts.gpus) > 1 else ""
        kind = f" (compute capability {case.gpu.capability})" if case.gpu.capability else ""
        yield ok("gpu", f"{case.gpu.name}{kind}{count}")
    elif "nvidia_smi" in facts.silent:
        yield fail(
            "gpu",
            "nvidia-smi does not answer",
            "run nvidia-smi there: slow without persistence mode (`nvidia-smi -pm 1` as root), "
            "and if it hangs, restart the pod",
        )
    elif facts.driver.complaint:
        mends = (mend for text, mend in _COMPLAINTS.items() if text in facts.driver.complaint)
        mend = next(mends, "run nvidia-smi there until it shows the GPU")
        yield fail("gpu", f"nvidia-smi says: {facts.driver.complaint}", mend)
    elif facts.gpus:
        yield fail(
            "gpu",
            f"the inventory says gpu: {host.gpu}, there are {len(facts.gpus)}, counted from 0",
            f"set `gpu: {len(facts.gpus) - 1}` {case.setting}",
        )
    else:
        yield _no_gpu(case)


def driver(case: Case) -> Findings:
    seen = case.facts.driver
    if not seen.version:
        return
    if seen.module and seen.module != seen.version:
        yield fail(
            "driver",
            f"nvidia-smi is {seen.version}, the kernel runs {seen.module}",
            "restart the machine: its driver was updated while it ran",
        )
        return
    yield ok(
        "driver", f"{seen.version}, for CUDA up to {seen.cuda or 'a release it does not tell'}"
    )


def idle(case: Case) -> Findings:
    if case.gpu is None:
        return
    wait = "wait, or end it there: figures taken beside another program are worth nothing"
    used = case.gpu.memory_used_mib or 0.0
    names = ", ".join(name for name, _ in case.gpu.processes[:3])
    if case.gpu.processes:
        found = f"{len(case.gpu.processes)} on the GPU ({names}), {used:,.0f} MiB in use"
        yield warn("idle", found, wait)
    elif used > BUSY_MIB:
        found = f"{used:,.0f} MiB are in use by a process that this container does not show"
        yield warn("idle", found, "ask who shares the GPU, or rent another pod")
    elif (case.gpu.utilization_percent or 0.0) > BUSY_PERCENT:
        yield warn("idle", f"{case.gpu.utilization_percent:.0f} % busy, nobody shown", wait)
    else:
        yield ok("idle", f"no other process, {used:,.0f} MiB in use")


def temperature(case: Case) -> Findings:
    if case.gpu is None or case.gpu.temperature_c is None:
        return
    limit = case.gpu.slowdown_c
    hot_c = HOT_C if limit is None else limit - NEAR_SLOWDOWN_C
    found = f"{case.gpu.temperature_c:.0f} °C" + (f", slows down at {limit:.0f}" if limit else "")
    if case.gpu.temperature_c >= hot_c:
        yield warn("temperature", found, "let it cool down before you measure")
    else:
        yield ok("temperature", found)


def ecc(case: Case) -> Findings:
    if case.gpu is None or case.gpu.ecc is None:
        return
    if case.gpu.ecc_errors or case.gpu.row_remap_failure:
        count = f"{case.gpu.ecc_errors or 0} uncorrectable memory errors"
        remap = ", rows could not be remapped" if case.gpu.row_remap_failure else ""
        yield fail("ecc", f"{count}{remap}: results may be wrong", "rent another GPU, report this")
    elif case.gpu.ecc:
        yield ok("ecc", "on, no uncorrectable error")
    else:
        yield warn("ecc", "off", "nvidia-smi -e 1 as root, then restart; figures differ with ECC")


def mig(case: Case) -> Findings:
    if case.gpu is None:
        return
    if case.gpu.mig:
        yield warn(
            "mig",
            "on: you measure a slice, peaks and targets are those of the whole GPU",
            "rent a whole GPU, or nvidia-smi -mig 0 as root",
        )
    else:
        yield ok("mig", "off")


def throttle(case: Case) -> Findings:
    if case.gpu is None:
        return
    reasons = [reason for reason in case.gpu.throttle if reason not in HARMLESS]
    if not reasons:
        yield ok("throttle", "nothing holds the clocks down")
        return
    found = f"the GPU holds its clocks down: {', '.join(reasons)}"
    yield warn("throttle", found, "wait until it is idle and cool; if it stays so, rent another")


def clocks(case: Case) -> Findings:
    one = case.gpu
    if one is None:
        return
    now = f"SM {_mhz(one.sm_mhz)} of {_mhz(one.max_sm_mhz)} MHz"
    if one.application_mhz and one.max_sm_mhz and one.application_mhz < one.max_sm_mhz:
        now += f", application clock {_mhz(one.application_mhz)}"
    if one.persistence is False:
        yield warn("persistence", "off: first calls are slow", "nvidia-smi -pm 1 as root")
    if case.facts.system.may_administer:
        yield ok("clocks", f"{now}; you may lock them (not tried)")
        return
    why = "no CAP_SYS_ADMIN" if case.facts.system.uid == 0 else "not root"
    yield warn(
        "clocks",
        f"{now}; locking them will be refused ({why}; not tried)",
        "nothing: each result records its clocks; to lock them, use a host you administer",
    )


def ncu(case: Case) -> Findings:
    if case.gpu is None or "profilers" in case.facts.silent:
        return
    if case.facts.profilers:
        first = case.facts.profilers[0]
        yield ok("ncu", f"{first.version} ({first.path})")
    else:
        yield warn(
            "ncu",
            "not found on PATH, in /usr/local/cuda* or /opt/nvidia: profiles have no counters",
            "install nsight-compute (apt-get install of NVIDIA's repository)",
        )


def counters(case: Case) -> Findings:
    if case.gpu is None or not case.facts.profilers:
        return
    if case.facts.counters:
        yield _probed(case.facts.counters.status, case.facts.counters.said)
        return
    admin_only = case.facts.driver.profiling_admin_only
    probe = f"orchestrator doctor {case.host.name} --probe-counters"
    if admin_only is None:
        yield warn("counters", "the driver does not tell who may read them; not probed", probe)
    elif admin_only and not case.facts.system.may_administer:
        why = "RmProfilingAdminOnly is 1 and we lack CAP_SYS_ADMIN"
        yield warn("counters", f"refused: {why}; not probed", _ALLOW)
    else:
        why = "RmProfilingAdminOnly is 1, we are administrator" if admin_only else "open to all"
        yield ok("counters", f"should be allowed ({why}); not probed")


def _no_gpu(case: Case) -> Finding:
    there = case.facts.driver.nodes or case.facts.driver.module
    if there:
        mend = "install nvidia-utils of the driver's version, or add its folder to PATH"
        return fail("gpu", "the NVIDIA driver is there, nvidia-smi is not", mend)
    if case.host.gpu is not None:
        return fail(
            "gpu",
            f"none, but the inventory says gpu: {case.host.gpu}",
            f"start the pod with a GPU, or remove `gpu:` {case.setting}",
        )
    nodes = "; Slurm's compute nodes may have some" if case.facts.system.sbatch else ""
    return warn(
        "gpu",
        f"none: only checks and CPU timings run here{nodes}",
        "for GPU figures: orchestrator hosts add, with a machine that has one",
    )


def _probed(status: int | None, said: str) -> Finding:
    """ncu's exit status is no verdict; what it printed is."""
    if COUNTED in said and "==ERROR==" not in said:
        return ok("counters", "allowed: ncu measured a kernel")
    if "ERR_NVGPUCTRPERM" in said:
        return warn("counters", "refused to this user (ERR_NVGPUCTRPERM)", _ALLOW)
    if "driver resource was unavailable" in said:
        return warn("counters", "in use by another tool", "dcgmi profile --pause, then try again")
    if "nsight-compute-lock" in said:
        return warn(
            "counters", "ncu's lock file is another user's", "set TMPDIR to your own folder"
        )
    if status is None:
        return warn(
            "counters", "ncu did not end in time", "run `ncu --version` and nvidia-smi there"
        )
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "nothing")
    return warn("counters", f"ncu failed ({status}): {last.strip()}", "run ncu there by hand")


def _mhz(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f}"


RULES = (
    gpu,
    driver,
    idle,
    temperature,
    ecc,
    mig,
    throttle,
    clocks,
    ncu,
    counters,
)
