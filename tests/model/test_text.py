"""Text from elsewhere cannot play with a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.text import printable


def test_control_and_direction_characters_are_spelled_out() -> None:
    assert printable("a\x1b[31m\u202eb\r\tc\n") == "a\\x1b[31m\\u202eb\\r\tc\n"


@given(st.text())
def test_every_character_is_itself_or_spelled_out(text: str) -> None:
    spelled = (c if c.isprintable() or c in "\t\n" else repr(c)[1:-1] for c in text)
    assert printable(text) == "".join(spelled)
