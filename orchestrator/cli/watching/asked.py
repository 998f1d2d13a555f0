"""What a watch is asked to do: its options, and each time anew what they mean by now."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.given import problem_options
from orchestrator.cli.running import wish_of
from orchestrator.cli.session import Session
from orchestrator.cli.trust import require_trust
from orchestrator.errors import UsageError
from orchestrator.values.host import Host
from orchestrator.workflows.operator_choice import choose
from orchestrator.workflows.plan import Plan, plan
from orchestrator.workflows.problems import recognise
from orchestrator.workflows.sweep import found
from remote_payload.contract.words import WATCH, Method, Stage
from remote_payload.operators import registry

_STAGES = (Stage.BUILD, Stage.CHECK, Stage.BENCH)
# One look at as many starts as a verdict needs at least; Enter takes as many again.
_QUICK: dict[str, Any] = {"starts": 8, "rounds": 1, "bench_budget_s": 4.0}
# By the cache that is warm, and without the host where the GPU waits for it.
_METHODS = (Method.BACK_TO_BACK, Method.GRAPH)
_ONE = "watch takes one problem"


@dataclass(frozen=True)
class Asked:
    """planned: what is to be run by what the files say now; UsageError."""

    host: Host
    planned: Callable[[], Plan]


def asked(session: Session, host: Host, given: dict[str, Any], dry_run: bool) -> Asked:
    """Of a verb's options. UsageError, click.UsageError: they cannot be what is watched."""
    trusted, (chosen, resume) = given.pop("trusted"), problem_options.chosen(given)
    beside, trace = problem_options.beside(given), given.pop("write_trace")
    if trace is not None:
        raise click.UsageError("--write-trace goes with check, bench and profile")
    path = session.here / Path(given["operator"]).expanduser()
    format = "" if given["operator"] in registry.names() else recognise.format_of(path)
    if format == "folder":
        raise UsageError(f"--operator: {path} is a folder; {_ONE}", hint="Name one of its files.")
    problem_options.require_alone(chosen, resume, path)
    if format:
        beside = found.beside_of(found.alone(path, format), beside)
        if not dry_run:
            require_trust(host, path, session.runs_folder, trusted)
    for name, quick in _QUICK.items():
        given[name] = quick if given[name] is None else given[name]

    def planned() -> Plan:
        named = (*(given["providers"] or ()), *given["without"])
        choice = choose(given["operator"], session.here, named, beside)
        made = plan(wish_of(_STAGES, dict(given), choice), session.here)
        bench = replace(made.request.bench, methods=_METHODS)
        return replace(made, request=replace(made.request, bench=bench))

    return Asked(host, planned)


def as_profile() -> list[str]:
    """The command line that makes an ordinary run of what this one watches."""
    words, at = sys.argv[1:], 0
    while words[at] != WATCH:
        at += 2 if words[at] in ("--inventory", "--runs") else 1
    before, after = words[:at], [word for word in words[at + 1 :] if word != "--json"]
    return [sys.executable, "-m", "orchestrator", *before, "profile", *after]
