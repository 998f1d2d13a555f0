"""watch: the loop of whoever edits a kernel."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.given import run_options
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb

VERB = Verb("watch", "On every save: check, and race against what was before.", 55)


@click.command()
@run_options.peers_option
@run_options.rounds_option
@run_options.budget_option
@run_options.baseline_option
@run_options.watch_options
@click.pass_obj
def watch(session: Session, /, **given: Any) -> int:
    """On every save sync, build what changed, check, and race the state of now against the last
    one, the best one and the baseline, over one connection and one warm process. One line a turn;
    off a terminal, or with --json, one JSON document a line. See docs/watch.md.

    Keys: Enter takes as many starts again, b makes this state the best one, p makes a full profile,
    q leaves. The options are those of bench, but that a turn takes 8 starts of one round, and about
    4 s of calls, unless --starts, --rounds and --budget say otherwise.

    \b
    Example:
      orchestrator watch --operator op.py --provider mine=mine.py:f
      orchestrator watch --host h100 --heads 96 --budget 2
      orchestrator watch --host h100 --operator op.py --provider mine=norm.cu:norm --json
    """
    from orchestrator.cli.watching.begun import begin, dry_run

    if given.pop("dry_run"):
        return dry_run(session, given)
    return begin(session, given)
