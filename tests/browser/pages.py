"""The pages that people get from us, in one table: all are looked at, some are pictured in docs/.

A new kind of page gets a line here, and is judged and pictured from then on.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli.app import run
from orchestrator.report.comparing import page as comparison
from orchestrator.report.comparing.comparison import Comparison
from orchestrator.report.render import Report, render
from remote_payload.contract.words import Method
from tests.browser.github import as_on_github
from tests.browser.opened import DARK, DRESSES, LIGHT, NARROW, PRINT, Dress
from tests.cli.comparing import changed, times
from tests.comparing import runs
from tests.history.made import series, store
from tests.index.kept import Runs
from tests.report import synthetic
from tests.site.made import Kept

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
    kept = str(folder / "runs")
    archive = str(_FIXTURES / "local-run.tar.gz")
    assert run(["--runs", kept, "runs", "import", archive]) == 0
    assert run(["--runs", kept, "report", "latest", "-o", str(folder / "page.html")]) == 0
    return folder / "page.html"


def _compared() -> Comparison:
    """One row slower, the others faster."""
    worse = runs.where(runs.by(0.9), 96, Method.COLD, times(1.3))
    return runs.compared(runs.small(), worse)


def _compare(folder: Path) -> Path:
    return _written(folder, comparison.html(_compared()))


def _compare_on_github(folder: Path) -> Path:
    """As the comment of a pull request."""
    return as_on_github(folder, comparison.markdown(_compared()), {})


def _site(folder: Path) -> Kept:
    """Of a provider over forty commits, and of a few runs of attention."""
    kept = Kept(Runs(folder / "runs"), folder / "site")
    store(kept.runs.root, series([1.2] * 20 + [1.0] * 20))
    for day, factor in ((20, 1.02), (21, 1.0), (22, 0.8)):
        made = synthetic.gpu_result()
        kept.runs.home(f"202611{day}-101530-h100-profile", changed(made, "sparsek", times(factor)))
    kept.make()
    return kept


def _site_list(folder: Path) -> Path:
    return _site(folder).site / "index.html"


def _site_run(folder: Path) -> Path:
    return _site(folder).site / "runs" / "20261122-101530-h100-profile.html"


def _site_history(folder: Path) -> Path:
    every = (_site(folder).site / "history").iterdir()
    return next(page for page in every if "<h1>mine" in page.read_text("utf-8"))


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
    "compare": Listed(_compare, pictured=_PICTURED),
    "compare-on-github": Listed(_compare_on_github, dresses=ON_GITHUB, pictured=(LIGHT,)),
    "site": Listed(_site_list, pictured=_PICTURED),
    "site-run": Listed(_site_run),
    "site-history": Listed(_site_history, pictured=(LIGHT,)),
}
