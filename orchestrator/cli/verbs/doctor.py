"""doctor: is a host fit for work, and if not, what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.given import options
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from orchestrator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from orchestrator.doctor.diagnosis import Diagnosis

VERB = Verb("doctor", "Say whether a host is fit, and how to mend it.", 20)
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.argument("name", metavar="[HOST]", required=False)
@options.one_visit_options
@click.option("--probe-counters", is_flag=True, help="Run one kernel under ncu; takes seconds.")
@options.json_option
@click.pass_obj
def doctor(
    session: Session,
    name: str | None,
    host: str | None,
    accept_new_host_key: bool,
    probe_counters: bool,
    as_json: bool,
) -> int:
    """Look at a host and say what is missing there, with the mend.

    One connection, two small programs. All they leave, in the workspace, is that ten lines
    compiled well. Exit code 4 if something would stop a profile.

    \b
    Example:
      orchestrator doctor
      orchestrator doctor h100 --probe-counters
    """
    from orchestrator.workflows.diagnose import diagnose, shown

    if name and host and name != host:
        raise UsageError(f"two hosts are named: {name} and {host}", hint="Look at one at a time.")
    where = session.host(name or host)
    with session.transport(where, accept_new_host_key, afresh=True) as transport:
        found = diagnose(transport, probe_counters=probe_counters, tell=console.note)
    if as_json:
        console.out_json(shown(found))
    else:
        _print(found)
    console.next_step(_next(found))
    return ExitCode.UNFIT if found.first_failure else ExitCode.OK


def _print(found: Diagnosis) -> None:
    width = max(len(one.topic) for one in found.findings)
    for one in found.findings:
        level, mend = one.level.value, f" → {one.mend}" if one.mend else ""
        text = f"  {one.topic:<{width}}  {one.found}{mend}"
        console.out(text, mark=f"{level:<4}", colour=_COLOURS[level])


def _next(found: Diagnosis) -> str:
    if found.first_failure:
        return found.first_failure.mend
    return f"orchestrator profile --host {found.host.name}"
