"""Where a page leads, what it loads and what its console says."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urldefrag, urlsplit

from tests.browser.opened import Opened

# Addresses that need no network; the browser makes blobs itself.
_AT_HOME = ("file", "data", "blob")
_ELSEWHERE = ("http", "https", "mailto")
_STATE = "="


def broken_links(page: Opened) -> tuple[str, ...]:
    """Links to places that are not there, in this page or in files beside it; pictures that did
    not load. What lies in the network is believed."""
    links = cast("list[dict[str, str]]", page.ask("eyes.links()"))
    told = (_broken(page.file, link["written"], link["full"]) for link in links)
    lost = cast("list[str]", page.ask("eyes.lost()"))
    return (*(f"{link['from']} {why}" for link, why in zip(links, told, strict=True) if why), *lost)


def _broken(page: Path, written: str, full: str) -> str:
    """Why a reference leads nowhere, or nothing."""
    scheme = urlsplit(full).scheme
    if not written or written == "#":
        return "leads nowhere"
    if scheme in (*_ELSEWHERE, "data"):
        return ""
    if scheme != "file":
        return f"leads to {written}, which is no place"
    address, fragment = urldefrag(full)
    file = Path(unquote(urlsplit(address).path))
    if file.is_dir():
        return f"leads to {written}, a folder, which only a server shows"
    if not file.is_file():
        return f"leads to {written}, which is not there"
    if _STATE in fragment:
        return ""  # what a page of a site is asked for, which its own tests look at
    if fragment and unquote(fragment) not in _places(file.read_text("utf-8")):
        return f"leads to {written}, but {'the page' if file == page else 'that'} has no such place"
    return ""


@cache
def _places(html: str) -> frozenset[str]:
    """What a fragment may name in a page."""
    reader = _Places()
    reader.feed(html)
    return frozenset(reader.found)


class _Places(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = {"top"}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.update(value for name, value in attrs if name == "id" and value)
        self.found.update(value for name, value in attrs if (tag, name) == ("a", "name") and value)


def requests(page: Opened) -> tuple[str, ...]:
    """What the page asked the network for: it must do without."""
    asked = dict.fromkeys(page.asked)
    return tuple(
        f"the page asks for {each}" for each in asked if urlsplit(each).scheme not in _AT_HOME
    )


def console_errors(page: Opened) -> tuple[str, ...]:
    """What the console told of faults, scripts that failed among them."""
    return tuple(f"the console says: {each}" for each in dict.fromkeys(page.errors))
