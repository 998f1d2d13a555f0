"""From facts to findings: pure rules, in the order in which people should mend things."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.doctor import (
    diagnosis_compile,
    diagnosis_counters,
    diagnosis_gpu,
    diagnosis_host,
    diagnosis_software,
)
from orchestrator.doctor.finding import Case, Finding, Level
from orchestrator.values.host import Host
from orchestrator.values.host_facts import Facts, Reach

RULES = (
    *diagnosis_host.RULES,
    *diagnosis_software.RULES,
    *diagnosis_compile.RULES,
    *diagnosis_gpu.RULES,
    *diagnosis_counters.RULES,
)


@dataclass(frozen=True)
class Diagnosis:
    """A host, what was seen there, and what follows from it."""

    host: Host
    reach: Reach
    facts: Facts
    findings: tuple[Finding, ...]

    @property
    def first_failure(self) -> Finding | None:
        """The one to mend first; None for a host that is fit for work."""
        return next((one for one in self.findings if one.level is Level.FAIL), None)


def diagnose(host: Host, reach: Reach, facts: Facts) -> Diagnosis:
    """Ask every rule."""
    case = Case(host, reach, facts)
    return Diagnosis(host, reach, facts, tuple(one for rule in RULES for one in rule(case)))
