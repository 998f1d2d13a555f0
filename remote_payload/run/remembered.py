"""What a user's own operator has told, for as long as all that it may be made of is the same."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Optional, Sequence


class Remembered:
    """Nothing is, until `begin`."""

    def __init__(self) -> None:
        self._made_of = ""
        self._spared: FrozenSet[str] = frozenset()
        self._answers: Dict[Any, Any] = {}
        self._new: Dict[Any, Any] = {}

    def begin(self, made_of: str, spared: Sequence[str]) -> None:
        """made_of: names all files that the operator may be made of, but for those of `spared`."""
        if made_of != self._made_of:
            self._answers = {}
        self._made_of, self._spared, self._new = made_of, frozenset(spared), {}

    @property
    def is_on(self) -> bool:
        return bool(self._made_of)

    def answer(self, question: Any) -> Optional[Any]:
        """What was said to it before; None: it has to be asked."""
        return self._answers.get(question)

    def note(self, question: Any, answer: Any) -> None:
        """What was said; `keep` makes it last."""
        self._new[question] = answer

    def keep(self, loaded: Sequence[str]) -> None:
        """What was noted came of these files of the snapshot; where one that was spared is among
        them, nobody would see it change."""
        if not self._spared & frozenset(loaded):
            self._answers.update(self._new)
        self._new = {}

    @property
    def is_new(self) -> bool:
        """Whether anything was noted since."""
        return bool(self._new)
