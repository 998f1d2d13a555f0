"""A page as PDF, printed by a Chromium of this machine."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path
from subprocess import TimeoutExpired

from orchestrator.errors import LocalFault, UsageError
from orchestrator.here import children

# As systems and vendors call it; on a Mac it is in no PATH.
_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
_ON_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_PRINTED_S = 90.0
_SHOWN = 300
_BEGINS, _ENDS = b"%PDF-", b"%%EOF"
# When it was printed, in Chromium's own words.
_DATE = re.compile(rb"(/(?:CreationDate|ModDate) \(D:)(\d{14})")


def chromium() -> str:
    """The program; UsageError: there is none."""
    places = [*map(shutil.which, _NAMES), *(_ON_MAC if sys.platform == "darwin" else ())]
    found: str | None = next((place for place in places if place and Path(place).is_file()), None)
    if found is None:
        raise UsageError(
            f"a PDF is printed by Chromium, and there is none here: none of {', '.join(_NAMES)} is "
            "in PATH",
            hint="Install one, or take --html and print that from any browser.",
        )
    return found


def pdf(html: str, made_at: str) -> bytes:
    """The page as PDF, the same bytes every time from one Chromium. made_at: when that was which
    the page is about, as ISO 8601. UsageError: there is no Chromium. LocalFault: it did not print
    all of it."""
    program = chromium()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        page, printed = folder / "report.html", folder / "report.pdf"
        page.write_text(html, "utf-8")
        said = _print(program, folder, page, printed)
        data = printed.read_bytes() if printed.is_file() else b""
    if not data.startswith(_BEGINS) or not data.rstrip().endswith(_ENDS):
        what = "no whole page" if data else "nothing"
        raise LocalFault(
            f"{program} printed {what}: {said[-_SHOWN:].strip() or 'it did not say why'}",
            hint="Take --html and print that from any browser.",
        )
    return _dated(data, made_at)


def _dated(data: bytes, made_at: str) -> bytes:
    """As if printed when the run was made; places within the file stay what they are."""
    digits = re.sub(r"\D", "", made_at)[:14].encode()
    if len(digits) < 14:
        return data
    return _DATE.sub(lambda found: found[1] + digits, data)


def _print(program: str, folder: Path, page: Path, printed: Path) -> str:
    """What it said."""
    argv = [
        *(program, "--headless", "--disable-gpu", "--no-first-run", "--disable-extensions"),
        # The page is ours, has no script but ours, and asks for nothing (its security policy); in
        # a container, or as root, Chromium has no sandbox that works.
        *("--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}"),
        *("--no-pdf-header-footer", f"--print-to-pdf={printed}", page.as_uri()),
    ]
    try:
        with children.started(argv) as child:  # which ends it where the wait is in vain
            said = child.communicate(timeout=_PRINTED_S)[1]
    except TimeoutExpired:
        return f"it was not done within {_PRINTED_S:.0f} s"
    return said.decode("utf-8", "replace")
