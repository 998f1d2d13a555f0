"""One browser for all pages that a test process looks at."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import chromium
from tests.browser.opened import Opened, Window, windowed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Look = Callable[[str], Opened]


# Not for the session: it would stand by, its loop of events held, while other tests run.
@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium; a developer may be without one, the gate may not."""
    if not chromium.program():
        reason = f"no {', '.join(chromium.NAMES)} here; .ci/prepare installs one"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with chromium.started(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture(scope="package")
def window(browser: Browser) -> Iterator[Window]:
    """One for all pages that are only looked at."""
    with windowed(browser) as window:
        yield window


@pytest.fixture
def look(window: Window, tmp_path: Path) -> Look:
    """Opens HTML as the file page.html of tmp_path: look("<h1>…</h1>"), one at a time."""

    def at(html: str) -> Opened:
        file = tmp_path / "page.html"
        file.write_text(html, "utf-8")
        return window.show(file)

    return at
