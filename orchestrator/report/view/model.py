"""All views, for who describes them."""

from __future__ import annotations

from dataclasses import is_dataclass
from types import ModuleType
from typing import Any

from orchestrator.report.view import comparison, report, sections, tables


def views() -> tuple[type[Any], ...]:
    """Their classes, a page's first, then what it is made of."""
    modules: tuple[ModuleType, ...] = (report, comparison, sections, tables)
    found = [cls for module in modules for cls in vars(module).values() if is_dataclass(cls)]
    classes = [cls for cls in found if isinstance(cls, type)]
    return tuple(dict.fromkeys(classes))
