"""Exit codes as `git bisect run` takes them: git-bisect(1)."""

from __future__ import annotations

from collections.abc import Sequence

GOOD, BAD, SKIP = 0, 1, 125
# A program that ends so ends the bisection, where any other code below 128 speaks of a commit.
ENDS_BISECTION = 255


def understood(code: int, arguments: Sequence[str]) -> int:
    """Of `bisect --judge`: nobody's commit is bad because an option was misspelt, or because of
    anything else that is wrong and says nothing of the commit. Of all else the code as it is."""
    is_asked_by_git = "bisect" in arguments and "--judge" in arguments
    if is_asked_by_git and code < 128 and code not in (GOOD, BAD, SKIP):
        return ENDS_BISECTION
    return code
