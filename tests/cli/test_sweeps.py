"""How values of axes are written: lists, ranges, switches and words, and what is none of these."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cli.given import sweeps
from orchestrator.cli.given.sweeps import MOST_VALUES, BadValues
from remote_payload.operators.base import Axis

ROWS = Axis("M", "rows")
MASK = Axis("causal", "causal", otherwise=False)
ACT = Axis("act", "activation", otherwise="none", choices=("none", "gelu", "relu"))
AXES = (ROWS, Axis("N", "columns"), MASK, ACT)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("96", (96,)),
        ("0", (0,)),
        ("2147483647", (2147483647,)),
        ("8,16,32", (8, 16, 32)),
        (" 8 , 16 ", (8, 16)),
        ("32,8", (32, 8)),
        ("512..4096x2", (512, 1024, 2048, 4096)),
        ("512..5000x2", (512, 1024, 2048, 4096)),
        ("1..100x10", (1, 10, 100)),
        ("64..256+64", (64, 128, 192, 256)),
        ("64..255+64", (64, 128, 192)),
        ("0..2+1", (0, 1, 2)),
        ("8..8x2", (8,)),
        ("1,8..32x2,100", (1, 8, 16, 32, 100)),
    ],
)
def test_numbers_are_written_one_by_one_or_as_ranges(text: str, found: tuple[int, ...]) -> None:
    assert sweeps.values(text, ROWS) == found
    assert sweeps.values(text, None) == found, "also where nobody here knows the axis"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected a number, a list such as 8,16, or a range"),
        ("8,", "expected a number"),
        (",8", "expected a number"),
        ("eight", "expected a number"),
        ("-1", "expected a number"),
        ("+1", "expected a number"),
        ("1.5", "expected a number"),
        ("1e3", "expected a number"),
        ("1_000", "expected a number"),
        ("٣", "expected a number"),
        ("true", "expected a number"),
        ("8..64", "expected a number"),
        ("8..64*2", "expected a number"),
        ("8...64x2", "expected a number"),
        ("8..64x", "expected a number"),
        ("8,8", "8,8 names a value twice"),
        ("8..32x2,16", "names a value twice"),
        ("64..8x2", "64..8x2 is empty"),
        ("8..64x1", "8..64x1 never gets there"),
        ("8..64x0", "8..64x0 never gets there"),
        ("0..64x2", "0..64x2 never gets there"),
        ("8..64+0", "8..64+0 never gets there"),
        ("2147483648", "2147483648 is too large; at most 2147483647"),
        ("1..9999999999x2", "9999999999 is too large"),
        ("1..257+1", f"at most {MOST_VALUES} are run"),
        ("1..2147483647+1", f"at most {MOST_VALUES} are run"),
    ],
)
def test_what_names_no_values_is_refused_with_what_was_expected(text: str, told: str) -> None:
    with pytest.raises(BadValues) as caught:
        sweeps.values(text, ROWS)
    assert told in str(caught.value)


def test_as_many_values_as_are_run_may_be_named() -> None:
    assert len(sweeps.values(f"1..{MOST_VALUES}+1", ROWS)) == MOST_VALUES


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("yes", (True,)),
        ("no", (False,)),
        ("true", (True,)),
        ("false", (False,)),
        ("both", (False, True)),
        ("no,yes", (False, True)),
    ],
)
def test_a_switch_is_yes_no_or_both(text: str, found: tuple[bool, ...]) -> None:
    assert sweeps.values(text, MASK) == found
    assert sweeps.values(text, None) == found


@pytest.mark.parametrize("text", ["1", "0", "on", "", "YES", "8..64x2"])
def test_what_is_no_switch_is_refused(text: str) -> None:
    with pytest.raises(BadValues, match="expected yes, no or both"):
        sweeps.values(text, MASK)


def test_both_and_one_of_them_names_a_value_twice() -> None:
    with pytest.raises(BadValues, match="names a value twice"):
        sweeps.values("both,yes", MASK)


def test_a_word_is_one_of_those_that_the_axis_has() -> None:
    assert sweeps.values("gelu,relu", ACT) == ("gelu", "relu")
    with pytest.raises(BadValues, match="activation: expected some of none, gelu, relu, got tanh"):
        sweeps.values("gelu,tanh", ACT)
    assert sweeps.values("tanh", None) == ("tanh",), "what nobody here knows, the host judges"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("M=4096", {"M": (4096,)}),
        ("rows=4096", {"M": (4096,)}),
        (
            "M=4096,N=1024,2048,K=64..512x2",
            {"M": (4096,), "N": (1024, 2048), "K": (64, 128, 256, 512)},
        ),
        (" M = 1 , N = 2 , 3 ", {"M": (1,), "N": (2, 3)}),
        (
            "M=1,causal=both,act=gelu,relu",
            {"M": (1,), "causal": (False, True), "act": ("gelu", "relu")},
        ),
    ],
)
def test_a_case_gives_each_axis_its_values(text: str, found: dict[str, object]) -> None:
    axes = (*AXES, Axis("K", "K"))
    assert sweeps.cases((text,), axes) == (found,)


def test_every_case_stands_for_itself() -> None:
    assert sweeps.cases(("M=1", "M=2,N=3"), AXES) == ({"M": (1,)}, {"M": (2,), "N": (3,)})
    assert sweeps.cases((), AXES) == ()


def test_where_only_the_host_knows_the_axes_every_name_is_taken_as_it_is() -> None:
    found = sweeps.cases(("anything=1,2,mask=yes,how=fast",), ())
    assert found == ({"anything": (1, 2), "mask": (True,), "how": ("fast",)},)
    with pytest.raises(BadValues, match="expected AXIS=VALUE"):
        sweeps.cases(("=1",), ())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected AXIS=VALUE, such as M=4096"),
        ("4096", "4096: expected AXIS=VALUE, such as M=4096"),
        ("=4096", "=4096: expected AXIS=VALUE, such as M=4096"),
        ("M=1,=2", "=2: expected AXIS=VALUE, such as M=4096"),
        ("Q=1", "Q is no axis; expected some of M, N, causal, act"),
        ("m=1", "m is no axis"),
        ("M=1,M=2", "M is given twice"),
        ("M=1,rows=2", "rows is given twice"),
        ("rows=1,N=2,M=2", "M is given twice"),
        ("M=", "expected a number"),
        ("M=1,", "expected a number"),
        ("M==1", "expected a number"),
        ("causal=1", "expected yes, no or both"),
    ],
)
def test_what_is_no_case_is_refused_with_what_was_expected(text: str, told: str) -> None:
    with pytest.raises(BadValues) as caught:
        sweeps.cases((text,), AXES)
    assert told in str(caught.value)


@given(st.text(max_size=40))
def test_no_text_at_all_raises_anything_else(text: str) -> None:
    for axis in (ROWS, MASK, ACT, None):
        with suppress(BadValues):
            assert 0 < len(sweeps.values(text, axis)) <= MOST_VALUES
    for axes in (AXES, ()):
        with suppress(BadValues):
            (found,) = sweeps.cases((text,), axes)
            assert found
            assert all(found.values())


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(2, 9))
def test_a_range_holds_its_ends_and_nothing_beyond_them(first: int, more: int, by: int) -> None:
    last = first + more
    steps = sweeps.values(f"{first}..{last}x{by}", ROWS)
    assert steps[0] == first
    assert all(isinstance(value, int) and value <= last for value in steps)
    assert int(steps[-1]) * by > last
