"""runs show: one run, and what became of its files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import what_next
from orchestrator.cli.given import options
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session

if TYPE_CHECKING:
    from orchestrator.values.run import Run


@click.command()
@click.argument("run", default="latest")
@options.json_option
@click.pass_obj
def show(session: Session, run: str, as_json: bool) -> None:
    """Show one run: what was asked, how it went, which files it left, and which of them are not
    what came home.

    \b
    Example:
      orchestrator runs show latest --json
      orchestrator runs show latest:bench~1
    """
    from orchestrator.store.runs.binding import examined
    from orchestrator.values.privacy.redaction import discreet
    from remote_payload.contract import codec

    folder = session.runs.resolve(run)
    stored = examined(session.runs.load(folder), folder)
    if stored.price_problem:
        console.note(f"its cost is not known: {stored.price_problem}")
    status, reason = _state(stored)
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    if as_json:
        facts: dict[str, Any] = json.loads(codec.dumps(stored.card))
        result = json.loads(codec.dumps(stored.result)) if stored.result else None
        console.out_json(
            {
                "card": facts,
                "status": status,
                "result": result,
                "price": _price_facts(stored),
                "files": files,
                "bound": stored.is_bound,
                "changed": [{"path": one.path, "how": one.how} for one in stored.changed],
            }
        )
        return
    for key, value in _facts(stored, discreet(f"{status} {reason}".strip())):
        console.out(f"{key:<9} {value}")
    console.out(f"{'folder':<9} {folder}")
    for name in files:
        console.out(f"{'file':<9} {name}")
    for one in stored.changed:
        console.out(f"{'changed':<9} {one.path} {one.how}")
    console.next_step(what_next.after(stored))


def _facts(stored: Run, status: str) -> Iterator[tuple[str, str]]:
    card = stored.card
    yield "run", card.run_id
    yield "verb", card.verb
    yield "command", card.reproduce
    yield "host", card.host
    yield "snapshot", card.snapshot
    for one in card.revisions:
        clean = {True: "clean", False: "with changes", None: "clean or not is unknown"}
        of, on = f" of {one.of}" if one.of else "", f" on {one.branch}" if one.branch else ""
        yield "commit", f"{one.commit}{of}{on}, {clean[one.is_clean]}"
    yield "started", card.created_at
    yield "status", status
    if card.summary and card.summary.verdict and not stored.altered:
        yield "verdict", card.summary.verdict
    if card.tags:
        yield "tags", ", ".join(card.tags)
    if card.note:
        yield "note", card.note
    yield "cost", stored.price.words if stored.price else "not known"


def _price_facts(run: Run) -> dict[str, Any] | None:
    """The price as it is kept, with its sum; None where nobody told one."""
    from remote_payload.contract import codec

    if run.price is None:
        return None
    kept: dict[str, Any] = json.loads(codec.dumps(run.price))
    return {**kept, "usd": run.price.usd, "commands": run.price.commands}


def _state(run: Run) -> tuple[str, str]:
    if run.altered and (run.result or run.end):
        words = "; ".join(f"{one.path} {one.how}" for one in run.altered)
        return "changed", f"{words}; bring it home again: {what_next.attach(run)}"
    if run.result is not None:
        return run.result.status.value, run.result.reason
    if run.end is not None:
        return "lost", run.end.words
    return "pending", f"bring it home: {what_next.attach(run)}"
