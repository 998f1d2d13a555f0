"""Where the pages lie in a site, and what those of a run are called."""

from __future__ import annotations

import hashlib
import os
import re

from orchestrator.report.wording.plain import words
from orchestrator.store.runs.naming import RUN_ID

LIST, HISTORY, COMPARE = "index.html", "history.html", "compare.html"
PAGES, ROWS, HISTORIES, ASSETS, DATA = "runs", "data/rows", "history", "assets", "data"
STYLE, SCRIPT = f"{ASSETS}/site.css", f"{ASSETS}/page.js"
LIST_SCRIPT, COMPARE_SCRIPT = f"{ASSETS}/list.js", f"{ASSETS}/compare.js"
RUN_DATA = f"{DATA}/runs.js"
FOLDERS = (PAGES, DATA, ROWS, HISTORIES, ASSETS)
_DIGITS = 20
_OURS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.(?:html|js)")


def stem(run: str) -> str:
    """Of the files of a run: its own name where that may stand in a link and be read by strangers;
    else a digest, behind a character that no run's id begins with."""
    if RUN_ID.fullmatch(run) and words(run) == run:
        return run
    return f"_{_digest(run)}"


def page_of(run: str) -> str:
    """The file of a run's page."""
    return f"{PAGES}/{stem(run)}.html"


def rows_of(run: str) -> str:
    """The file of its times, which the comparison reads."""
    return f"{ROWS}/{stem(run)}.js"


def history_of(operator: str, provider: str) -> str:
    """The file of the history of a provider; their names come from anywhere."""
    return f"{HISTORIES}/{_digest(f'{operator} {provider}')}.html"


def is_ours(file: str) -> bool:
    """Whether a file's name is one that this program gives to pages of runs and series: what a
    note says of any other, nobody believes."""
    folder, _, name = file.rpartition("/")
    return folder in (PAGES, ROWS, HISTORIES) and _OURS.fullmatch(name) is not None


def _digest(name: str) -> str:
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:_DIGITS]
