"""How charts look: shades for light pages, dark ones and paper, and what tells providers apart.

Every shade has a contrast of 4.5 and more on both pages, so that text may have it too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LIGHT_PAGE, DARK_PAGE = "#ffffff", "#0d1117"
FONT = "system-ui,sans-serif"
# At four fifths of the natural width, which is that of a phone, still 11 px.
FONT_PX = 14.0
LEVEL_OPACITY = 0.75
SPAN_OPACITY = 0.1  # of what text may stand on

INK, MUTED, GRID, MEASURED = "ink", "muted", "grid", "measured"


@dataclass(frozen=True)
class Shade:
    """One colour, as it is on a light page and on a dark one."""

    light: str
    dark: str


@dataclass(frozen=True)
class Look:
    """shade: its name in SHADES. dash: as in SVG, empty for a whole line. marker: in MARKERS."""

    shade: str
    dash: str = ""
    marker: str = ""


# Told apart also in grey and by those who see no red or no green: by marker and by dash.
LOOKS = (
    Look("s0", "", "circle"),
    Look("s1", "9 3", "square"),
    Look("s2", "2 3", "up"),
    Look("s3", "8 3 2 3", "diamond"),
    Look("s4", "14 4", "down"),
    Look("s5", "5 3", "plus"),
    Look("s6", "8 3 2 3 2 3", "cross"),
    Look("s7", "14 3 4 3", "star"),
    Look("s8", "4 6", "left"),
    Look("s9", "1 2", "right"),
)

SHADES = {
    INK: Shade("#1f2328", "#e6edf3"),
    MUTED: Shade("#59636e", "#9198a1"),
    GRID: Shade("#dfe3e8", "#2b323b"),  # carries no meaning
    MEASURED: Shade("#2a6f45", "#6fcf97"),
    "s0": Shade("#b84a00", "#ff9b57"),
    "s1": Shade("#0069a8", "#6cb6ff"),
    "s2": Shade("#007a58", "#3ecf9b"),
    "s3": Shade("#a83a85", "#ee93cf"),
    "s4": Shade("#8a6000", "#e6b450"),
    "s5": Shade("#1c7590", "#7fd6f5"),
    "s6": Shade("#4a35a8", "#b3a5ff"),
    "s7": Shade("#8c1d4f", "#ff8fae"),
    "s8": Shade("#68680f", "#cfcf6a"),
    "s9": Shade("#1d6b2e", "#86e08f"),
}

# Corners around a centre, in units of a radius; a circle has none.
MARKERS: dict[str, tuple[tuple[float, float], ...]] = {
    "circle": (),
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "up": ((0, -1.2), (1.1, 0.8), (-1.1, 0.8)),
    "down": ((0, 1.2), (1.1, -0.8), (-1.1, -0.8)),
    "left": ((-1.2, 0), (0.8, -1.1), (0.8, 1.1)),
    "right": ((1.2, 0), (-0.8, -1.1), (-0.8, 1.1)),
    "diamond": ((0, -1.3), (1.1, 0), (0, 1.3), (-1.1, 0)),
    "plus": (
        *((-0.4, -1.1), (0.4, -1.1), (0.4, -0.4), (1.1, -0.4), (1.1, 0.4), (0.4, 0.4)),
        *((0.4, 1.1), (-0.4, 1.1), (-0.4, 0.4), (-1.1, 0.4), (-1.1, -0.4), (-0.4, -0.4)),
    ),
    "cross": (
        *((-1.1, -0.6), (-0.6, -1.1), (0, -0.5), (0.6, -1.1), (1.1, -0.6), (0.5, 0)),
        *((1.1, 0.6), (0.6, 1.1), (0, 0.5), (-0.6, 1.1), (-1.1, 0.6), (-0.5, 0)),
    ),
    "star": (
        *((0, -1.3), (0.35, -0.4), (1.25, -0.4), (0.55, 0.15), (0.8, 1.05)),
        *((0, 0.5), (-0.8, 1.05), (-0.55, 0.15), (-1.25, -0.4), (-0.35, -0.4)),
    ),
}
FARTHEST_CORNER = 1.35


def sheet(shades: Iterable[str]) -> str:
    """The rules that a drawing in these shades needs; the same wherever it stands.

    Of a page's drawings the last one's rules count, so nothing may wear two that give it a colour.
    """
    asked = {MUTED, *shades}
    used = {name: shade for name, shade in SHADES.items() if name in asked}
    light = "".join(f".bsk-{name}{{color:{shade.light}}}" for name, shade in used.items())
    dark = "".join(f".bsk-{name}{{color:{shade.dark}}}" for name, shade in used.items())
    return (
        f".bsk-chart{{font:{FONT_PX:g}px {FONT};max-width:100%;height:auto}}"
        ".bsk-chart text,.bsk-fill{fill:currentColor}.bsk-title{font-weight:600}"
        ".bsk-line,.bsk-rule,.bsk-hollow{fill:none;stroke:currentColor}.bsk-hollow{stroke-width:1.5}"
        f"{light}@media (prefers-color-scheme:dark){{{dark}}}@media print{{{light}}}"
    )
