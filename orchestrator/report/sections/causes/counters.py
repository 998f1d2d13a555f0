"""Hardware counters, or why there are none."""

from __future__ import annotations

from orchestrator.report.section import Section

SECTION = Section(100, lambda page: (page.counters,))
