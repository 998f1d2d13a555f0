"""Text that may be shown to strangers: no addresses, no keys, no users, no folders.

The text comes from elsewhere, so no pattern here takes more than linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from orchestrator.model.host import looks_secret

# Shorter values would mask ordinary words.
_SECRET_CHARACTERS = 8

# A key in PEM form, also when its end was cut off; tokens that name themselves: RunPod, Hugging
# Face, GitHub, OpenAI, Slack, AWS; and what stands in an Authorization header.
_TOKEN = re.compile(
    r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]{0,20}-----|\Z)"
    r"|\b(?:rpa_|hf_|gh[opsur]_|github_pat_|sk-|xox[a-z]-|AKIA)[\w-]{8,}"
    r"|(?<=\b[Bb]earer )[A-Za-z0-9._~+/=-]{8,}|(?<=\b[Bb]asic )[A-Za-z0-9._~+/=-]{8,}"
)

_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_HEX = r"[0-9a-fA-F]{1,4}"
_USER_AT_HOST = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@(?:\[[\da-fA-F:.]{2,45}\]|\w[\w.-]{0,253})(?::\d+)?"
)
_IPV6 = re.compile(
    rf"(?<![\w:.])(?:(?:{_HEX}:){{7}}{_HEX}|(?:{_HEX}:){{1,6}}(?::{_HEX}){{1,6}}"
    rf"|(?:{_HEX}:){{1,7}}:|::(?:{_HEX}:){{0,6}}{_HEX})(?![\w:])"
)
_IPV4 = re.compile(rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?![\w.]\w)(?::\d+)?")
_PORT = re.compile(r"\b([Pp]ort) \d{2,5}\b")


def redacted(text: str, environ: Mapping[str, str], private: Collection[str] = ()) -> str:
    """`text` without what must not leave this machine; see `redactor`."""
    return redactor(environ, private)(text)


def redactor(environ: Mapping[str, str], private: Collection[str] = ()) -> Callable[[str], str]:
    """Return the function that masks what must not leave this machine, for many texts.

    environ: of this process; values of variables whose name looks secret, and the home folder,
    are masked wherever they stand. private: further words to mask, such as names of machines.
    """
    secrets = {value.strip() for name, value in environ.items() if looks_secret(name)}
    secret = _any_of({value for value in secrets if len(value) >= _SECRET_CHARACTERS}, "{}")
    word = _any_of(private, r"(?<![\w.-])(?:{})(?![\w-])(?::\d+)?")
    home = _any_of({environ.get("HOME", "").rstrip("/")} - {""}, r"{}(?![\w.-])")

    def mask(text: str) -> str:
        text = without_tokens(text)
        for pattern, shown in ((secret, "***"), (word, "(private)"), (home, "~")):
            text = pattern.sub(shown, text) if pattern else text
        return _without_addresses(text)

    return mask


def without_tokens(text: str) -> str:
    """`text` without what is a key by its very form, whoever's it is."""
    return _TOKEN.sub("***", text)


def _without_addresses(text: str) -> str:
    if "@" in text:
        text = _USER_AT_HOST.sub("(address)", text)
    if "::" in text or text.count(":") >= 7:
        text = _IPV6.sub("(address)", text)
    if text.count(".") >= 3:
        text = _IPV4.sub("(address)", text)
    return _PORT.sub(r"\1 (hidden)", text)


def _any_of(words: Collection[str], form: str) -> re.Pattern[str] | None:
    """A pattern for any of words, the longest first; None if there are none."""
    longest_first = sorted(words, key=len, reverse=True)
    if not longest_first:
        return None
    return re.compile(form.replace("{}", "|".join(map(re.escape, longest_first))))
