"""The one gate for text that strangers may read: no addresses, ports, keys, users, pods, folders.

Logs, reports, charts, `--json`, run.json and what --debug prints pass it. The text comes from
elsewhere, so no pattern here takes more than linear time. Where it is in doubt it hides; versions,
figures, times, digests, cases and line numbers stay.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from orchestrator.values.host import looks_secret
from orchestrator.values.privacy import kept_words
from orchestrator.values.privacy.hidden_addresses import without_addresses
from orchestrator.values.privacy.ports import without_named_hosts, without_ports

# Shorter values would mask ordinary words.
_SECRET_CHARACTERS = 8
_SHORT = 120

# A key in PEM form, also when its end was cut off; tokens that name themselves: RunPod, Hugging
# Face, GitHub, OpenAI, Slack, AWS; and what stands in an Authorization header.
_TOKEN = re.compile(
    r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]{0,20}-----|\Z)"
    r"|\b(?:rpa_|hf_|gh[opsur]_|github_pat_|glpat-|sk-(?!ssh-|ecdsa-)|xox[a-z]-|AKIA|nvapi-|pypi-|dckr_pat_)[\w-]{8,}"
    r"|(?<=\b[Bb]earer )[A-Za-z0-9._~+/=-]{8,}|(?<=\b[Bb]asic )[A-Za-z0-9._~+/=-]{8,}"
    r"|(?<=\bssh-rsa )AAAA[\w+/=]{16,}(?: [^\s'\"@]+(?![@\w]))?"
    r"|(?<=\bssh-ed25519 )AAAA[\w+/=]{16,}(?: [^\s'\"@]+(?![@\w]))?"
)
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")
_KEY_ENDS = re.compile(r"-----END [A-Z ]{0,20}PRIVATE KEY-----")
_OF_A_KEY = re.compile(r"\s*(?:[\w+/=]*|[A-Z][\w-]+: .*)\s*")
# A secret that its name gives away: HF_TOKEN=…, "password": "…", ?token=…, --api-key …
_SECRET = (
    r"(?i:api_?-?key|access_?-?key(?:_id)?|secret(?:_?-?key)?|auth_?-?key|token|passw(?:or)?d"
    r"|passphrase|credentials?)"
)
_GIVEN = re.compile(
    rf"((?:(?<![A-Za-z])(?:[A-Za-z0-9_-]{{0,40}}[_-])?{_SECRET}\\?[\"']?\s{{0,2}}[=:]\s{{0,2}}"
    r"|\b[A-Z][A-Z0-9_]{0,40}_?(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL)[A-Z0-9_]{0,20}"
    r"(?:=|\\?[\"']\s{0,2}[:=]\s{0,2}))\\?[\"']?"
    rf"|(?<![\w-])--?(?:[a-z0-9-]{{0,40}}[_-])?{_SECRET} )([^\s\"'&<>,;\\]{{4,}})"
)
_LOGIN = re.compile(r"(\bcurl\b[^\n]{0,200}? (?:-u|--user)[ =]?)[^\s:]{1,64}:\S+")
_TELLING = ("key", "token", "secret", "passw", "passphrase", "credential")
# A figure is none: max_token=512, time per token: 3.2 ms.
_NO_SECRET = re.compile(r"-?[\d.,]{1,9}[a-zA-Z%/]{0,4}|\*+|\(hidden\)|(?i:none|null|true|false)")
# Colours would stand between an address and its port; where something is hidden, they go.
_COLOUR = re.compile(r"(?:\x1b|\\x1b|\\033|\\e|\\u001b)\[[\d;]{0,20}m")

# RunPod's names of pods: 14 letters and digits without a pattern. A shape, a tile, a word with a
# number behind it have one; a digest has no letter beyond f.
_POD = re.compile(
    r"(?<![A-Za-z0-9.])(?=[a-z]*\d)(?=[a-z0-9]{0,13}[g-z])[a-z0-9]{14}(?![A-Za-z0-9]|-\d+\.\w)"
)
_FIGURES = re.compile(r"0x[0-9a-f]+|.*\dx\d+x\d.*|(?:[a-z]\d{1,4}){3,4}[a-z]?|[a-z]+\d+|\d+[a-z]+")
_TOLD_POD = re.compile(
    r"(\b(?:[Pp]od(?:[ _-]?[Ii][Dd])?|(?:[Mm]achine|[Ee]ndpoint|[Vv]olume)[ _-]?[Ii][Dd])"
    r"\\?['\"]?(?:[=:] ?| )\\?['\"]?)(?=[a-z]*\d)[a-z0-9]{10,20}\b"
)
_LIKE_POD = re.compile(r"(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{10,20}")


def redacted(text: str, environ: Mapping[str, str], private: Collection[str] = ()) -> str:
    """`text` without what must not leave this machine; see `redactor`."""
    return redactor(environ, private)(text)


def redactor(
    environ: Mapping[str, str],
    private: Collection[str] = (),
    folders: Mapping[str, str] = MappingProxyType({}),
) -> Callable[[str], str]:
    """Return the function that masks what must not leave this machine, for many texts.

    environ: of this process; values of variables whose name looks secret, and the home folder,
    are masked wherever they stand. private: further words to mask, such as names of machines.
    folders: further folders to mask, and what is shown in their place.
    """
    secrets = {value.strip() for name, value in environ.items() if looks_secret(name)}
    secret = _any_of({value for value in secrets if len(value) >= _SECRET_CHARACTERS}, "{}")
    words = {*private, environ.get("RUNPOD_POD_ID", "")} - {""}
    pods = {word for word in words if _LIKE_POD.fullmatch(word)}
    # A pod's name stands in others (run ids, addresses); another word is a word of its own.
    pod = _any_of(pods, r"(?<![A-Za-z0-9])(?:{})(?![A-Za-z0-9]|-\d+\.\w)")
    word = _any_of(words - pods, r"(?<![\w.-])(?i:{})(?![\w-])(?::\d{1,5}\b)?")
    places = {**folders, environ.get("HOME", "").rstrip("/"): "~"}
    folder = _any_of(set(places) - {""}, r"{}(?![\w-]|\.\w)")

    known: tuple[tuple[re.Pattern[str] | None, str | Callable[[re.Match[str]], str]], ...] = (
        (secret, "***"),
        (word, "(private)"),
        (pod, "(pod)"),
        (folder, lambda found: places[found[0]]),
    )

    def mask(text: str) -> str:
        plain = _COLOUR.sub("", text)
        masked = without_secrets(plain)
        for pattern, shown in known:
            masked = pattern.sub(shown, masked) if pattern else masked
        masked = without_ports(_without_pods(without_addresses(without_named_hosts(masked))))
        return text if masked == plain else masked

    return mask


def without_secrets(text: str) -> str:
    """`text` without what is a key by its very form or by its name, whoever's it is."""
    text = _LOGIN.sub(r"\1***", _TOKEN.sub("***", text))
    lowered = text.lower()
    return _GIVEN.sub(_given, text) if any(word in lowered for word in _TELLING) else text


