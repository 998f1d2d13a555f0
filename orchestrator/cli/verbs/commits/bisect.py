"""bisect: the commit that slowed a provider, or broke it."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.for_git import BAD, ENDS_BISECTION, GOOD, SKIP
from orchestrator.cli.given import run_options
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb

VERB = Verb("bisect", "Find the commit that slowed a provider, or broke it.", 159)


@click.command()
@click.argument("revisions", metavar="GOOD BAD", nargs=-1, required=True)
@click.option(
    "--judge",
    is_flag=True,
    help="Judge what is checked out against GOOD alone, for `git bisect run`: exit "
    f"{GOOD} good, {BAD} bad, {SKIP} cannot be told; {ENDS_BISECTION} ends the bisection.",
)
@click.option("--faster", is_flag=True, help="Find the commit that made it faster instead.")
@click.option("--broken", is_flag=True, help="Find the commit with which its check fails instead.")
@run_options.rounds_option
@run_options.budget_option
@run_options.measure_options
@click.pass_obj
def bisect(session: Session, /, revisions: tuple[str, ...], **given: Any) -> int:
    """Find the commit between GOOD and BAD that slowed your provider, or our kernel.

    GOOD is an earlier commit, BAD a later one that is slower. Both are tried first; then git bisect
    says who is next, and each is raced against GOOD in one run, twins out of what git keeps, as by
    `bench --against`. SAME or FASTER is good, SLOWER is bad; what stays INCONCLUSIVE with twice the
    starts, does not compile or is wrong, is skipped. The commit that is found is raced against its
    parent at last. Operator, cases and flags are those of now.

    Nothing of your checkout is touched. Commits whose sources are the same bytes are raced once.
    On a pod say with --max-minutes how long all of the search may take: --stop-after alone leaves
    it the time of one race.
    The exit code is 0 if a commit was found, 6 if nothing is decided. Everything is in
    docs/history.md.

    \b
    Example:
      orchestrator bisect v1.2 HEAD --operator op.py --provider mine=k/mine.py:softmax
      orchestrator bisect HEAD~16 HEAD --host h100 --heads 96 --budget 2m
      orchestrator bisect HEAD~16 HEAD --broken --provider mine=k/mine.py:attention
      git bisect run orchestrator bisect --judge v1.2 --provider mine=k/mine.py:attention
    """
    from orchestrator.cli.verbs.commits.judging import judge
    from orchestrator.cli.verbs.commits.searching import search

    alone, faster, broken = (given.pop(name) for name in ("judge", "faster", "broken"))
    if faster and broken:
        raise click.UsageError("--faster and --broken look for different commits; leave one out")
    looking = "broken" if broken else "faster" if faster else "slower"
    if alone:
        return judge(session, revisions, looking, given)
    if len(revisions) != 2:
        raise click.UsageError(
            f"expected two revisions, GOOD and BAD, got {len(revisions)}; with --judge GOOD alone"
        )
    good, bad = revisions
    return search(session, good, bad, looking, given)
