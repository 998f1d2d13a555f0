"""Counters from another host of the same GPU model, for a host that gives none."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import LocalFault
from orchestrator.store.runs.records import CHARTS
from orchestrator.store.runs.run_store import LENT, LOG, REPORT, RunStore
from orchestrator.transport.base import Transport
from orchestrator.values.progress import Progress
from orchestrator.values.run import Run
from orchestrator.workflows.profile import Order, profile
from orchestrator.workflows.publishing.around import ALONE, Around
from orchestrator.workflows.publishing.publish import Published, publish_home
from remote_payload.contract.words import Stage
from remote_payload.stages import declaration


def split(order: Order) -> tuple[Order, Order]:
    """An order with counters as two: everything else, and the counters, which are a must then."""
    request = order.plan.request
    lent = [one.stage for one in declaration.asked(request) if one.lends]
    timed = replace(request, stages=tuple(s for s in request.stages if s not in lent))
    counted = replace(
        request,
        stages=tuple(s for s in request.stages if s in (Stage.BUILD, Stage.CHECK, *lent)),
        cases=request.ncu.cases or request.cases,
        cpu_cases=(),
        ncu=replace(request.ncu, required=True),
    )
    return (
        replace(order, plan=replace(order.plan, request=timed)),
        replace(order, verb="ncu", plan=replace(order.plan, request=counted)),
    )


def borrow(
    order: Order,
    run: Run,
    transport: Transport,
    runs: RunStore,
    progress: Progress,
    show_log: bool = False,
    around: Around = ALONE,
) -> tuple[Run, Published]:
    """Make the run `order` on the other host, and `run`'s report anew with its counters.

    The other run stays a run of its own; a copy of what the report needs goes into `run`'s folder.
    Returns the other run and the report.
    """
    lent = profile(order, transport, runs, progress, show_log)
    publish_home(lent, runs.folder(lent.card.run_id), around)
    folder = runs.folder(run.card.run_id)
    _keep(runs.folder(lent.card.run_id), folder / LENT)
    runs.lend(folder, folder / LENT)
    return lent, publish_home(runs.load(folder), folder, around)


def _keep(source: Path, target: Path) -> None:
    left_out = shutil.ignore_patterns(REPORT, CHARTS, LOG, LENT)
    try:
        shutil.copytree(source, target, ignore=left_out)
    except shutil.Error as exc:  # a list of (from, to, why): what stops one stops them all
        _, place, why = exc.args[0][0]
        shutil.rmtree(target, ignore_errors=True)
        raise LocalFault(f"{place}: {why}", hint=f"The counters are in {source}.") from exc
