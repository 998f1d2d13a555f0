"""What goes on, and how long it may take: by earlier runs alone, and never up again."""

from __future__ import annotations

from orchestrator.cli.screen.course import LONGER, Course, clock
from orchestrator.values.progress import Expected

BEFORE = Expected((("build", 10.0), ("check", 20.0), ("bench", 60.0)))


class Watch:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def course(expected: Expected = BEFORE) -> tuple[Course, Watch]:
    watch = Watch()
    return Course(expected, clock=watch), watch


def seconds_left(words: str) -> int:
    """0 where it takes longer than before, or nothing is left."""
    if not words or words == LONGER:
        return 0
    minutes, seconds = words.removeprefix("about ").removesuffix(" left").split(":")
    return 60 * int(minutes) + int(seconds)


def test_where_nothing_is_known_nothing_is_said_of_what_is_left() -> None:
    one, watch = course(Expected())
    one.step("check", 1, 4, "sdpa")
    watch.now += 65
    assert one.line() == "check 1/4, 1:05; 1:05 in all: sdpa"
    assert (one.left(one.parts["check"]), one.left_in_all()) == ("", "")


def test_a_line_tells_what_goes_on_how_far_how_long_and_how_long_still() -> None:
    one, watch = course()
    assert one.line() == "total: 0:00 (about 1:30 left)"
    one.step("sync", 1_500_000, 3_000_000, "csrc/a.cu")
    watch.now += 2
    assert one.line() == "sync 1.5/3.0 MB, 0:02; 0:02 in all: csrc/a.cu"
    one.step("sync", 3_000_000, 3_000_000)
    assert one.line() == "sync done; 0:02 in all (about 1:30 left)"
    one.step("build", 0, 0)
    watch.now += 4
    assert one.line() == "build, 0:04 (about 0:06 left); 0:06 in all"
    one.step("bench", 250, 1000, "start 1 of 8")
    watch.now += 3
    assert one.line() == "bench 25 %, 0:03 (about 0:57 left); 0:09 in all: start 1 of 8"


def test_what_is_left_never_rises_nor_falls_below_zero_whatever_the_stages_do() -> None:
    one, watch = course()
    before = seconds_left(one.left_in_all())
    # Each as (stage, how long it takes): quicker, slower, as before; and counts that go back.
    for stage, takes in (("build", 3), ("check", 45), ("bench", 80)):
        for second in range(takes):
            one.step(stage, second % 7, 10 + second % 3)
            watch.now += 1
            left = seconds_left(one.left_in_all())
            assert 0 <= left <= before
            before = left
            assert seconds_left(one.left(one.parts[stage])) >= 0
    assert before == 0


def test_where_an_estimate_is_passed_that_is_said() -> None:
    one, watch = course()
    one.step("check", 1, 2)
    watch.now += 19
    assert one.left(one.parts["check"]) == "about 0:01 left"
    watch.now += 1
    assert one.left(one.parts["check"]) == LONGER
    assert one.left_in_all() == "about 1:00 left"
    one.step("bench", 0, 2)
    watch.now += 100
    assert one.left_in_all() == LONGER
    one.step("bench", 2, 2)
    assert one.left_in_all() == ""


def test_a_part_that_counts_on_after_it_was_whole_has_run_all_the_time() -> None:
    one, watch = course()
    one.step("bench", 8, 8)
    watch.now += 5
    assert one.parts["bench"].seconds(watch.now) == 0
    one.step("bench", 8, 16)
    assert one.parts["bench"].seconds(watch.now) == 5


def test_a_part_ends_where_the_next_begins() -> None:
    one, watch = course()
    one.step("build", 0, 0)
    watch.now += 7
    one.step("check", 0, 0)
    watch.now += 7
    assert one.parts["build"].seconds(watch.now) == 7


def test_whatever_a_host_counts_to_is_told() -> None:
    one, _ = course()
    one.step("check", 10**400, 3, "x")
    one.step("pull", -5, 10**401)
    one.step("sync", -5, -5)
    assert len(one.line()) < 100


def test_a_clock_has_hours_where_there_are_any() -> None:
    assert [clock(s) for s in (0, 59.9, 65, 3605)] == ["0:00", "0:59", "1:05", "1:00:05"]
