"""A terminal that reads everything: what an emulator would get, byte for byte, and what it is."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
ORCHESTRATOR = (sys.executable, "-m", "orchestrator")

# Everything a host may try. It ends in lines that would pass for ours.
FORGED = ("error: forged", "next: rm -rf forged", "  hint: forged", "ok    forged")
SEQUENCES = (
    "\x1b[2J\x1b[1;31m\x1b[6n\x1b]0;title\x07\x1b]52;c;b3duZWQ=\x07\x1b]8;;evil\x1b\\x\x1b]8;;\x1b\\"
    "\x1bPq\x1b\\\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bc\x9b2J\x9d0;c1\x9c\x90q\x9c\x85\x84\x7f\x08\x07\r\x0b\x0c"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\u200c\u200d\u2060\ufeff"
    "\u2028\u2029\u00ad\u034f\u115f\u3164\ufe0f\U000e0041\U000e0100\ue000"
)
HOSTILE = f"held{SEQUENCES}" + "".join(f"\n{line}" for line in FORGED)
# Colours of click, and what rich's bars need: cursor off and on, up, and the line cleared.
_OURS = re.compile(r"\x1b\[(?:[\d;]*m|\?25[lh]|1A|2K)")
_NO_ROOM = "\u034f\u115f\u1160\u3164\ufe0f"


def read_all(
    words: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    limit_s: float = 60.0,
) -> str:
    """All that the program shows on a terminal which is its stdin, stdout and stderr.

    typed: what a person answers when the terminal shows a text.
    """
    near, far = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm", **(environment or {})}
    process = subprocess.Popen(
        words, cwd=cwd, env=env, stdin=far, stdout=far, stderr=far, start_new_session=True
    )
    os.close(far)
    shown, deadline, left = b"", time.monotonic() + limit_s, dict(typed or {})
    try:
        while time.monotonic() < deadline:
            if not select.select([near], [], [], 0.2)[0]:
                continue
            try:
                shown += os.read(near, 65536)
            except OSError:  # nobody holds the other end any more
                break
            for text in [text for text in left if text.encode() in shown]:
                os.write(near, f"{left.pop(text)}\n".encode())
        else:
            raise AssertionError(f"it goes on for ever:\n{shown!r}")
    finally:
        if process.poll() is None and time.monotonic() >= deadline:
            process.kill()
        process.wait()
        os.close(near)
    return shown.decode("utf-8", "surrogateescape")


def played_with(shown: str) -> list[str]:
    """What of `shown` an emulator would not simply show, beyond our own colours and bars."""
    rest = _OURS.sub("", shown.replace("\r\n", "\n")).replace("\r", "", shown.count("\r\x1b[2K"))
    return sorted({repr(one) for one in rest if one not in "\n\t" and _is_unseen(one)})


def _is_unseen(character: str) -> bool:
    kind = unicodedata.category(character)
    selector = 0xFE00 <= ord(character) < 0xFE10 or 0xE0000 <= ord(character) < 0xE1000
    return kind[0] == "C" or kind in ("Zl", "Zp") or character in _NO_ROOM or selector


def forged(shown: str) -> list[str]:
    """The lines of `shown` that are not ours and pass for ours: set off by less than four blanks."""
    plain = _OURS.sub("", shown).replace("\r", "\n")
    words = tuple(line.lstrip(" ") for line in FORGED)
    return [
        line
        for line in plain.split("\n")
        if line.lstrip(" ").startswith(words) and not line.startswith("    ")
    ]
