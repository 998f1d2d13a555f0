"""The gate knows what is known at the moment, however often it was asked before."""

from __future__ import annotations

import pytest

from orchestrator.values.privacy import kept_words
from orchestrator.values.privacy.redaction import discreet

TEXT = "on secret-machine in /srv/of/somebody/runs with abcdefgh12345678"


def test_what_becomes_known_is_masked_from_then_on_and_only_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept_words, "private", set[str]())
    monkeypatch.setattr(kept_words, "folders", dict[str, str]())
    monkeypatch.delenv("HF_TOKEN", raising=False)
    assert discreet(TEXT) == TEXT
    monkeypatch.setenv("HF_TOKEN", "abcdefgh12345678")
    assert "abcdefgh12345678" not in discreet(TEXT)
    kept_words.keep_private("secret-machine")
    assert "secret-machine" not in discreet(TEXT)
    kept_words.keep_folder("/srv/of/somebody", "…")
    assert "somebody" not in discreet(TEXT)
    kept_words.private.clear()
    assert "secret-machine" in discreet(TEXT)
    monkeypatch.delenv("HF_TOKEN")
    kept_words.folders.clear()
    assert discreet(TEXT) == TEXT
