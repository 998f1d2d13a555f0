"""What a run came to: printed, and as an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.cli import gating, what_next
from orchestrator.cli.given.target_options import Met, required
from orchestrator.cli.screen import console
from orchestrator.errors import ExitCode
from orchestrator.values.run import Run
from remote_payload.contract import codec
from remote_payload.contract.words import Status

if TYPE_CHECKING:
    from orchestrator.report.gates.gate import Policy
    from orchestrator.report.render import Report
    from orchestrator.workflows.publishing.publish import Published


def show(
    run: Run,
    published: Published,
    as_json: bool,
    lent: Run | None = None,
    host: str | None = None,
    gate: Policy | None = None,
    require: str | None = None,
) -> int:
    """Print what a run came to, and turn it into the exit code. lent: the run that it borrowed its
    counters from. host: as in `what_next.after`. gate: what else is asked of a run that went well;
    GateFailed, NothingDecided where that is not so. require: a tier of the targets that is to be
    met."""
    report, path = published.report, str(published.path)
    told_of_templates(published)
    met = required(run, report, require) if require is not None else None
    if as_json:
        result = codec.encode(run.result) if run.result else None
        facts = {"run": run.card.run_id, "report": path, "verdict": report.verdict}
        more = {"undecided": report.undecided, "targets": report.targets, "result": result}
        tier = {"required": met.told} if met else {}
        console.out_json({**facts, **more, **tier}, as_is=("run", "report"))
    else:
        console.out(report.verdict)
        console.out(path)
    code = exit_code(run, report.ok, report.undecided)
    step = what_next.after(run, host)
    if code is ExitCode.UNDECIDED and not _was_timed(run):
        step = what_next.command("doctor", host or run.card.host)
    if code is ExitCode.OK and lent is not None:
        code, step = _borrowed(lent, report), what_next.after(lent)
    if code is ExitCode.OK:
        code = gates(run, gate, met)
    console.next_step(step)
    return code


def told_of_templates(published: Published) -> None:
    """Say where ours printed a report, as one of the user's is wrong."""
    if (mistake := published.mistake) is not None:
        console.note(f"{mistake.message}; the report was printed by our own templates instead")


def gates(run: Run, gate: Policy | None, met: Met | None) -> ExitCode:
    """What the gates say that were asked for: a tier that is missed before all, then whatever
    GateFailed or NothingDecided tells, then a tier that is open."""
    if met is not None and met.code is ExitCode.GATE_FAILED:
        return met.code
    if gate is not None:
        gating.require_run(run, gate)
    return met.code if met is not None else ExitCode.OK


def exit_code(run: Run, ok: bool, undecided: str = "") -> ExitCode:
    """0 for a run whose every gate passed; 4 where the host lacked something; 6 where nothing was
    decided; else 1."""
    if run.result is not None and run.result.unfit:
        console.error(run.result.reason, "")
        return ExitCode.UNFIT
    if run.result is None or run.result.status is not Status.OK or not ok:
        return ExitCode.GATE_FAILED
    if undecided:
        console.error(f"nothing decided: {undecided}", "")
        return ExitCode.UNDECIDED
    return ExitCode.OK


def _was_timed(run: Run) -> bool:
    """Whether the host did what it was for: what was undecided then is for the report to tell."""
    return run.result is not None and any(one.status is Status.OK for one in run.result.bench)


def _borrowed(lent: Run, report: Report) -> ExitCode:
    """Counters of another host are asked for by name: without them the command has failed."""
    if lent.result is not None and lent.result.unfit:
        console.error(lent.result.reason, "")
        return ExitCode.UNFIT
    if not report.counted:
        console.error(f"no counters from {lent.card.host}: {report.counters}", "")
        return ExitCode.GATE_FAILED
    return ExitCode.OK
