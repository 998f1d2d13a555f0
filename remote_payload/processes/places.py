"""What is kept of a run is passed on, so it names no folder of the machine or of its user."""

from __future__ import annotations

import os
import re
import sys
import traceback
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict

from remote_payload.contract.layout import SNAPSHOTS

# A job's code lies in <workspace>/snapshots/<digest>, and is run from there.


def hidden(value: Any) -> Any:
    """The same text, or list or dict of them, with words for the workspace and the home folder."""
    if isinstance(value, str):
        return _mask(os.getcwd(), os.environ.get("HOME", ""))(value)
    if isinstance(value, list):
        return [hidden(item) for item in value]
    if isinstance(value, dict):
        return {key: hidden(item) for key, item in value.items()}
    return value


def sentence(exc: BaseException) -> str:
    """An exception as one line: its first, and the second where the first only announces it."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    said = " ".join(lines[: 2 if lines[0].endswith(":") else 1]) if lines else ""
    return f"{type(exc).__name__}: {said}" if said else type(exc).__name__


def trace() -> None:
    """As traceback.print_exc, into the log that travels."""
    print(hidden(traceback.format_exc()), end="", file=sys.stderr, flush=True)


@lru_cache(maxsize=4)
def _mask(here: str, home: str) -> Callable[[str], str]:
    words: Dict[str, str] = {}
    if Path(here).parent.name == SNAPSHOTS:
        words[str(Path(here).parents[1])] = "<workspace>"
    for place in (home, os.path.realpath(home)) if home else ():
        words.setdefault(place, "~")
    words = {place.rstrip("/"): word for place, word in words.items() if place.strip("/")}
    if not words:
        return lambda text: text
    longest_first = sorted(words, key=len, reverse=True)
    # /root is no part of /rootless.
    found = re.compile(rf"(?:{'|'.join(map(re.escape, longest_first))})(?![\w-]|\.\w)")
    return lambda text: found.sub(lambda match: words[match[0]], text)
