"""The benchmark of an eager call's host time: what it changes in our source, and that it runs."""

from __future__ import annotations

import re

import pytest

from benchmarks import host_time
from tests.kernels.emulated import CSRC


def test_the_launch_that_it_leaves_out_is_the_only_one_there_is() -> None:
    assert (CSRC / host_time.LAUNCHES).read_text("utf-8").count(host_time.RUNS) == 1
    sources = [path for path in CSRC.rglob("*") if path.suffix in (".h", ".cpp", ".cu", ".cuh")]
    calls = sum(path.read_text("utf-8").count("emulator::launch(") for path in sources)
    assert calls == 1


@pytest.mark.slow
def test_it_prints_a_time_for_each_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert host_time.main(["--rounds", "7", "--calls", "5"]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert len(rows) == 6
    for row in rows:
        median, low, high, _ = map(float, re.findall(r"\d+\.\d\d", row))
        assert 0 < low <= median <= high
