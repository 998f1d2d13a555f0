"""Eyes: each looks at an open page for one kind of fault, and tells what it found in sentences.

The dress is the caller's matter, but for `findings`, which looks through all eyes in every dress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from tests.browser.eyes.links import broken_links as broken_links
from tests.browser.eyes.links import console_errors as console_errors
from tests.browser.eyes.links import requests as requests
from tests.browser.opened import DRESSES, Dress, Opened

Eye = Callable[[Opened], tuple[str, ...]]


def _eye(function: str, meaning: str) -> Eye:
    """An eye that is a function of one of the scripts beside this."""

    def look(page: Opened) -> tuple[str, ...]:
        return tuple(cast("list[str]", page.ask(f"eyes.{function}()")))

    look.__doc__ = meaning
    return look


too_wide = _eye(
    "tooWide",
    """What stands out of the window, or is hidden at its side. A box of its own that scrolls will do
    if keys reach it.""",
)
too_small = _eye("tooSmall", "Text of less than 11 px on the screen, however a drawing is scaled.")
poor_contrast = _eye("poorContrast", "Text that falls short of WCAG's AA on what lies below it.")
overlapping_labels = _eye(
    "overlappingLabels",
    """Texts of drawings that touch each other, what has the class bsk-line or bsk-mark, or the edge.
    The markers that SVG sets along a path by itself are not seen.""",
)
unnamed = _eye("unnamed", "What has no name for those who do not see it.")
broken_print = _eye(
    "brokenPrint",
    "What paper would lack: shut details, cut boxes, pale text. Put PRINT on it first.",
)

# What no dress changes; the next are asked in each, the last for paper alone.
IN_ANY: tuple[Eye, ...] = (broken_links, unnamed)
IN_EACH: tuple[Eye, ...] = (too_wide, too_small, poor_contrast, overlapping_labels)
AT_LAST: tuple[Eye, ...] = (requests, console_errors)


def findings(page: Opened, dresses: Iterable[Dress] = DRESSES) -> tuple[str, ...]:
    """All that all eyes see, in these dresses, of one load; behind each, in which dresses."""
    found: dict[str, dict[str, None]] = {}

    def note(dress: str, eyes: Iterable[Eye]) -> None:
        for sentence in (sentence for eye in eyes for sentence in eye(page)):
            found.setdefault(sentence, {})[dress] = None

    note("any dress", IN_ANY)
    page.reveal_pictures()
    for dress in dresses:
        page.put_on(dress)
        if dress.media == "print":
            note(dress.name, [broken_print])
        with page.unfolded():
            # A sheet that cuts a box off was told of above, in its own words.
            note(dress.name, IN_EACH[1:] if dress.media == "print" else IN_EACH)
    note("any dress", AT_LAST)
    return tuple(f"{sentence} ({', '.join(where)})" for sentence, where in found.items())
