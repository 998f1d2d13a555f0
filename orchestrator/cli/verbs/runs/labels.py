"""runs tag, runs note: what people call a run, and say of it."""

from __future__ import annotations

import click

from orchestrator.cli import what_next
from orchestrator.cli.given.tags import Tag
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session


@click.command()
@click.argument("run")
@click.argument("tags", metavar="TAG...", nargs=-1, required=True, type=Tag())
@click.option("--remove", is_flag=True, help="Take the tags off instead.")
@click.pass_obj
def tag(session: Session, run: str, tags: tuple[str, ...], remove: bool) -> None:
    """Give a run names that commands take in place of its id, and lists can look for.

    A run with a tag is never pruned. Nothing of what was measured changes by it.

    \b
    Example:
      orchestrator runs tag latest paper before-the-rewrite
      orchestrator runs tag paper paper --remove
    """
    from orchestrator.store.runs import labels

    folder = session.runs.resolve(run)
    now = labels.tag(folder, tags, remove)
    console.out(f"{folder.name}: {', '.join(now) if now else 'no tags'}")
    console.next_step(what_next.command("runs", "list", *(("--tag", now[-1]) if now else ())))


@click.command()
@click.argument("run")
@click.argument("text", metavar="TEXT")
@click.pass_obj
def note(session: Session, run: str, text: str) -> None:
    """Write a line about a run into its card, in the place of the one before; "" takes it away.

    \b
    Example:
      orchestrator runs note latest "with the clocks locked at 1.4 GHz"
    """
    from orchestrator.store.runs import labels

    folder = session.runs.resolve(run)
    kept = labels.note(folder, text)
    console.out(f"{folder.name}: {kept or 'no note'}")
    console.next_step(what_next.command("runs", "show", folder.name))
