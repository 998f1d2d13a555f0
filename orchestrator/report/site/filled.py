"""The pages that scripts fill: the list of all runs, and two runs beside each other."""

from __future__ import annotations

from orchestrator.report.site import names
from orchestrator.report.site.page import Frame, page


def listed() -> str:
    """The list; its runs come by data/runs.js."""
    scripts = (names.LIST_SCRIPT, names.RUN_DATA)
    return page(Frame("Runs", "", names.LIST, scripts), "index.j2")


def compared() -> str:
    """The comparison; the times of a run come by data/rows/."""
    scripts = (names.COMPARE_SCRIPT, names.RUN_DATA)
    return page(Frame("Two runs beside each other", "", names.COMPARE, scripts), "compare.j2")
