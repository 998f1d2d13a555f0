"""A printed number becomes that number or nothing, in any locale."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import UsageError
from orchestrator.ncu.capture import Measurement
from orchestrator.ncu.number import decimal_mark, measurement, number
from orchestrator.ncu.unit import base

COUNTS = st.integers(min_value=-(10**15), max_value=10**15)


def english(value: float) -> str:
    return f"{value:,.2f}"


def german(value: float) -> str:
    return english(value).translate(str.maketrans(",.", ".,"))


def plain(value: float) -> str:
    return f"{value:.2f}"


@pytest.mark.parametrize("show", [english, german, plain])
@given(hundredths=st.lists(COUNTS, min_size=1, max_size=5), counts=st.lists(COUNTS, max_size=5))
def test_a_table_in_one_locale_is_read_exactly_or_refused(
    show: object, hundredths: list[int], counts: list[int]
) -> None:
    assert callable(show)
    values = [n / 100 for n in hundredths]
    cells = [show(value) for value in values]
    mark = decimal_mark([(cell, "%") for cell in cells], "here")
    assert [number(cell, mark, "here") for cell in cells] == [float(plain(v)) for v in values]


@given(counts=st.lists(COUNTS, min_size=1, max_size=5), sep=st.sampled_from([",", "."]))
def test_grouped_whole_numbers_are_read_exactly_or_not_at_all(counts: list[int], sep: str) -> None:
    cells = [f"{count:,}".replace(",", sep) for count in counts]
    try:
        mark = decimal_mark([(cell, "%") for cell in cells], "here")
        read = [number(cell, mark, "here") for cell in cells]
    except UsageError:
        return
    assert all(got in (want, None) for got, want in zip(read, counts, strict=True))


@given(st.text(alphabet="0123456789.,-+eE (!)n/a%\u00a0", max_size=20))
def test_any_cell_gives_a_finite_number_a_text_or_nothing(cell: str) -> None:
    try:
        mark = decimal_mark([(cell, "%")], "here")
        read = measurement(cell, "%", mark, "here")
    except UsageError:
        return
    assert read.value is None or math.isfinite(read.value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cell", ["", "n/a", "nan", "-nan(ind)", "inf", "(!) n/a", "(!) 5.0", "no data"]
)
def test_words_for_nothing_are_nothing(cell: str) -> None:
    assert measurement(cell, "", ".", "here") == Measurement(None, "", cell)


@pytest.mark.parametrize("cell", ["9" * 41, "1" + "0" * 5000, "1e999"])
def test_absurd_numbers_are_no_numbers(cell: str) -> None:
    assert measurement(cell, "byte", ".", "here").value is None


def test_whole_numbers_keep_every_digit() -> None:
    assert measurement("9007199254740993", "", ".", "here").value == 9007199254740993


def test_two_locales_in_one_table_are_refused() -> None:
    with pytest.raises(UsageError, match="two notations"):
        decimal_mark([("100.39", "%"), ("5,40", "%")], "here")


def test_a_list_without_a_unit_does_not_pass_for_another_locale() -> None:
    mark = decimal_mark([("100.39", "%"), ("0,1", "")], "here")
    assert measurement("0,1", "", mark, "here") == Measurement("0,1", "")


@pytest.mark.parametrize(
    ("unit", "known"),
    [
        ("Kbyte", ("byte", 1000)),
        ("Gbyte/second", ("byte/s", 10**9)),
        ("byte/nsecond", ("byte/s", 10**9)),
        ("cycle/nsecond", ("hz", 10**9)),
        ("cycle/second", ("hz", 1)),
        ("Mhz", ("hz", 10**6)),
        ("msecond", ("ns", 10**6)),
        ("Kbyte/block", ("byte/block", 1000)),
        ("register/thread", ("register/thread", 1)),
        ("inst/cycle", ("inst/cycle", 1)),
        ("%", ("%", 1)),
        ("Kibyte", None),
        ("parsec", None),
        ("/s", None),
        ("byte/Kblock", None),
    ],
)
def test_units_have_one_base_or_are_unknown(unit: str, known: tuple[str, int] | None) -> None:
    assert base(unit) == known


def test_an_unknown_unit_keeps_its_number_and_its_name() -> None:
    assert measurement("3.50", "parsec", ".", "here") == Measurement(3.5, "parsec")
