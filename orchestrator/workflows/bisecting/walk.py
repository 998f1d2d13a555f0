"""The walk from a good commit to the first bad one, by the rules of git bisect.

First the ends are tried: without a difference there is nothing to find. A commit whose sources are
those of another is what that one is, and nothing runs for it. At the end the commit is raced
against its parent, as it alone is accused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import NothingDecided, UsageError
from orchestrator.here import bisection, committed
from orchestrator.here.bisection import Word
from orchestrator.here.committed import Commit
from orchestrator.values.run import Run
from orchestrator.workflows.against.between import AFTER, Judged, Sources
from orchestrator.workflows.bisecting.answering import Answer, Looking, of_check, of_race
from orchestrator.workflows.plan import Plan, Wish

Race = Callable[[Plan], Run]
# An answer that stays open is asked for once more, with so many times the starts and the time.
_MORE = 2
_STARTS, _MOST_STARTS, _BUDGET_S = 64, 1024, 30.0
_DIGITS = 12


@dataclass(frozen=True)
class Turn:
    """number: 0 for the ends. left: commits it may still be, this one included."""

    number: int
    commit: str
    subject: str
    answer: Answer
    left: int


@dataclass(frozen=True)
class Ends:
    """paths: in which commits matter. changed: how many do."""

    good: Commit
    bad: Commit
    paths: tuple[Path, ...]
    changed: int


@dataclass(frozen=True)
class Found:
    """The commit; step: it against its parent, the answer to that being `BAD` if the step is its
    own. possible: it is one of these, where one is not enough. turns: all that was tried."""

    commit: str
    subject: str
    step: Answer | None
    turns: tuple[Turn, ...]
    possible: tuple[str, ...] = ()


def ends(judged: Judged, good: str, bad: str) -> Ends:
    """Both ends, in the checkout that all providers lie in. UsageError: not so, or git knows one of
    them not, or `good` does not lead to `bad`; NothingDecided: nothing changed between them."""
    first, last = (_commit(judged.folders[0], one) for one in (good, bad))
    for folder in judged.folders[1:]:
        if (other := _commit(folder, good)).top != first.top:
            raise UsageError(
                f"{folder} is in the checkout {other.top}, and {judged.folders[0]} in {first.top}",
                hint="Look for the commit in one of them at a time.",
            )
    if first.digest == last.digest or not bisection.leads_to(first.top, first.digest, last.digest):
        raise UsageError(
            f"{first.words} does not lead to {last.words}: it is no earlier commit of its",
            hint=f"Take one that both have: git -C {first.top} merge-base {good} {bad}",
        )
    number = bisection.changed(first.top, first.digest, last.digest, judged.folders)
    if number == 0:
        where = ", ".join(str(folder) for folder in judged.folders)
        raise NothingDecided(
            f"no commit between {first.words} and {last.words} touches {where}: nothing to find",
            hint="What changed is not in these sources: compare what else the two runs stood on.",
        )
    return Ends(first, last, judged.folders, number)


def _commit(folder: Path, revision: str) -> Commit:
    try:
        return committed.commit(folder, revision)
    except UsageError as exc:
        raise UsageError(exc.message.removeprefix("--against "), hint=exc.hint) from exc


def longer(wish: Wish) -> Wish:
    """What is asked where an answer stayed open."""
    return replace(
        wish,
        starts=min(_MORE * (wish.starts or _STARTS), _MOST_STARTS),
        bench_budget_s=_MORE * (wish.bench_budget_s or _BUDGET_S),
    )


class Walk:
    """One search. race: makes a run of a plan. say: hears of each turn as it is over."""

    def __init__(
        self,
        judged: Judged,
        between: Ends,
        looking: Looking,
        race: Race,
        say: Callable[[Turn], None],
    ) -> None:
        self._judged, self._ends, self._looking = judged, between, looking
        self._race, self._say = race, say
        self._base = judged.at(between.good.revision)
        self._known: list[tuple[Sources, Answer]] = []
        self._turns: list[Turn] = []

    def found(self) -> Found:
        """Search. NothingDecided: the ends do not differ, or no commit could be named."""
        self._try_ends()
        at = self._ends
        with bisection.bisection(at.good.top, at.good.digest, at.bad.digest, at.paths) as git:
            standing = git.standing()
            while standing.candidate:
                answer = self._answer(standing.candidate)
                self._turn(standing.candidate, answer, standing.left)
                standing = git.tell(answer.word or Word.SKIP, standing.candidate)
        if not standing.found:
            return Found("", "", None, tuple(self._turns), standing.possible)
        step = self._against_parent(standing.found)
        return Found(standing.found, self._subject(standing.found), step, tuple(self._turns))

    def _try_ends(self) -> None:
        good, bad = self._ends.good, self._ends.bad
        if self._base.why:
            raise UsageError(
                f"{good.words}: {self._base.why}", hint="Give an earlier end that has it."
            )
        if self._looking is Looking.BROKEN:
            answer = self._answer(good.digest)
            self._turn(good.digest, answer, self._ends.changed + 1)
            if answer.word is not Word.GOOD:
                raise NothingDecided(
                    f"{good.words} is to be the good end, and is not: {answer.told}",
                    hint="Give an earlier commit that passed its check.",
                )
        answer = self._answer(bad.digest)
        self._turn(bad.digest, answer, self._ends.changed)
        if answer.word is not Word.BAD:
            raise NothingDecided(self._no_difference(answer), hint=self._instead(answer))

    def _no_difference(self, answer: Answer) -> str:
        good, bad, told = self._ends.good.words, self._ends.bad.words, answer.told
        if answer.word is not Word.GOOD:
            return (
                f"whether {bad} is {self._looking.value}, held against {good}, stays open: {told}"
            )
        if self._looking is Looking.BROKEN:
            return f"{bad} is not broken: {told}; there is nothing to find"
        return f"{bad} is not {self._looking.value} than {good}: {told}; there is nothing to find"

    def _instead(self, answer: Answer) -> str:
        other = {Looking.SLOWER: "FASTER", Looking.FASTER: "SLOWER"}.get(self._looking, "")
        if any(row.verdict == other for row in answer.rows):
            way = "with --faster" if other == "FASTER" else "without --faster"
            return f"It is {other}: look for that {way}."
        if answer.word is None:
            return "More starts may decide it: a longer --budget, or more --starts."
        return "Look at what else differs between the two runs that made you look."

    def _turn(self, commit: str, answer: Answer, left: int) -> None:
        number = sum(turn.number > 0 for turn in self._turns) + 1
        ends = (self._ends.good.digest, self._ends.bad.digest)
        turn = Turn(0 if commit in ends else number, commit, self._subject(commit), answer, left)
        self._turns.append(turn)
        self._say(turn)

    def _subject(self, commit: str) -> str:
        return bisection.subject(self._ends.good.top, commit)

    def _answer(self, commit: str) -> Answer:
        """What a commit is, held against the good end; SKIP where nobody can say."""
        later = self._judged.at(commit[:_DIGITS], AFTER)
        if later.why:
            return Answer(Word.SKIP, later.why)
        if self._looking is not Looking.BROKEN and later.contents == self._base.contents:
            return Answer(Word.GOOD, f"the same sources as {self._ends.good.words}")
        for other, answer in self._known:
            if other.commit.digest == later.commit.digest:
                return answer
            if other.contents == later.contents:
                told = f"the same sources as {other.commit.short}: {answer.told}"
                return replace(answer, told=told)
        answer = self._tried(self._base, later)
        self._known.append((later, answer))
        return answer

    def _tried(self, base: Sources, later: Sources) -> Answer:
        answer = self._once(self._judged, base, later)
        if answer.word is None:
            answer = self._once(replace(self._judged, wish=longer(self._judged.wish)), base, later)
        return answer

    def _once(self, judged: Judged, base: Sources, later: Sources) -> Answer:
        names = [one.name for one in later.providers]
        if self._looking is Looking.BROKEN:
            return of_check(self._race(judged.checked(later)), names)
        return of_race(self._race(judged.raced(base, later)), names, self._looking)

    def _against_parent(self, commit: str) -> Answer | None:
        """None where it has no parent that could be raced. A parent that is the good end, by its
        sources, was raced already."""
        if self._looking is Looking.BROKEN:
            return self._answer(commit)
        parent = bisection.parent(self._ends.good.top, commit)
        before = self._judged.at(parent[:_DIGITS]) if parent else None
        if before is None or before.why:
            return None
        if before.contents == self._base.contents:
            return self._answer(commit)
        later = self._judged.at(commit[:_DIGITS], AFTER)
        return self._tried(before, later)
