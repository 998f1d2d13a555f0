"""Rules about the GPU's counters: is ncu there, and may it read them."""

from __future__ import annotations

import re

from orchestrator.doctor.finding import Case, Finding, Findings, by_owner, here, ok, warn
from remote_payload.contract.tools.ncu_command import complaint

# The row of the one counter that the probe asks for: its name, its unit, its value.
_COUNT = re.compile(r"^\s*sm__cycles_elapsed\.max\s+\w+\s+(\S.*?)\s*$", re.MULTILINE)
# A cycle has no fraction; thousands may be parted by whatever the locale likes.
_CYCLES = re.compile(r"\d[\d.,'’ \u00a0\u202f]*")
_OPEN = by_owner(
    "open them to all",
    "NVreg_RestrictProfilingToAdminUsers=0, an option of the kernel module nvidia",
)
_ALLOW = (
    f"{_OPEN} or start the container with the capability SYS_ADMIN (docker's option --cap-add); "
    "else profile without ncu"
)
_PAUSE = by_owner("pause DCGM's profiling", "dcgmi's command profile, its option --pause")


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
            "the host needs Nsight Compute: the package nsight-compute of NVIDIA's repository",
        )


def counters(case: Case) -> Findings:
    if case.gpu is None or not case.facts.profilers:
        return
    if case.facts.counters:
        yield _probed(case, case.facts.counters.status, case.facts.counters.said)
        return
    admin_only = case.facts.driver.profiling_admin_only
    if admin_only is None:
        yield warn(
            "counters", "the driver does not tell who may read them; not probed", _probe(case)
        )
    elif admin_only and not case.facts.system.may_administer:
        why = "RmProfilingAdminOnly is 1 and we lack CAP_SYS_ADMIN"
        yield warn("counters", f"refused: {why}; not probed", _ALLOW)
    else:
        why = "RmProfilingAdminOnly is 1, we are administrator" if admin_only else "open to all"
        yield ok("counters", f"should be allowed ({why}); not probed")


def _probe(case: Case) -> str:
    return here(f"orchestrator doctor {case.host.name} --probe-counters")


def _probed(case: Case, status: int | None, said: str) -> Finding:
    """ncu's exit status is no verdict; what it printed is."""
    counted = _COUNT.search(said)
    if counted and "==ERROR==" not in said:
        return _counted(counted[1])
    if "ERR_NVGPUCTRPERM" in said:
        return warn("counters", "refused to this user (ERR_NVGPUCTRPERM)", _ALLOW)
    if "driver resource was unavailable" in said:
        return warn("counters", "in use by another tool", f"{_PAUSE}; then {_probe(case)}")
    if "nsight-compute-lock" in said:
        mend = f"set `env: {{TMPDIR: …}}` {case.setting} to a folder of your own"
        return warn("counters", "ncu's lock file is another user's", mend)
    if status is None:
        return warn("counters", "ncu did not end in time", f"try again, {_probe(case)}")
    why = complaint(said) or "it printed nothing"
    return warn(
        "counters", f"ncu failed ({status}): {why}", f"mend what it says, then {_probe(case)}"
    )


def _counted(value: str) -> Finding:
    if _CYCLES.fullmatch(value) and value.strip("0,.") != "":
        return ok("counters", "allowed: ncu measured a kernel")
    return warn(
        "counters",
        f"not usable: ncu ran, but its counter came back as {value}",
        "end other profilers there, use a whole GPU and no slice or vGPU; else profile without ncu",
    )


RULES = (ncu, counters)
