"""A program that does not end is ended, in words a person reads as a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.processes import bounded


@pytest.mark.parametrize(
    ("limit_s", "words"),
    [(0.25, "0.25 s"), (1.0, "1 s"), (59.97, "60 s"), (1200.0, "1200 s"), (86400.0, "86400 s")],
)
def test_a_limit_is_spoken_without_an_exponent(limit_s: float, words: str) -> None:
    assert bounded.spoken(limit_s) == words


def test_a_program_that_does_not_end_is_killed_at_its_limit(tmp_path: Path) -> None:
    ended = bounded.run(["sleep", "60"], tmp_path / "out.txt", 0.2)
    assert ended.timed_out
    assert ended.exit_code is None
    assert ended.why == "no end within 0.2 s; it and all it had started were killed"
