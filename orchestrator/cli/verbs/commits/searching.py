"""bisect: git says who is next, and one line tells what it is."""

from __future__ import annotations

import math
from typing import Any

from orchestrator.cli import what_next
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verbs.commits.asking import Asked, asked
from orchestrator.errors import NothingDecided
from orchestrator.here.bisection import Word
from orchestrator.values.text import one_line
from orchestrator.workflows.against.between import AFTER, Judged, judged
from orchestrator.workflows.bisecting import walk
from orchestrator.workflows.bisecting.answering import Answer, Looking
from orchestrator.workflows.bisecting.walk import Ends, Found, Turn
from orchestrator.workflows.plan import Plan

_DIGITS = 10


def search(session: Session, good: str, bad: str, looking: str, given: dict[str, Any]) -> int:
    """Search, a line for each commit that was tried; the exit code. NothingDecided."""
    question = asked(session, looking, given)
    who = judged(question.wish, session.here, session.root)
    between = walk.ends(who, good, bad)
    if question.dry_run:
        return _dry_run(question, who, between)
    if not question.as_json:
        console.out(_first_line(who, between, question.looking))
    with question.racing() as race:
        say = _quiet if question.as_json else _say
        found = walk.Walk(who, between, question.looking, race, say).found()
    if question.as_json:
        console.out_json(_document(between, question.looking, found))
    return _told(found, question)


def _first_line(who: Judged, between: Ends, looking: Looking) -> str:
    names, number = ", ".join(who.names), between.changed
    what = "broke" if looking is Looking.BROKEN else f"made {looking.value}"
    return (
        f"which of {number} commit{'' if number == 1 else 's'} {what} {names}: good "
        f"{between.good.words}, bad {between.bad.words}; about {_turns(number)} turns, and the ends"
    )


def _turns(number: int) -> int:
    return math.ceil(math.log2(max(number, 1)))


def _quiet(turn: Turn) -> None:
    console.note(_line(turn))


def _say(turn: Turn) -> None:
    console.out(_line(turn))


def _line(turn: Turn) -> str:
    word = turn.answer.word.value if turn.answer.word else "open"
    which = f"{turn.number}." if turn.number else "end"
    name = f"{turn.commit[:_DIGITS]} {one_line(turn.subject)}"
    left = f"; {turn.left} were left" if turn.number else ""
    return f"{which} {word}: {name}: {turn.answer.told}{left}"


def _told(found: Found, question: Asked) -> int:
    """The commit, and how large its step is. NothingDecided: none, or its own step is not there."""
    say = console.note if question.as_json else console.out
    if not found.commit:
        number = len(found.possible)
        listed = ", ".join(one[:_DIGITS] for one in found.possible)
        raise NothingDecided(
            f"it is one of {number} commits, and all that are left could not be tried: {listed}",
            hint="More starts may decide one: a longer --budget, or more --starts.",
        )
    name = f"{found.commit[:_DIGITS]} {one_line(found.subject)}"
    step = found.step
    if step is None or step.word is not Word.BAD:
        why = "it has no parent to race" if step is None else f"against its parent: {step.told}"
        raise NothingDecided(
            f"{name} is the first that differs from the good end, and no step by itself; {why}",
            hint="Small steps may add up to it: look at each with bench --against.",
        )
    what = "breaks it" if question.looking is Looking.BROKEN else "against its parent"
    say(f"found: {name}: {what}: {step.told}")
    if step.run:
        say(f"in run {step.run}; every verdict above holds with 99 %")
    look = f"git show {found.commit[:_DIGITS]}"
    console.next_step(what_next.command("report", step.run) if step.run else look)
    return 0


def _dry_run(question: Asked, who: Judged, between: Ends) -> int:
    """The race of the two ends, which comes first; the others are like it."""
    from orchestrator.workflows import profile

    later = who.at(between.bad.revision, AFTER)
    plan: Plan = (
        who.checked(later)
        if question.looking is Looking.BROKEN
        else who.raced(who.at(between.good.revision), later)
    )
    steps = profile.dry_run(question.order(plan), question.host)
    return console.dry_run(steps, question.as_json, question.session.debug)


def _document(between: Ends, looking: Looking, found: Found) -> dict[str, object]:
    return {
        "good": between.good.digest,
        "bad": between.bad.digest,
        "looking_for": looking.value,
        "commits": between.changed,
        "turns": [_turn(turn) for turn in found.turns],
        "found": found.commit or None,
        "subject": found.subject,
        "possible": list(found.possible),
        "step": _answer(found.step) if found.step else None,
    }


def _turn(turn: Turn) -> dict[str, object]:
    return {
        "number": turn.number,
        "commit": turn.commit,
        "subject": turn.subject,
        "left": turn.left,
        **_answer(turn.answer),
    }


def _answer(answer: Answer) -> dict[str, object]:
    telling = answer.telling
    return {
        "word": answer.word.value if answer.word else "open",
        "told": answer.told,
        "run": answer.run or None,
        "speedup": telling.middle if telling else None,
        "low": telling.low if telling else None,
        "high": telling.high if telling else None,
        "starts": telling.starts if telling else None,
        "row": telling.row if telling else None,
    }
