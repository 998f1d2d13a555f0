"""The browser of this system, driven by playwright, which brings none of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# .ci/prepare looks for the same.
NAMES = ("chromium", "chromium-browser", "google-chrome")
_ON_A_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
_FLAGS = (
    "--no-sandbox",  # root, as in most containers, gets none
    "--disable-dev-shm-usage",  # whose /dev/shm is too small
    "--disable-gpu",
    "--font-render-hinting=none",  # texts as wide at every size of the page
)


def program() -> str:
    """Where a Chromium lies, or nothing."""
    found = (shutil.which(name) for name in (*NAMES, _ON_A_MAC))
    return next((place for place in found if place), "")


@contextlib.contextmanager
def started(home: Path) -> Iterator[Browser]:
    """A Chromium without a window. home: an empty folder for what it keeps."""
    # Here, as only a process that opens pages has use for it.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program(), args=[*_FLAGS], env={**os.environ, "HOME": str(home)}
        )
        yield browser
        browser.close()
