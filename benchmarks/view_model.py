"""docs/view-model.md, made of the views themselves: `python -m benchmarks.view_model`."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from orchestrator.report.section import sections
from orchestrator.report.view.model import views
from orchestrator.report.view.tables import VIEW_MODEL

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "view-model.md"
_BLOCK = re.compile(r"\{% block (\w+) %\}")
_PAGES = ("report.md.j2", "compare.md.j2")
_BEGIN, _END = "<!-- made of the code: begin -->", "<!-- made of the code: end -->"


def main() -> int:
    """Write what the code says into the page."""
    PAGE.write_text(renewed(PAGE.read_text("utf-8")), "utf-8")
    return 0


def renewed(page: str) -> str:
    """The page, with the part that is made of the code as the code is now."""
    before, _, rest = page.partition(_BEGIN)
    after = rest.partition(_END)[2]
    return f"{before}{_BEGIN}\n{''.join(_lines())}{_END}{after}"


def _lines() -> Iterator[str]:
    yield f"\nThis is **view model {VIEW_MODEL}**.\n\n### Templates and their blocks\n\n"
    for name in _PAGES:
        blocks = _BLOCK.findall((ROOT / "templates" / name).read_text("utf-8"))
        yield f"- `{name}`: {', '.join(f'`{one}`' for one in blocks) or 'no blocks'}\n"
    yield "- sections, each printed with its `view`: "
    yield ", ".join(f"`{one.template}`" for one in sections())
    yield ".\n"
    for view in views():
        yield from _view(view)


def _view(view: type[Any]) -> Iterator[str]:
    yield f"\n### {view.__name__}\n\n{_sentences(view)}\n\n| field | type |\n| --- | --- |\n"
    for field in fields(view):
        kind = str(field.type).replace("|", "\\|")
        yield f"| `{field.name}` | `{kind}` |\n"


def _sentences(view: type[Any]) -> str:
    """Its docstring, as paragraphs."""
    text = inspect.getdoc(view) or ""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


if __name__ == "__main__":
    sys.exit(main())
