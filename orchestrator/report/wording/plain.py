"""The one gate through which text enters a report."""

from __future__ import annotations

import re

from orchestrator.values.privacy.redaction import discreet

_LIMIT = 2000
_LOOKED_AT = 4 * _LIMIT
_CUT = " … (cut)"
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
)
_SURROGATE = re.compile(r"[\ud800-\udfff\ufffe\uffff]")

# The folders of a machine never leave the run directory.
_FOLDER = r"[^\s/\\:'\"<>|,;()\[\]{}`]+/"
_PATH = re.compile(
    # In quotes a folder's name may hold blanks.
    r"(?<=['\"])~?/(?:[^'\"/\n]+/)+(?P<quoted>[^'\"/\n]*)(?=['\"])"
    rf"|(?<![\w:/.>~])(?:[A-Za-z]:\\(?:[^\\\s]+\\)*|(?:~|\.\.(?:/\.\.)*)?/(?:{_FOLDER})+)"
    r"(?P<bare>[\w.+~-]*)|~[\w-]+/\S*"
)

# What would be structure in Markdown or HTML, as references that both show as the character
# (CommonMark 2.5: a reference never counts as structure). What can be none where it stands is left,
# so that `forward<64, 0>` and `a * b` read well in a terminal too: a tag begins with a letter, !, ?
# or / (HTML, 13.2.5.6 Tag open state), a reference with a letter or #, an escape with punctuation,
# and emphasis leans against a word; what underlines a heading, or is a rule, is of = or - alone.
# A value may stand anywhere in a line, so its ends count as if something stood there.
_SPECIAL = re.compile(
    r"<(?![\d= ])|&(?=[#\w]|$)|\\(?![A-Za-z0-9 ])|(?<! )\*|\*(?! )|[`|\[\]~$@]|#(?=\w|$)"
    r"|(?<!\w)_+|_+(?!\w)|^[>#]|^=(?==*$)|^[+-](?= |$)|^-(?=[ -]*$)|^\d+(?=[.)](?: |$))"
)


NO_BREAK = "\N{NO-BREAK SPACE}"


class Gated(str):
    """Text that has passed a gate already, in the form in which it is printed."""

    __slots__ = ()


def plain(value: object) -> str:
    """Make text safe to stand anywhere in a Markdown file: one line, no markup, no addresses.

    Raises TypeError for anything but text: numbers are formatted before they come here.
    """
    if isinstance(value, Gated):
        return value
    return _SPECIAL.sub(_reference, words(value))


def words(value: object) -> str:
    """The same where nothing but controls could be markup."""
    if isinstance(value, Gated):
        return value
    if not isinstance(value, str):
        raise TypeError(f"a report prints text only, not {type(value).__name__}: {value!r}")
    return one_line(private(value))


def for_stdout(markdown: str) -> str:
    """The same page, where what looks like a blank and is none would be spelled out."""
    return markdown.replace(NO_BREAK, "&nbsp;")


def typed(value: object) -> str:
    """As `words`, for a terminal: every blank there is one that a keyboard has, as whoever pastes
    another one gets something else."""
    return value if isinstance(value, Gated) else words(value).replace(NO_BREAK, " ")


def one_line(text: str) -> str:
    """Text without control, direction and line-breaking characters, cut to a readable length."""
    flat = _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", text)).strip()
    return flat if len(flat) <= _LIMIT else flat[:_LIMIT] + _CUT


def private(text: str) -> str:
    """Text without keys, addresses, ports, users and folders of absolute paths; file names stay.

    Of a flood only what a report might print is looked at.
    """
    if len(text) > _LOOKED_AT:
        text = text[:_LOOKED_AT] + _CUT
    return discreet(_PATH.sub(_file_name, text))


def _file_name(found: re.Match[str]) -> str:
    parts = [part for part in re.split(r"[/\\]", found[0]) if part]
    is_home = re.match(r"~[^/]", found[0]) or parts[:-1] in (["home"], ["Users"])
    name = found["quoted"] or found["bare"]
    return f"…/{name}" if name and not is_home else "…"


def _reference(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(character)};" for character in found[0])