def discreet(text: str) -> str:
    """`text` as strangers may read it: by this process's environment and `kept_words`."""
    return gate()(text)


def gate() -> Callable[[str], str]:
    """The function that `discreet` calls, for many texts; it knows what is known now."""
    if _last and _last[0].is_so():
        return _last[0].mask
    return _known_now()


def line_gate() -> Callable[[str], str]:
    """As `gate`, for the lines of one log in their order: a private key spans many of them."""
    mask, inside = gate(), False

    def masked(line: str) -> str:
        nonlocal inside
        if inside:
            inside = _OF_A_KEY.fullmatch(line) is not None
            if inside or _KEY_ENDS.search(line):
                return "***" if line.strip() else line
        inside = inside or (_KEY_BEGINS.search(line) is not None and not _KEY_ENDS.search(line))
        return mask(line)

    return masked


def discreet_document(value: Any) -> Any:
    """The same for every text in a JSON document; its keys are ours."""
    return _each(value, gate())


def _each(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: _each(item, mask) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_each(item, mask) for item in value]
    return value


def _environment() -> Any:
    """A mapping, as CPython keeps it, where it does: a report asks thousands of times, and to
    decode each variable took most of the time of its pages."""
    return getattr(os.environ, "_data", os.environ)


@dataclass(frozen=True)
class _Gate:
    """A mask with what was known as it was made, as copies: to compare them takes less than to
    find the mask by them."""

    mask: Callable[[str], str]
    environ: Mapping[Any, Any]
    private: Set[str]
    folders: Mapping[str, str]

    def is_so(self) -> bool:
        return (
            self.environ == _environment()
            and self.private == kept_words.private
            and self.folders == kept_words.folders
        )


# The one that was asked for last, if any was.
_last: list[_Gate] = []


def _known_now() -> Callable[[str], str]:
    environ, private = dict(_environment()), frozenset(kept_words.private)
    folders = dict(kept_words.folders)
    mask = _known(frozenset(environ.items()), private, frozenset(folders.items()))
    _last[:] = [_Gate(mask, environ, private, folders)]
    return mask


@lru_cache(maxsize=4)
def _known(
    environ: frozenset[tuple[object, object]],
    private: frozenset[str],
    folders: frozenset[tuple[str, str]],
) -> Callable[[str], str]:
    """environ: by which it is known; what it says is read here."""
    mask = redactor(dict(os.environ), private, dict(folders))
    # Reports and documents say the same short words again and again.
    short = lru_cache(maxsize=4096)(mask)
    return lambda text: short(text) if len(text) < _SHORT else mask(text)


def _given(found: re.Match[str]) -> str:
    is_word = re.search(r"(?i)passw|passphrase", found[1])
    return found[0] if _NO_SECRET.fullmatch(found[2]) and not is_word else f"{found[1]}***"


def _without_pods(text: str) -> str:
    text = _TOLD_POD.sub(r"\1(pod)", text)
    return _POD.sub(lambda found: found[0] if _FIGURES.fullmatch(found[0]) else "(pod)", text)


def _any_of(words: Collection[str], form: str) -> re.Pattern[str] | None:
    """A pattern for any of words, the longest first; None if there are none."""
    longest_first = sorted(words, key=len, reverse=True)
    if not longest_first:
        return None
    return re.compile(form.replace("{}", "|".join(map(re.escape, longest_first))))
