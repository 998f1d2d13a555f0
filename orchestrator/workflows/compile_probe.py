"""Compile, link and load ten lines on a host, with the toolkit that builds would take there."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.doctor.diagnosis_software import target_of
from orchestrator.doctor.finding import Case
from orchestrator.errors import OrchestratorError
from orchestrator.transport import agent
from orchestrator.transport.base import Transport
from orchestrator.values.host_facts import CompileProbe, Toolkit
from orchestrator.workflows.understood import understood

AGENT = "compile"
# Until it is clear whether anything has to be compiled, programs are asked for their versions.
ANSWER_LIMIT_S = 30.0
LIMIT_S = 60.0


def compile_ten_lines(
    transport: Transport, case: Case, tell: Callable[[str], None], limit_s: float = LIMIT_S
) -> CompileProbe | None:
    """None where builds find no toolkit. tell: hears what takes its time, at most limit_s.

    Whatever becomes of it, what else was seen of the host stays worth telling: no error is raised.
    """
    kits = [kit for kit in case.facts.toolkits if kit.found_by_builds]
    if not kits or not kits[0].there:
        return None
    if "workspace" in case.facts.silent:
        return CompileProbe("place", "the workspace does not answer", kits[0].path)
    try:
        return _ask(transport, case, kits, tell, limit_s)
    except OrchestratorError as error:
        return CompileProbe("fault", error.message, kits[0].path)


def _ask(
    transport: Transport,
    case: Case,
    kits: list[Toolkit],
    tell: Callable[[str], None],
    limit_s: float,
) -> CompileProbe:
    host = transport.host
    question = {
        "env": dict(host.env),
        "nvcc": kits[0].path,
        "arch": target_of(case),
        "others": [kit.home for kit in kits[1:] if kit.release],
        "limit_s": limit_s,
    }
    with agent.open_agent(transport, AGENT, host.workspace) as session:
        session.send_json(question)
        answer = session.receive_json(ANSWER_LIMIT_S)
        if isinstance(answer, dict) and "trying" in answer:
            bound = f"at most {limit_s:.0f} s"
            tell(f"compiling ten lines with nvcc {kits[0].release} on {host.name} ({bound})")
            answer = session.receive_json(limit_s + ANSWER_LIMIT_S)
        return understood(CompileProbe, answer, host)
