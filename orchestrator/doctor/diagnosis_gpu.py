"""Rules about the GPU: is it there, idle, healthy; what is not told is neither zero nor no."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.doctor.finding import (
    Case,
    Finding,
    Findings,
    again,
    by_owner,
    fail,
    here,
    ok,
    warn,
)
from remote_payload.contract.tools.throttle import holding

BUSY_MIB = 1024.0  # a driver keeps some hundred MiB for itself
BUSY_PERCENT = 5.0
HOT_C = 80.0
NEAR_SLOWDOWN_C = 10.0

_RESTART = "restart the pod; if it comes back, rent another one"
_COMPLAINTS = {
    "version mismatch": "restart the machine: its driver was updated while it ran",
    "couldn't communicate": "restart the machine, or "
    + by_owner("load the driver", "its kernel module nvidia"),
    "No devices were found": "start the container with its GPU (docker's option --gpus)",
    "GPU is lost": _RESTART,
    "Unable to determine the device handle": _RESTART,
}
_UNSEEN = "nothing: see whether the clocks that each result records stay the same"
_UNCHECKED = "nothing: every provider's output is compared with a reference before it is timed"
_SHOWN_PROCESSES, _SHOWN_NAME = 5, 200


def gpu(case: Case) -> Findings:
    facts, host = case.facts, case.host
    if case.gpu and not case.gpu.name:
        found = "the driver lists a GPU and tells nothing of it, not even its name"
        yield fail("gpu", found, _RESTART)
    elif case.gpu:
        count = f", GPU {host.gpu or 0} of {len(facts.gpus)}" if len(facts.gpus) > 1 else ""
        kind = f" (compute capability {case.gpu.capability})" if case.gpu.capability else ""
        yield ok("gpu", f"{case.gpu.name}{kind}{count}")
    elif "nvidia_smi" in facts.silent:
        yield fail(
            "gpu",
            "nvidia-smi does not answer",
            f"its first answer is slow without persistence mode: try again, {again(case)}; if it "
            "never answers, restart the pod",
        )
    elif facts.driver.complaint:
        mends = (mend for text, mend in _COMPLAINTS.items() if text in facts.driver.complaint)
        mend = next(mends, "mend the driver there until nvidia-smi shows the GPU")
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
    if seen.warning:
        mend = "tell whoever owns the machine; if figures look odd, rent another one"
        yield warn("driver", f"nvidia-smi also says: {seen.warning}", mend)
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
    one = case.gpu
    if one is None:
        return
    wait = "wait, or end it there: figures taken beside another program are worth nothing"
    used, busy = one.memory_used_mib, one.utilization_percent
    memory = "memory in use is not told" if used is None else f"{used:,.0f} MiB in use"
    if one.processes:
        found = f"{len(one.processes)} on the GPU ({_named(one.processes)}), {memory}"
        yield warn("idle", found, wait)
    elif used is not None and used > BUSY_MIB:
        found = f"{used:,.0f} MiB are in use by a process that this container does not show"
        yield warn("idle", found, "ask who shares the GPU, or rent another pod")
    elif busy is not None and busy > BUSY_PERCENT:
        yield warn("idle", f"{busy:.0f} % busy, nobody shown", wait)
    elif used is None and busy is None:
        found = "not told: the driver shows neither memory in use nor how busy the GPU is (N/A)"
        yield warn("idle", found, "make sure that nobody else uses it before you trust figures")
    else:
        shown = "no other process" if one.processes is not None else "the processes are not told"
        rest = "" if busy is not None else ", how busy it is is not told"
        yield ok("idle", f"{shown}, {memory}{rest}")


def _named(processes: Sequence[tuple[str, float | None]]) -> str:
    """Whole command lines of the first ones; what is left out is said."""
    names = []
    for name, _ in processes[:_SHOWN_PROCESSES]:
        rest = len(name) - _SHOWN_NAME
        cut = f"{name[:_SHOWN_NAME]} … ({rest} more characters)" if rest > 0 else name
        names.append(cut)
    more = len(processes) - len(names)
    return ", ".join(names) + (f", and {more} more" if more else "")


def temperature(case: Case) -> Findings:
    if case.gpu is None:
        return
    if case.gpu.temperature_c is None:
        yield warn("temperature", "not told by the driver (N/A)", _UNSEEN)
        return
    limit = case.gpu.slowdown_c
    hot_c = HOT_C if limit is None else limit - NEAR_SLOWDOWN_C
    found = f"{case.gpu.temperature_c:.0f} °C" + (f", slows down at {limit:.0f}" if limit else "")
    if case.gpu.temperature_c >= hot_c:
        yield warn("temperature", found, "let it cool down before you measure")
    else:
        yield ok("temperature", found)


def ecc(case: Case) -> Findings:
    """Errors that were counted are errors, whatever else is told; what is not told is no zero."""
    one = case.gpu
    if one is None:
        return
    wounds = [f"{one.ecc_errors} uncorrectable memory errors"] if one.ecc_errors else []
    wounds += ["rows could not be remapped"] if one.row_remap_failure else []
    wounds += one.memory_wounds
    if wounds:
        found = f"{', '.join(wounds)}: results may be wrong"
        yield fail("ecc", found, "rent another GPU, report this")
    elif one.memory_repairs:
        reset = by_owner("reset it", "nvidia-smi's option --gpu-reset")
        mend = f"restart the machine or rent another GPU; {reset}"
        yield warn("ecc", f"{', '.join(one.memory_repairs)}: only a reset repairs it", mend)
    elif one.ecc is False:
        turn_on = by_owner("turn it on", "nvidia-smi's option -e, then a restart")
        yield warn("ecc", "off", f"figures differ with ECC; {turn_on}")
    elif one.ecc is None:
        yield warn("ecc", "not told (N/A), as on GPUs without ECC", _UNCHECKED)
    elif one.ecc_errors is None:
        why = ", as is usual of slices (MIG)" if one.mig else ""
        yield warn("ecc", f"on; how many errors there were is not told (N/A{why})", _UNCHECKED)
    elif one.ecc_untold:
        found = (
            f"on, no uncorrectable error among those told; not told: {', '.join(one.ecc_untold)}"
        )
        yield warn("ecc", found, _UNCHECKED)
    elif one.ecc_errors_ever:
        found = (
            f"on, no uncorrectable error since the driver was loaded, {one.ecc_errors_ever} before"
        )
        yield warn("ecc", found, "if one comes back, rent another GPU")
    else:
        yield ok("ecc", "on, no uncorrectable error")


def mig(case: Case) -> Findings:
    if case.gpu is None:
        return
    if case.gpu.mig:
        found = "on: you measure a slice, peaks and targets are those of the whole GPU"
        turn_off = by_owner("turn it off", "nvidia-smi's option -mig")
        yield warn("mig", found, f"rent a whole GPU; {turn_off}")
    elif case.gpu.mig is None:
        yield ok("mig", "not told (N/A), as on GPUs that cannot be sliced")
    else:
        yield ok("mig", "off")


def throttle(case: Case) -> Findings:
    one = case.gpu
    if one is None:
        return
    reasons = holding(one.throttle or ())
    untold = holding(one.throttle_untold)
    if reasons:
        found = f"the GPU holds its clocks down: {', '.join(reasons)}"
        mend = "wait until it is idle and cool; if it stays so, rent another"
        yield warn("throttle", found, mend)
    elif one.throttle is None:
        found = "not told: the driver does not say whether anything holds the clocks down (N/A)"
        yield warn("throttle", found, _UNSEEN)
    elif untold:
        found = f"nothing told holds the clocks down; not told: {', '.join(untold)}"
        yield warn("throttle", found, _UNSEEN)
    else:
        yield ok("throttle", "nothing holds the clocks down")


def clocks(case: Case) -> Findings:
    one = case.gpu
    if one is None:
        return
    now = f"SM {_mhz(one.sm_mhz)} of {_mhz(one.max_sm_mhz)} MHz"
    if one.application_mhz and one.max_sm_mhz and one.application_mhz < one.max_sm_mhz:
        now += f", application clock {_mhz(one.application_mhz)}"
    if one.persistence is False:
        turn_on = by_owner("turn it on", "nvidia-smi's option -pm")
        yield warn("persistence", "off: first calls are slow", turn_on)
    if case.facts.system.may_administer:
        yield ok("clocks", f"{now}; you may lock them (not tried)")
        return
    why = "no CAP_SYS_ADMIN" if case.facts.system.uid == 0 else "not root"
    yield warn(
        "clocks",
        f"{now}; locking them will be refused ({why}; not tried)",
        "nothing: each result records its clocks; to lock them, use a host you administer",
    )


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
        f"for GPU figures add a machine that has one, {here('orchestrator hosts add --help')}",
    )


def _mhz(value: float | None) -> str:
    return "not told" if value is None else f"{value:.0f}"


RULES = (
    gpu,
    driver,
    idle,
    temperature,
    ecc,
    mig,
    throttle,
    clocks,
)
