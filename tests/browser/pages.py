"""The pages that people get from us, in one table: all are looked at, some are pictured in docs/.

A new kind of page gets a line here, and is judged and pictured from then on.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli.app import run
from orchestrator.report.render import Report, render
from tests.browser.github import as_on_github
from tests.browser.opened import DARK, DRESSES, LIGHT, NARROW, PRINT, Dress
from tests.report import synthetic

_HERE = Path(__file__).parent
_FIXTURES = _HERE.parent / "fixtures"
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


def _gpu() -> Report:
    return render(synthetic.run(synthetic.gpu_result()))


def _report(folder: Path) -> Path:
    """Of a GPU, as the golden files have it."""
    return _written(folder, _gpu().html)


def _report_on_github(folder: Path) -> Path:
    """The same as Markdown, with its charts beside it."""
    report = _gpu()
    return as_on_github(
        folder, report.markdown, {f"charts/{one.name}": one.svg for one in report.charts}
    )


def _local_report(folder: Path) -> Path:
    """Of `orchestrator profile --host local` on a machine without a GPU, as it was measured."""
    runs = folder / "runs"
    archive = str(_FIXTURES / "local-run.tar.gz")
    assert run(["--runs", str(runs), "runs", "import", archive]) == 0
    assert run(["--runs", str(runs), "report", "latest", "-o", str(folder / "page.html")]) == 0
    return folder / "page.html"


def _written(folder: Path, html: str) -> Path:
    page = folder / "page.html"
    page.write_text(html, "utf-8")
    return page


_PICTURED = (LIGHT, DARK, NARROW, PRINT)

PAGES: dict[str, Listed] = {
    "example": Listed(_example),
    "example-on-github": Listed(example_on_github, dresses=ON_GITHUB),
    "report": Listed(_report, pictured=_PICTURED),
    "report-on-github": Listed(_report_on_github, dresses=ON_GITHUB, pictured=(LIGHT,)),
    "local-report": Listed(_local_report, pictured=_PICTURED),
}
