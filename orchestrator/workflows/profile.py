"""What check, bench and profile do: deploy, look at the host, run, bring home."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path, PurePosixPath

from orchestrator import __version__
from orchestrator.errors import HostUnfit
from orchestrator.here import aside, git, shipped
from orchestrator.launch import choose
from orchestrator.store.runs.run_store import RunStore, new_run_id
from orchestrator.sync import deploy, left_at_home, sources
from orchestrator.sync.inputs import require_inputs
from orchestrator.transport.base import Transport
from orchestrator.values.command import Command
from orchestrator.values.host import Host
from orchestrator.values.progress import Progress
from orchestrator.values.run import Revision, Run, RunCard
from orchestrator.values.snapshot import Deployed, Scan
from orchestrator.values.workspace import Workspace
from orchestrator.workflows.diagnose import Beside, look_command
from orchestrator.workflows.jobs.errand import Errand, spec_of
from orchestrator.workflows.jobs.order import DryStep as DryStep
from orchestrator.workflows.jobs.order import Order as Order
from orchestrator.workflows.jobs.run_job import run_job
from orchestrator.workflows.user_providers import PROVIDERS_FOLDER
from remote_payload.contract.layout import REQUEST, RESULT
from remote_payload.contract.request import AT

_PATIENCE_S = 1.0


def profile(
    order: Order,
    transport: Transport,
    runs: RunStore,
    progress: Progress,
    show_log: bool = False,
) -> Run:
    """Make the run and bring it home; what the gates say is in the result, not an exception.

    HostUnfit: the host cannot serve this order; nothing has been started there.
    """
    looking = aside.begun(partial(revisions_of, order), "git")
    deployed = _deployed_to_fit_host(order, transport, progress)
    request = replace(order.plan.request, snapshot=deployed.digest)
    known = _within_patience(looking)
    card = new_card(order.verb, transport.host, deployed.digest, order.reproduce, known, order.tags)
    errand = Errand(transport, runs, progress, show_log)
    run = run_job(errand, card, request)
    built = run.result.build if run.result else None
    at_home = left_at_home.explain(order.root, built, order.plan.extra) if built else ""
    if at_home:
        progress.say(at_home)
    return run


def _deployed_to_fit_host(order: Order, transport: Transport, progress: Progress) -> Deployed:
    """Deploy, and meanwhile find out whether the host is fit; what it lacks, doctor says best."""
    beside, request = Beside(transport), order.plan.request
    try:
        deployed = deploy.deploy_from(order.root, beside, extra=order.plan.extra, progress=progress)
    except HostUnfit:
        beside.fit_for(request)
        raise
    for note in beside.fit_for(request):
        progress.say(note)
    return deployed


def new_card(
    verb: str,
    host: Host,
    snapshot: str,
    reproduce: str,
    revisions: tuple[Revision, ...] = (),
    tags: tuple[str, ...] = (),
) -> RunCard:
    """The card of a run that starts now, as it is passed on with the run."""
    now = datetime.now(timezone.utc)
    return RunCard(
        run_id=new_run_id(now, host.name, verb),
        verb=verb,
        host=host.name,
        workspace=host.workspace,
        snapshot=snapshot,
        reproduce=reproduce,
        created_at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        orchestrator_version=__version__,
        revisions=revisions,
        tags=tags,
    ).for_others()


def revisions_of(order: Order) -> tuple[Revision, ...]:
    """What git says of the sources of a run; nothing where it knows nothing of them, and of a run
    of other commits alone, which is none of what is checked out."""
    if (given := order.plan.request.providers) and all(AT in one.name for one in given):
        return ()
    project = order.root.resolve()
    named = [(of, place) for of, place in order.plan.extra if isinstance(place, Path)]
    # A checkout is told by the first of its files: figures are of providers.
    named.sort(key=lambda one: not one[0].startswith(f"{PROVIDERS_FOLDER}/"))
    whole = None if shipped.is_installed(project) else project
    return git.revisions(whole, sources.PARTS, named)


def _within_patience(looking: Future[tuple[Revision, ...]]) -> tuple[Revision, ...]:
    """Nobody waits for git: it had all the time in which the sources travelled."""
    try:
        return looking.result(_PATIENCE_S)
    except Exception:  # whatever is wrong with a checkout, the run does not need to know it
        return ()


def dry_run(order: Order, host: Host) -> tuple[DryStep, ...]:
    """The exact commands a run would send to `host`, in order; opens no connection.

    The run id and each nonce are chosen when the run really starts, so they appear as <run-id>
    and <nonce>; `~` is expanded by the host.
    """
    scan = require_inputs(sources.scan(order.root, extra=order.plan.extra))
    look = "look at the host meanwhile, as doctor does; stop if it lacks what this run needs"
    return (
        dry_sync(scan, host, order.plan.request.against),
        DryStep(host.name, look, look_command(host, "<nonce>")),
        *dry_job(order, scan, host),
    )


def dry_sync(scan: Scan, host: Host, against: str = "") -> DryStep:
    """The command that brings the sources to `host`. against: the revision beside those of now."""
    size = f"{len(scan.snapshot.entries)} files, {scan.snapshot.size_bytes:,} bytes at most"
    size += f", with those of {against} that differ" if against else ""
    return DryStep(host.name, f"sync {size}", deploy.plan(host, scan).command)


def dry_job(order: Order, scan: Scan, host: Host) -> tuple[DryStep, ...]:
    """The commands that make the run from the sources that lie on `host`."""
    request = replace(order.plan.request, run_id="<run-id>", snapshot=scan.snapshot.digest)
    spec = spec_of(host, request)
    workspace = Workspace(PurePosixPath(host.workspace))
    code, job = workspace.snapshot(spec.snapshot), workspace.job("<run-id>")
    runner = (str(code / "remote_payload" / "runner.py"), str(job), str(code), host.workspace)
    payload = (str(job / REQUEST), str(job / RESULT))
    builds = ("--builds", str(workspace.builds))
    limits = f"once no other job has its device, for {spec.time_limit_s:g} s at most"
    return (
        DryStep(
            host.name, "submit the request, follow its log, pull its result", choose.command(host)
        ),
        DryStep(
            host.name,
            "run by that agent, detached: the supervisor of the job",
            Command((host.python, "-IS", *runner)),
        ),
        DryStep(
            host.name,
            f"run by the supervisor, {limits}",
            Command((host.python, "-m", "remote_payload", *payload, *builds)),
        ),
    )
