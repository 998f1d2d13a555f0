"""What all pages of a site share: the page around, with links to the others, and its files."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.here import shipped
from orchestrator.report.printing import html
from orchestrator.report.printing.form import Form
from orchestrator.report.printing.templates import fill
from orchestrator.report.site import drawn, names
from orchestrator.report.wording.plain import Gated

_OURS = "site"


@dataclass(frozen=True)
class Frame:
    """title: of the page, in the browser's bar. up: from it to the site's own folder, "" or "../".
    here: which of the site's parts it is of. scripts: beside the one of all, in their order."""

    title: str
    up: str
    here: str
    scripts: tuple[str, ...] = ()


def page(frame: Frame, template: str, **views: object) -> str:
    """A whole page. template: of what stands in it; views: what that prints."""
    inside = fill(f"{_OURS}/{template}", Form.HTML, None, up=frame.up, **views)
    return fill(f"{_OURS}/page.j2", Form.HTML, frame=frame, names=names, body=Gated(inside))


def assets() -> dict[str, str]:
    """By file: style and scripts, of which each page takes its part."""
    style = "\n".join((*map(_read, (html.STYLE, f"{_OURS}/site.css")), drawn.style()))
    runs = _read(f"{_OURS}/runs.js")
    return {
        names.STYLE: style,
        names.SCRIPT: _read(html.SCRIPT) + _read(f"{_OURS}/unpack.js"),
        names.LIST_SCRIPT: runs + _read(f"{_OURS}/list.js"),
        names.COMPARE_SCRIPT: runs + _read(f"{_OURS}/compare.js"),
    }


def _read(file: str) -> str:
    return (shipped.folder("templates") / file).read_text("utf-8")
