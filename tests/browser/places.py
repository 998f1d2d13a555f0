"""How far down a page the things stand for which a report is opened."""

from __future__ import annotations

from dataclasses import dataclass

from tests.browser.opened import LIGHT, Opened


@dataclass(frozen=True)
class Places:
    """Pixels below the top, as the page comes, in a window 1,200 px wide: the end of the page, the
    first table of timings, the first words about what holds the kernel back, the first chart.
    None: not there, or folded away."""

    height_px: int
    timings_px: int | None
    bottleneck_px: int | None
    chart_px: int | None


def places(page: Opened) -> Places:
    """Measure them."""
    page.put_on(LIGHT)
    return Places(**page.ask("eyes.places()"))
