"""The one gate through which text enters a report."""

from __future__ import annotations

import re

from orchestrator.model.redaction import without_tokens

_LIMIT = 2000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_SURROGATE = re.compile(r"[\ud800-\udfff\ufffe\uffff]")

# Who and where a machine is never leaves the run directory: user@host, addresses, folders.
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_USER_AT_HOST = re.compile(r"[\w.+-]+@[\w.-]*\w(?::\d+)?")
_IPV4 = re.compile(rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?![\w.]\w)(?::\d+)?")
_IPV6 = re.compile(
    r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}:?[0-9a-fA-F]{0,4}(?![\w:])|\[[\da-fA-F:]*::[\da-fA-F:]*\]"
)
_PATH = re.compile(
    r"(?<![\w:/.])(?:[A-Za-z]:\\(?:[^\\\s]+\\)*|/(?:[\w.+~-]+/)+)([\w.+~-]*)|~[\w-]+/\S*"
)

# Characters with a meaning in Markdown or HTML, as references that both show as the character
# (CommonMark 2.5: a reference never counts as structure).
_SPECIAL = re.compile(r"[&<>`|*\[\]\\~#$@]|(?<!\w)_+|_+(?!\w)")


def plain(value: object) -> str:
    """Make text safe to stand anywhere in a Markdown file: one line, no markup, no addresses.

    Raises TypeError for anything but text: numbers are formatted before they come here.
    """
    if not isinstance(value, str):
        raise TypeError(f"a report prints text only, not {type(value).__name__}: {value!r}")
    return _SPECIAL.sub(_reference, private(one_line(value)))


def one_line(text: str) -> str:
    """Text without control, direction and line-breaking characters, cut to a readable length."""
    flat = _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", text)).strip()
    return flat if len(flat) <= _LIMIT else flat[:_LIMIT] + " … (cut)"


def private(text: str) -> str:
    """Text without keys, addresses, users and the folders of absolute paths; file names stay."""
    masked = _USER_AT_HOST.sub("(address)", without_tokens(text))
    masked = _IPV4.sub("(address)", _IPV6.sub("(address)", masked))
    return _PATH.sub(_file_name, masked)


def _file_name(found: re.Match[str]) -> str:
    parts = [part for part in re.split(r"[/\\]", found[0]) if part]
    is_home = found[0].startswith("~") or parts[:-1] in (["home"], ["Users"])
    return "…" if is_home else f"…/{found[1]}" if found[1] else "…"


def _reference(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(character)};" for character in found[0])
