"""hosts status: what RunPod says about the pods of the inventory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timezone
from functools import partial
from threading import Semaphore
from typing import TYPE_CHECKING, Any

from orchestrator.cli.screen import console
from orchestrator.errors import ExitCode, HostUnreachable, UsageError
from orchestrator.here.aside import begun

if TYPE_CHECKING:
    from orchestrator.cli.session import Session
    from orchestrator.cloud.pod import Pod
    from orchestrator.cloud.runpod import RunPod

_AT_ONCE = 4


@dataclass(frozen=True)
class _Row:
    """One host: its pod, or why nothing is known of it."""

    name: str
    pod_id: str
    pod: Pod | None = None
    problem: HostUnreachable | None = None


def show_status(session: Session, name: str | None, as_json: bool) -> int:
    """Print one row for each pod; UNREACHABLE if one of them is unknown to us."""
    asked = _pods(session, name)
    if asked:
        client = session.pods
        rows = _rows(client, asked)
    else:
        console.note("no host of the inventory is a pod: none has the key runpod")
        rows = []
    if as_json:
        console.out_json([_facts(row) for row in rows], private=True)
    else:
        _print_table(rows)
    problems = [row.problem for row in rows if row.problem]
    for problem in problems:
        console.error(problem.message, problem.hint)
    if usable := [row.name for row in rows if row.pod and row.pod.ssh]:
        console.next_step(f"orchestrator deploy --host {usable[0]}")
    return ExitCode.UNREACHABLE if problems else ExitCode.OK


def _pods(session: Session, name: str | None) -> dict[str, str]:
    """Return host name → pod id; UsageError: the named host is no pod."""
    inventory = session.inventory()
    if name is None:
        return {host.name: host.pod for host in inventory.hosts.values() if host.pod}
    host = inventory.host(name)
    if host.pod is None:
        raise UsageError(
            f"{host.where} is not a pod: it has no state to ask for",
            hint="Only hosts with the key `runpod:` have one; `orchestrator hosts` lists them.",
        )
    return {host.name: host.pod}


def _rows(client: RunPod, asked: dict[str, str]) -> list[_Row]:
    """_AT_ONCE of them at a time; not in a pool, for whose threads a Ctrl-C would have to wait."""
    turn = Semaphore(_AT_ONCE)

    def in_turn(name: str, pod_id: str) -> _Row:
        with turn:
            return _row(client, name, pod_id)

    answers = [begun(partial(in_turn, *pair), "hosts status") for pair in asked.items()]
    return [answer.result() for answer in answers]


def _row(client: RunPod, name: str, pod_id: str) -> _Row:
    try:
        return _Row(name, pod_id, pod=client.pod(pod_id))
    except HostUnreachable as problem:
        return _Row(name, pod_id, problem=problem)


def _print_table(rows: Sequence[_Row]) -> None:
    cells = [_cells(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        console.out("  ".join(padded).rstrip())


def _cells(row: _Row) -> tuple[str, ...]:
    if row.pod is None:
        return row.name, "unknown", "", "", "", ""
    pod = row.pod
    gpu = f"{pod.gpu_count} × {pod.gpu}" if pod.gpu else "no GPU"
    since = ""
    if pod.ssh and pod.started_at:
        since = f"since {pod.started_at.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
    price = f"{pod.cost_usd_per_hour:.2f} $/h"
    return row.name, pod.status.value, gpu, price, since, str(pod.ssh or "")


def _facts(row: _Row) -> dict[str, Any]:
    """Return what is known; a pod's own environment is never among it."""
    facts: dict[str, Any] = {"name": row.name, "pod": row.pod_id}
    if row.problem:
        return {**facts, "problem": row.problem.message}
    pod = row.pod
    assert pod is not None
    ssh = pod.ssh
    return {
        **facts,
        "status": pod.status.value,
        "gpu": pod.gpu,
        "gpu_count": pod.gpu_count,
        "cost_usd_per_hour": pod.cost_usd_per_hour,
        "started_at": pod.started_at.isoformat() if pod.started_at else None,
        "ssh": {"address": ssh.address, "port": ssh.port, "user": ssh.user} if ssh else None,
    }
