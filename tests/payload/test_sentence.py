"""An exception in one line."""

from __future__ import annotations

import pytest

from remote_payload.processes.places import sentence


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "ValueError"),
        ("no room", "ValueError: no room"),
        ("\nno room\nand more of it", "ValueError: no room"),
        (
            "backend='inductor' raised:\n\n  no compiler\nat line 3",
            "ValueError: backend='inductor' raised: no compiler",
        ),
        ("it raised:", "ValueError: it raised:"),
    ],
)
def test_a_line_that_only_announces_is_followed_by_what_it_announces(text: str, told: str) -> None:
    assert sentence(ValueError(text)) == told
