"""A printed number becomes that number or nothing, in any locale."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import UsageError
from orchestrator.readers.ncu.capture import Measurement
from orchestrator.readers.ncu.number import decimal_mark, is_nothing, measurement, number
from orchestrator.readers.ncu.quantities.unit import alike, base

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


# Between thousands: narrow and plain blanks that do not break, thin and figure blanks, apostrophes.
CLEAR = ["\u202f", "\u00a0", "\u2009", "\u2007", "'", "’", "ʼ", "_"]


@pytest.mark.parametrize("group", CLEAR)
@pytest.mark.parametrize("point", [".", ","])
@given(hundredths=st.lists(COUNTS, min_size=1, max_size=5))
def test_marks_that_only_group_thousands_are_read_exactly(
    group: str, point: str, hundredths: list[int]
) -> None:
    marks = str.maketrans({",": group, ".": point})
    values = [n / 100 for n in hundredths]
    cells = [english(value).translate(marks) for value in values]
    mark = decimal_mark([(cell, "byte") for cell in cells], "here")
    assert [number(cell, mark, "here") for cell in cells] == [float(plain(v)) for v in values]


@pytest.mark.parametrize("group", CLEAR)
def test_a_grouped_whole_number_needs_no_proof_from_its_table(group: str) -> None:
    cell = f"1{group}234{group}567"
    assert measurement(cell, "sector", "", "here") == Measurement(1234567, "sector")
    assert measurement(cell, "usecond", "", "here") == Measurement(1234567000, "ns")


@pytest.mark.parametrize(
    "cell",
    ["1'234’567", "1\u202f23\u202f456", "12,34,567", "1\u202f234,5.6", "1 234 567", "1\ufffd234"],
)
def test_what_groups_in_no_way_that_we_know_is_kept_as_it_stands(cell: str) -> None:
    assert measurement(cell, "byte", ".", "here") == Measurement(None, "byte", cell)
    assert not is_nothing(cell)


def test_a_fraction_behind_a_grouping_decides_the_table_or_contradicts_it() -> None:
    french = [("1\u202f234,50", "us"), ("9,589", "us")]
    mark = decimal_mark(french, "here")
    assert [number(cell, mark, "here") for cell, _ in french] == [1234.5, 9.589]
    with pytest.raises(UsageError, match="two notations"):
        decimal_mark([("1’234.50", "us"), ("5,40", "us")], "here")


@pytest.mark.parametrize(
    ("cell", "unit", "read"),
    [
        ("61.20 %", "%", Measurement(61.2, "%")),
        ("61.20%", "", Measurement(61.2, "%")),
        ("+3.5\u202f%", "%", Measurement(3.5, "%")),
        ("-3.5 %", "%", Measurement(-3.5, "%")),
        ("\u22123.5", "%", Measurement(-3.5, "%")),
        ("61.20 %", "byte", Measurement(None, "byte", "61.20 %")),
        ("a %", "", Measurement("a %", "")),
    ],
)
def test_a_percent_sign_in_the_cell_is_a_unit_and_never_a_second_one(
    cell: str, unit: str, read: Measurement
) -> None:
    assert measurement(cell, unit, ".", "here") == read


def test_a_comma_before_a_percent_sign_is_a_fraction() -> None:
    assert decimal_mark([("71,5 %", "")], "here") == ","


@given(st.text(alphabet="0123456789.,-+eE (!)n/a%_'’\u00a0\u202f\u2212", max_size=20))
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


@pytest.mark.parametrize(
    ("unit", "wanted", "same"),
    [
        ("inst", "", True),
        ("cycle/inst", "", True),
        ("warp", "inst", True),
        ("register", "register/thread", True),
        ("byte", "byte/block", True),
        ("%", "%", True),
        ("", "byte", False),
        ("", "%", False),
        ("%", "", False),
        ("byte", "byte/s", False),
        ("inst/s", "inst", False),
        ("hz", "cycle", False),
        ("parsec", "", False),
        ("parsec", "ns", False),
    ],
)
def test_units_of_what_is_counted_are_alike_and_those_with_a_size_are_not(
    unit: str, wanted: str, same: bool
) -> None:
    assert alike(unit, wanted) is same


@pytest.mark.parametrize(("said", "kept"), [("sectors", "sector"), ("branches", "branch")])
def test_plurals_are_the_same_unit(said: str, kept: str) -> None:
    assert measurement("3", said, ".", "here") == Measurement(3, kept)


@pytest.mark.parametrize("unit", ["usecond", "Mbyte", "furlong"])
def test_what_is_not_understood_keeps_the_unit_that_it_stands_in(unit: str) -> None:
    assert measurement("1 234,5", unit, ".", "here") == Measurement(None, unit, "1 234,5")
