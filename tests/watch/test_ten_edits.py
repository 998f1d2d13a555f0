"""A person at a terminal, ten edits, a bad network: every turn says what it came to, and in the end
nothing is left, here or there."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import left_at_work_in, needs_proc
from tests.ssh.link import LossyLink
from tests.watch.conftest import Desk, kernel, seen, told, until

pytest.importorskip("torch")


@needs_proc
def test_that_ten_edits_over_a_bad_network_are_told_one_by_one_and_nothing_is_left(
    desk: Desk, lossy_link: Callable[..., LossyLink]
) -> None:
    first, second = lossy_link(), lossy_link()
    desk.reach_by(first)
    workspace = Path(str(desk.facts["workspace"]))
    with desk.watching() as terminal:
        assert told(terminal, 1).startswith("  1 right   ")
        assert not terminal.echoes
        desk.save(kernel(more=" + 1"))
        wrong = told(terminal, 2)
        assert wrong.startswith("  2 WRONG   mine on M=4 N=8 fp32: 32 of 32 elements are outside")
        assert "first at [0, 0]: " in wrong
        desk.save(kernel() + "def more(:\n")
        broken = told(terminal, 3)
        assert broken.startswith("  3 BROKEN   k/mine.py:5: mine on M=4 N=8 fp32: could not be")
        desk.save(kernel(40.0))
        assert "last, best SLOWER 0." in told(terminal, 4)
        desk.save(kernel(0.5))
        faster = told(terminal, 5)
        assert "last FASTER" in faster
        assert "   best " in faster

        terminal.shown = ""
        desk.save(kernel(3.0))
        terminal.read_until(" back_to_back")
        first.cut()
        assert told(terminal, 6).startswith("  6 right   ")
        assert "connecting again, to where the inventory says" in seen(terminal)
        assert "back after" in seen(terminal)

        first.close()
        desk.reach_by(second)
        desk.save(kernel(3.5))
        assert told(terminal, 7).startswith("  7 right   ")

        (desk.root / "k" / "mine.py").unlink()
        gone = told(terminal, 8)
        assert gone.startswith("  8 GONE   --provider mine=k/mine.py:soft: there is no file")
        terminal.shown = ""
        desk.save(kernel(60.0))
        time.sleep(0.3)
        desk.save(kernel(3.6))
        took = re.match(r"(9|10) right   (\d+) ", until(terminal, " right   ").lstrip())
        assert took is not None
        assert int(took[2]) < 40_000  # of the second save, which ended the first one's turn

        terminal.press("b")
        until(terminal, f"turn{took[1]} is the best")
        terminal.shown = ""
        terminal.press("\n")
        terminal.read_until("check")
        terminal.press_ctrl_c()
        assert terminal.exit_status() == 130
        assert "interrupted" in terminal.shown
        assert terminal.echoes
    assert left_at_work_in(workspace) == []
    assert [*(workspace / "warm").glob("*")] == []
    assert len(desk.turns) == 8
