"""The pages that people get from us, in one table: all are looked at, some are pictured in docs/.

A new kind of page gets a line here, and is judged and pictured from then on.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.browser.github import as_on_github
from tests.browser.opened import DARK, DRESSES, LIGHT, NARROW, Dress

_HERE = Path(__file__).parent
# What GitHub prints is not ours to mend: its tables scroll on paper too.
ON_GITHUB = (LIGHT, DARK, NARROW)


@dataclass(frozen=True)
class Listed:
    """A page. build: writes it into an empty folder and says which file to open; dresses: in which
    it is to be without fault; pictured: those in which docs/images shows it."""

    build: Callable[[Path], Path]
    dresses: tuple[Dress, ...] = DRESSES
    pictured: tuple[Dress, ...] = ()


def _example(folder: Path) -> Path:
    return Path(shutil.copy(_HERE / "example.html", folder))


_CHART = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 120" width="400" height="120">
<title>A line that falls</title><desc>It stands for nothing.</desc>
<rect width="400" height="120" fill="#ffffff"/>
<path class="bsk-line" d="M 20 20 L 280 80" fill="none" stroke="#0072b2" stroke-width="2"/>
<text class="bsk-label" x="290" y="86" font-size="16">sdpa</text></svg>
"""
_MARKDOWN = """# Markdown without a fault

What holds it back stands [below](#what-holds-it-back).

| Provider | Total µs |
| :--- | ---: |
| sdpa | 1.0 |

![A line that falls](charts/line.svg)

<details><summary>More</summary>

- Folded, until somebody asks.

</details>

## What holds it back

Nothing: it is an example.
"""


def example_on_github(folder: Path) -> Path:
    """A table with aligned columns, a chart and a fold."""
    return as_on_github(folder, _MARKDOWN, {"charts/line.svg": _CHART})


PAGES: dict[str, Listed] = {
    "example": Listed(_example),
    "example-on-github": Listed(example_on_github, dresses=ON_GITHUB),
}
