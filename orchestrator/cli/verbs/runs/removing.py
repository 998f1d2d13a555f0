"""runs rm, runs prune: what is not needed any more."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from orchestrator.cli.given.quantities import Whole
from orchestrator.cli.screen import console, questions
from orchestrator.cli.session import Session
from orchestrator.cli.verbs.runs.filters import When
from orchestrator.errors import RunError

if TYPE_CHECKING:
    from orchestrator.store.index.values import Entry

# Nobody knows what these came to, or whether they are tagged.
_LEFT_ALONE = ("pending", "damaged")
_DAY = len("2026-11-22")


@click.command()
@click.argument("run", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rm(session: Session, run: tuple[str, ...], yes: bool) -> None:
    """Remove runs from this machine. What the host still keeps of them stays there.

    Each is named by its id, a unique prefix of that, `latest`, `latest~1`, `latest:bench`, a tag or
    a git revision; never by a path.

    \b
    Example:
      orchestrator runs rm 20261122-101530-h100-bench --yes
    """
    folders = [session.runs.named(reference) for reference in run]
    for folder in dict.fromkeys(folders):
        if yes or questions.confirm(f"Remove {folder} with everything in it?"):
            session.runs.remove(folder)
            console.out(f"removed {folder.name}")
        else:
            console.note(f"kept {folder.name}")
    console.next_step("orchestrator runs")


@click.command()
@click.option("--keep", type=Whole(0), metavar="N", help="Keep the newest N of them.")
@click.option("--older-than", type=When(), help="Only those made before then: 30d, 2026-11-22.")
@click.option("--verb", metavar="NAME", help="Only those that this command made, e.g. check.")
@click.option("--dry-run", is_flag=True, help="Print which they are; remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def prune(
    session: Session,
    keep: int | None,
    older_than: str | None,
    verb: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Remove old runs from this machine: all but the newest N, those older than a time, or with
    both options what is neither new nor young.

    Never one that has a tag, that is not home yet, or whose card cannot be read. What hosts still
    keep stays there.

    \b
    Example:
      orchestrator runs prune --keep 100 --dry-run
      orchestrator runs prune --older-than 30d --verb check
    """
    if keep is None and older_than is None:
        raise click.UsageError("say which are old: --keep N, --older-than 30d, or both")
    from orchestrator.store.index.values import Wanted

    every = [*session.index.entries(Wanted(verb=verb or ""))]
    young = {one.name for one in every[-keep:]} if keep else set[str]()
    before = older_than or ""
    if len(before) == _DAY:
        before += "T00:00:00"  # of a list a day is meant whole
    old = {one.name for one in session.index.entries(Wanted(verb=verb or "", until=before))}
    going = [one for one in every if one.name in old and one.name not in young and _may_go(one)]
    if not going:
        console.note("nothing to remove")
    elif dry_run:
        for one in going:
            console.out(f"would remove {one.name}")
    elif yes or _confirmed(going):
        _remove(session, going)
    else:
        console.note("all kept")
    again = "the same command without --dry-run" if dry_run and going else "orchestrator runs"
    console.next_step(again)


def _may_go(run: Entry) -> bool:
    return not run.tags and run.status not in _LEFT_ALONE


def _confirmed(going: Sequence[Entry]) -> bool:
    if len(going) == 1:
        return questions.confirm(f"Remove {going[0].name} with everything in it?")
    first, last = going[0].name, going[-1].name
    return questions.confirm(f"Remove {len(going)} runs, from {first} to {last}?")


def _remove(session: Session, going: Sequence[Entry]) -> None:
    """Each as its card is by now: it may have got a tag while we asked, or be gone."""
    for one in going:
        folder = session.runs.folder(one.name)
        try:
            if session.runs.remove(folder, spare_tagged=True):
                console.out(f"removed {one.name}")
            else:
                console.note(f"kept {one.name}, which has a tag by now, or cannot be read any more")
        except RunError:
            if os.path.lexists(folder):
                raise
            console.note(f"{one.name} is gone already")
