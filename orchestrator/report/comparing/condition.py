"""Something that a time depends on besides the code, and what of a difference it can explain."""

from __future__ import annotations

from dataclasses import dataclass

from remote_payload.contract.case import Case
from remote_payload.contract.words import Method

UNTOLD = "none told"


@dataclass(frozen=True)
class Condition:
    """A fact of each run. before, after: in words.

    why: how it can make a difference that ours / baseline does not cancel; empty where it cannot,
    or where we chose it ourselves. up_to: the most of one, relative; None: of any size. providers,
    methods, cases: of whose rows; () for all.
    """

    what: str
    before: str
    after: str
    same: bool
    why: str = ""
    up_to: float | None = None
    providers: tuple[str, ...] = ()
    methods: tuple[Method, ...] = ()
    cases: tuple[Case, ...] = ()

    @property
    def explains(self) -> bool:
        """Whether it differs and can stand behind a difference of times."""
        return not self.same and bool(self.why)

    def concerns(self, provider: str, case: Case, method: Method) -> bool:
        """Whether it can stand behind a difference in this row."""
        return (
            self.explains
            and provider in (self.providers or (provider,))
            and case in (self.cases or (case,))
            and method in (self.methods or (method,))
        )

    @property
    def words(self) -> str:
        """`driver (580.65.06 / 570.86)`."""
        return f"{self.what} ({self.before} / {self.after})"


def told(value: object) -> str:
    """A fact in words, also one that nobody told."""
    return str(value) if value not in (None, "", ()) else UNTOLD
