"""python -m tests.browser.screenshots [NAME …]: picture pages of tests/browser/pages.py in docs/images."""

from __future__ import annotations

import argparse
import contextlib
import struct
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser import chromium
from tests.browser.opened import Dress, Opened, opened
from tests.browser.pages import PAGES, Listed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IMAGES = Path(__file__).parents[2] / "docs/images"
HIGHEST_PX = 1200
LARGEST_BYTES = 250_000
# Other fonts break lines elsewhere.
_TALLER = 0.15


def main() -> int:
    """Print each file that was written."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.browser.screenshots",
        description="Renew the pictures of our pages in docs/images.",
        epilog="Example: python -m tests.browser.screenshots example --into /tmp/pictures",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(PAGES)}; else all")
    parser.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="put them here instead, of every dress in which a page is judged",
    )
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in PAGES]:
        parser.error(f"no page is called {unknown[0]}; there are {', '.join(PAGES)}")
    if not chromium.program():
        parser.error(f"no {', '.join(chromium.NAMES)} here; .ci/prepare installs one")
    with (
        tempfile.TemporaryDirectory() as home,
        chromium.started(Path(home)) as browser,
    ):
        for name in asked.names or PAGES:
            dresses = PAGES[name].dresses if asked.into else PAGES[name].pictured
            for file in taken(browser, name, PAGES[name], dresses, asked.into or IMAGES):
                print(file)
    return 0


def taken(
    browser: Browser, name: str, listed: Listed, dresses: Iterable[Dress], folder: Path
) -> list[Path]:
    """Picture a page in these dresses."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    with _built(browser, listed) as page:
        for dress in dresses:
            files.append(folder / f"{name}-{dress.name}.png")
            width, height = size(page, dress)
            page.page.screenshot(
                path=files[-1],
                full_page=True,
                clip={"x": 0, "y": 0, "width": width, "height": height},
            )
    return files


@contextlib.contextmanager
def _built(browser: Browser, listed: Listed) -> Iterator[Opened]:
    """A page from a folder that lasts as long as it lies open."""
    with (
        tempfile.TemporaryDirectory() as place,
        opened(browser, listed.build(Path(place))) as page,
    ):
        yield page


def size(page: Opened, dress: Dress) -> tuple[int, int]:
    """Dress a page, and say how large its picture is: its beginning."""
    page.put_on(dress)
    if dress.media == "print":
        page.ask("window.dispatchEvent(new Event('beforeprint'))")
    return dress.width_px, min(HIGHEST_PX, page.ask("document.documentElement.scrollHeight"))


def amiss(browser: Browser, folder: Path, pages: Mapping[str, Listed]) -> tuple[str, ...]:
    """What is wrong with the pictures of a folder: absent, of another size, heavy, or of no page."""
    found = []
    known = set()
    for name, listed in pages.items():
        if not listed.pictured:
            continue
        with _built(browser, listed) as page:
            for dress in listed.pictured:
                file = folder / f"{name}-{dress.name}.png"
                known.add(file)
                if why := _wrong(file, *size(page, dress)):
                    found.append(f"{file.name} {why}")
    there = folder.glob("*.png")
    found += [f"{file.name} is a picture of no page" for file in sorted({*there} - known)]
    return tuple(found)


def _wrong(file: Path, width: int, height: int) -> str:
    """What is wrong with one, or nothing. Fonts differ from machine to machine, and so do heights."""
    if not file.is_file():
        return "is not there"
    kept = file.read_bytes()
    if len(kept) > LARGEST_BYTES:
        return f"has {len(kept):,} bytes, where {LARGEST_BYTES:,} are the most"
    wide, high = measured(kept)
    if wide != width or abs(high - height) > _TALLER * height:
        return f"is {wide} × {high} px, and the page now {width} × {height}"
    return ""


def measured(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG: the first two numbers of its first chunk."""
    wide, high = struct.unpack(">II", png[16:24])
    return wide, high


if __name__ == "__main__":
    sys.exit(main())
