"""A page that lies open in the browser, and the dresses in which people see it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

_SCRIPTS = Path(__file__).parent / "eyes"
HEIGHT_PX = 800


@dataclass(frozen=True)
class Dress:
    """How a page is shown. width_px: of the window, or of what a sheet leaves between margins."""

    name: str
    width_px: int = 1200
    scheme: Literal["light", "dark"] = "light"
    media: Literal["screen", "print"] = "screen"


LIGHT = Dress("light")
DARK = Dress("dark", scheme="dark")
NARROW = Dress("narrow", width_px=400)
# A4 is 210 mm wide, of which margins of 10 mm leave 190, at 96 px an inch. Chromium's PDF keeps the
# dark colours of whoever likes it dark, unless they are for the screen alone.
PRINT = Dress("print", width_px=718, media="print")
PRINT_DARK = Dress("print-dark", width_px=718, scheme="dark", media="print")
DRESSES = (LIGHT, DARK, NARROW, PRINT, PRINT_DARK)


@dataclass(frozen=True)
class Opened:
    """page: as playwright has it; file: where it lies; errors: what the console said of faults;
    asked: the address of everything that was loaded for it."""

    page: Page
    file: Path
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def put_on(self, dress: Dress) -> None:
        """Show the page so, without loading it again."""
        self.page.set_viewport_size({"width": dress.width_px, "height": HEIGHT_PX})
        self.page.emulate_media(media=dress.media, color_scheme=dress.scheme)

    def ask(self, question: str) -> Any:
        """What an expression gives in the page; `eyes` holds the functions of eyes/*.js."""
        return self.page.evaluate(question)

    @contextlib.contextmanager
    def unfolded(self) -> Iterator[None]:
        """With all <details> open."""
        self.ask("eyes.unfold()")
        yield
        self.ask("eyes.foldAgain()")

    def reveal_pictures(self) -> None:
        """Put the drawing itself where an <img> shows an SVG file: nobody can look into the latter.

        Do this after links and names have been judged.
        """
        for source in self.ask("eyes.pictures()"):
            file = Path(unquote(urlsplit(source).path))
            if file.is_file():
                self.page.evaluate(
                    "given => eyes.reveal(...given)", [source, file.read_text("utf-8")]
                )


@dataclass(frozen=True)
class Window:
    """A window without network that shows one page after another; a new one is dear."""

    page: Page
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def show(self, file: Path, dress: Dress = LIGHT, is_unpacked: bool = True) -> Opened:
        """Load a file; what was opened before is gone. is_unpacked: once all of it is in place."""
        self.page.goto("about:blank")
        for of_before in (self.errors, self.asked):
            of_before.clear()
        shown = Opened(self.page, file, self.errors, self.asked)
        shown.put_on(dress)
        self.page.goto(file.as_uri())
        if is_unpacked:
            self.page.locator("[data-packed]").wait_for(state="detached")
        return shown


@contextlib.contextmanager
def windowed(browser: Browser) -> Iterator[Window]:
    """Open an empty window."""
    context = browser.new_context(offline=True)
    try:
        context.add_init_script(_eyes())
        window = Window(context.new_page())
        page = window.page
        page.on("request", lambda request: window.asked.append(request.url))
        page.on("pageerror", lambda error: window.errors.append(str(error)))
        page.on("console", lambda said: _hear(said, window.errors))
        yield window
    finally:
        context.close()


@contextlib.contextmanager
def opened(browser: Browser, file: Path, dress: Dress = LIGHT) -> Iterator[Opened]:
    """Load a file in a window of its own."""
    with windowed(browser) as window:
        yield window.show(file, dress)


def _hear(said: ConsoleMessage, errors: list[str]) -> None:
    if said.type == "error":
        errors.append(said.text)


@cache
def _eyes() -> str:
    """common.js first: the others add to what it begins."""
    scripts = sorted(_SCRIPTS.glob("*.js"), key=lambda path: (path.stem != "common", path.stem))
    return "\n".join(path.read_text("utf-8") for path in scripts)
