"""One browser for all pages that a test process looks at."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import chromium
from tests.browser.opened import Opened, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Look = Callable[[str], Opened]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium; a developer may be without one, the gate may not."""
    if not chromium.program():
        reason = f"no {', '.join(chromium.NAMES)} here; .ci/prepare installs one"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with chromium.started(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def look(browser: Browser, tmp_path: Path) -> Iterator[Look]:
    """Opens HTML as the file page.html of tmp_path: look("<h1>…</h1>")."""
    with contextlib.ExitStack() as stack:

        def at(html: str) -> Opened:
            file = tmp_path / "page.html"
            file.write_text(html, "utf-8")
            return stack.enter_context(opened(browser, file))

        yield at
