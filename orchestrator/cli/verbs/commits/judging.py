"""bisect --judge: one commit, as it is checked out, for `git bisect run`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from orchestrator.cli.for_git import BAD, GOOD, SKIP
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verbs.commits.asking import Asked, asked
from orchestrator.errors import UsageError
from orchestrator.here.bisection import Word
from orchestrator.workflows.against.twin import SAME
from orchestrator.workflows.against.twins import raced
from orchestrator.workflows.bisecting.answering import Answer, Looking, of_check, of_race
from orchestrator.workflows.bisecting.walk import longer
from orchestrator.workflows.plan import Plan, plan

_MOVES = re.compile(r"(?:HEAD|@|BISECT_HEAD)(?:$|[~^@:])")
_CODES = {Word.GOOD: GOOD, Word.BAD: BAD, Word.SKIP: SKIP}


def judge(session: Session, revisions: tuple[str, ...], looking: str, given: dict[str, Any]) -> int:
    """GOOD, BAD or SKIP for what is checked out. Whatever raises says nothing of the commit."""
    if len(revisions) != 1:
        raise UsageError(
            f"--judge: expected GOOD alone, got {len(revisions)} revisions",
            hint="What is checked out is judged: orchestrator bisect --judge GOOD",
        )
    if _MOVES.match(revisions[0]):
        raise UsageError(
            f"--judge {revisions[0]}: HEAD is another commit at each step of a bisection",
            hint=f"Give one that stays: $(git rev-parse {revisions[0]}), a tag or a branch.",
        )
    question = asked(session, looking, given)
    if question.dry_run:
        return _dry_run(question, revisions[0])
    answer = _answer(question, revisions[0])
    word = answer.word or Word.SKIP
    if question.as_json:
        console.out_json({"word": word.value, "told": answer.told, "run": answer.run or None})
    else:
        console.out(f"{word.value}: {answer.told}")
    console.next_step("git bisect log")
    return _CODES[word]


def _answer(question: Asked, good: str) -> Answer:
    planned = _planned(question, good)
    twins = {one.name: one for one in planned.request.providers}
    mine = [one for one in planned.request.providers if one.against]
    broken = question.looking is Looking.BROKEN
    if not broken and mine and all(twins[one.against].absent == SAME for one in mine):
        return Answer(Word.GOOD, f"the same sources as {good}")
    users = [one for one in planned.request.providers if one.target and not one.absent]
    names = [one.name for one in mine or users or planned.request.providers]
    with question.racing() as race:
        if broken:
            return of_check(race(planned), names)
        answer = of_race(race(planned), names, question.looking)
        if answer.word is None:
            more = replace(question, wish=longer(question.wish))
            answer = of_race(race(_planned(more, good)), names, question.looking)
    return answer


def _planned(question: Asked, good: str) -> Plan:
    session = question.session
    if question.looking is Looking.BROKEN:
        return plan(question.wish, session.here)
    wish = replace(question.wish, against=good)
    return raced(plan(wish, session.here), wish, session.root, session.here)


def _dry_run(question: Asked, good: str) -> int:
    from orchestrator.workflows import profile

    steps = profile.dry_run(question.order(_planned(question, good)), question.host)
    return console.dry_run(steps, question.as_json, question.session.debug)
