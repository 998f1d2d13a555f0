"""Claims in words: `target_met: true`, "2.1x faster than SDPA", `verdict: FASTER`."""

from __future__ import annotations

import re

from orchestrator.audit.recognising.axes import leaf
from orchestrator.audit.recognising.cells import Cell, truth
from orchestrator.audit.recognising.words import words_of
from orchestrator.audit.values import Boast

_MET = words_of("met meets hit hits reached achieved passed pass ok exceeded")
_BETTER = words_of("faster wins win beats better improved outperforms")
_JUDGES = words_of(
    "verdict status result conclusion outcome winner summary message note notes comment remark "
    "remarks recommendation recommendations headline text description target"
)
_TIMES = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*[x×]\s*(faster|slower|speed-?up)", re.IGNORECASE)
_PERCENT = re.compile(r"(\d{1,4}(?:\.\d{1,4})?)\s*%\s*(faster|slower)", re.IGNORECASE)
_TARGET = re.compile(
    r"targets? (?:is |was |were |has been )?(?:met|achieved|reached|exceeded|passed|hit)"
    r"|(?:meets|met|reached|exceeds) (?:the |its |our )?targets?",
    re.IGNORECASE,
)
_NOT = re.compile(r"\bnot\b|n't\b|\bno\b|\bnever\b|\bfail", re.IGNORECASE)
_FASTER = re.compile(r"\b(?:faster than|beats|outperforms)\b", re.IGNORECASE)
_WINNERS = words_of("winner fastest")
_OUTCOMES = words_of("status verdict result outcome")
_LONGEST, _NAME = 500, 60


def boast(key: str, value: Cell) -> Boast | None:
    """What a cell claims in words; None for nothing."""
    words = set(leaf(key).split("_"))
    if truth(value) is True and not isinstance(value, str):
        return _of_a_switch(key, words)
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    if truth(value) is True:
        return _of_a_switch(key, words)
    return _of_text(key, value, words)


def _of_a_switch(key: str, words: set[str]) -> Boast | None:
    if words & {"target", "goal"} and (words & _MET or len(words) == 1):
        return Boast(key, f"{key}: true", of_target=True)
    if words & _BETTER and not words & {"not", "is_not", "count", "n", "num"}:
        return Boast(key, f"{key}: true")
    return None


def _of_text(key: str, text: str, words: set[str]) -> Boast | None:
    shown = f"{key}: {text[:120]!r}"
    if words & _WINNERS and len(text) <= _NAME:
        return Boast(key, shown, winner=text.strip().lower())
    if found := _TIMES.search(text):
        factor = float(found[1])
        return Boast(key, shown, _factor(factor, found[2]))
    if found := _PERCENT.search(text):
        return Boast(key, shown, _factor(1 + float(found[1]) / 100, found[2]))
    if _NOT.search(text):
        return None
    if _TARGET.search(text) or (words & {"target"} and text.strip().lower() in _MET):
        return Boast(key, shown, of_target=True)
    if words & _OUTCOMES and text.strip().lower() in _MET:
        return Boast(key, shown, of_target=True, loose=True)
    if _FASTER.search(text) or (words & _JUDGES and text.strip().lower() in _BETTER):
        return Boast(key, shown)
    return None


def _factor(factor: float, direction: str) -> float | None:
    if not factor:
        return None
    return 1 / factor if direction.lower() == "slower" else factor
