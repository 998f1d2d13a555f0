"""runs: what is kept here, and what a host still keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import what_next
from orchestrator.cli.given import options
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from orchestrator.cli.verbs.runs import filters, labels, moving, removing, showing, table, there
from orchestrator.cli.verbs.runs.columns import fields_of
from orchestrator.values.command import about

if TYPE_CHECKING:
    from orchestrator.store.index.values import Entry

VERB = Verb("runs", "List, find, show, tag, fetch and remove runs, here and on hosts.", 130)


@click.group(invoke_without_command=True)
@filters.options_of_a_list
@options.host_options
@click.pass_context
def runs(ctx: click.Context, /, host: str | None, accept_new_host_key: bool, **given: Any) -> None:
    """List, find, show, tag, fetch and remove runs: those kept here, or with --host those kept
    there.

    Without a word behind it, it is `runs list`.

    \b
    Example:
      orchestrator runs
      orchestrator runs --verb bench --since 7d
      orchestrator runs --host h100
      orchestrator runs show latest
      orchestrator runs rm 20261122-1015
    """
    if ctx.invoked_subcommand is not None:
        options.refuse_before_subcommand(ctx)
        return
    if host is None:
        _list(ctx.obj, given)
        return
    filters.refuse_for_a_host(ctx)
    there.list_remote(ctx.obj, host, accept_new_host_key, given["as_json"])


@click.command("list")
@filters.options_of_a_list
@click.option("--host", metavar="NAME", help="Those that were made there.")
@click.pass_obj
def list_(session: Session, /, **given: Any) -> None:
    """List the runs that are kept here, the newest last; each option leaves out all others.

    On a terminal as a table that fits it, elsewhere as aligned lines, one for each run.

    \b
    Example:
      orchestrator runs list --host h100 --verb bench --limit 20
      orchestrator runs list --commit HEAD~3 --columns run,status,verdict
      orchestrator runs list --tag paper --csv
      orchestrator runs list --sort gpu --json
    """
    _list(session, given)


def _list(session: Session, given: dict[str, Any]) -> None:
    shape = filters.shape(given)
    needed = () if shape.form else fields_of((*table.columns(shape), *shape.sorts))
    asked = replace(filters.wanted(session, given), fields=needed)
    rows = session.index.entries(asked)
    if shape.sort:
        rows = iter(table.in_order_of(shape.sort, rows, shape.limit))
    last = table.printed(_chunks(rows), shape)
    if last is not None:
        if last.status in ("pending", "changed"):
            console.next_step(about("attach", last.name))
        else:
            # By its name: `latest` is never a run of watch, and a list may end with any.
            console.next_step(what_next.command("runs", "show", last.name))
    elif filters.is_open(given):
        console.note(f"no runs under {session.runs_folder}")
        console.next_step("orchestrator profile")
    else:
        console.note(f"no run under {session.runs_folder} is of that kind")
        console.next_step("orchestrator runs list")


def _chunks(rows: Iterator[Entry]) -> Iterator[list[Entry]]:
    """The first row as soon as it is there, then many at a time."""
    size = 1
    for first in rows:
        yield [first, *islice(rows, size - 1)]
        size = min(size * 4, 512)


for command in (
    list_, showing.show, labels.tag, labels.note, removing.rm, removing.prune, there.fetch,
    moving.archive, moving.import_,
):  # fmt: skip
    runs.add_command(command)
