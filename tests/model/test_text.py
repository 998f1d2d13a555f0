"""Text from elsewhere cannot play with a terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.values.text import harmless_json, one_line, printable, set_off, told_apart


def test_control_and_direction_characters_are_spelled_out() -> None:
    assert printable("a\x1b[31m\u202eb\r\tc\n") == "a\\x1b[31m\\u202eb\\r\tc\n"


def test_every_character_is_itself_or_spelled_out_and_no_control_is_itself() -> None:
    for character in map(chr, range(0x110000)):
        spelled = character.encode("unicode_escape").decode()
        assert printable(character) in (character, spelled)
        if character not in "\t\n" and not character.isprintable():
            assert printable(character) == spelled


@pytest.mark.parametrize(
    "character",
    "\x1b\x9b\x9d\x90\x85\x7f\x08\r\u202e\u2066\u200e\u061c\u200b\u2028\u2029\ud800\ufe0f\u3164",
)
def test_what_a_terminal_obeys_or_does_not_show_is_spelled_out(character: str) -> None:
    for shown in (printable(character), one_line(character), set_off(f"a{character}b")):
        assert character not in shown
        assert "\\" in shown


@given(st.text())
def test_text_that_has_passed_once_passes_unchanged(text: str) -> None:
    for gate in (printable, one_line, harmless_json):
        assert gate(gate(text)) == gate(text)


def test_lines_from_elsewhere_begin_no_line_of_ours() -> None:
    assert one_line("a\nnext: b") == "a\\nnext: b"
    for ours in ("error: x", "next: x", "  hint: x"):
        assert told_apart(ours) == f"    {ours}"
    assert told_apart("compiling x.cu") == "compiling x.cu"
    assert set_off("a\r\nnext: b\n\n") == "a\\r\n    next: b"


@given(st.text(st.characters(codec=None)))
def test_json_says_the_same_when_it_is_harmless(text: str) -> None:
    document = harmless_json(json.dumps({text: [text]}, ensure_ascii=False))
    assert json.loads(document) == json.loads(json.dumps({text: [text]}))
    assert printable(document) == document
