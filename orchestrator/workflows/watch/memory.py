"""Which states a turn races against: the last that was right, and the best."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.workflows.watch.states import Part, State


@dataclass(frozen=True)
class Rivals:
    """Whom a state is raced against; None: there is no other state yet."""

    last: State | None = None
    best: State | None = None

    @property
    def states(self) -> tuple[State, ...]:
        """Each once, the last first."""
        found = [one for one in (self.last, self.best) if one is not None]
        return tuple({one.digest: one for one in found}.values())

    @property
    def words(self) -> str:
        """As a report says what was raced against; empty for nothing."""
        return self.states[0].label if self.states else ""


@dataclass
class Memory:
    """The states of one session. Of those that were right the files of the last two are kept, and
    of the best; of all others the number of the turn that saw them first."""

    best: State | None = None
    _numbers: dict[str, int] = field(default_factory=dict)
    _right: list[State] = field(default_factory=list)

    def state(self, parts: tuple[Part, ...], number: int) -> State:
        """The state of these parts, which turn `number` sees, perhaps not as the first."""
        seen = State(number, parts)
        return State(self._numbers.setdefault(seen.digest, number), parts)

    def rivals(self, now: State) -> Rivals:
        """Whom to race `now` against."""
        others = [one for one in self._right if one.digest != now.digest]
        best = self.best if self.best and self.best.digest != now.digest else None
        return Rivals(others[-1] if others else None, best)

    def is_right(self, state: State) -> bool:
        """Whether `state` was right, and lately."""
        return any(one.digest == state.digest for one in self._right)

    def was_right(self, state: State) -> None:
        """`state` passed its checks and was timed: it is the last one from now on."""
        kept = [one for one in self._right if one.digest != state.digest]
        self._right = [*kept[-1:], state]
        self.best = self.best or state
