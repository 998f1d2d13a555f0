"""Whatever happens to a file on its way here: true numbers or a clear error, never a crash."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import UsageError
from orchestrator.readers.ncu.capture import Captures, Measurement
from orchestrator.readers.ncu.read import read_text
from orchestrator.readers.ncu.text_table import decode
from tests.ncu.places import fixture, samples

_OWN = (
    "raw_two_kernels.csv",
    "details_rules.csv",
    "metrics_thousands.csv",
    "summary.csv",
    "details_text.txt",
    "details_text_2021.txt",
    "summary_text.txt",
)
_LARGEST_BYTES = 30_000  # of a sample, to keep the tests quick
TEXTS = {name: fixture(name) for name in _OWN} | {
    path.name: decode(path.read_bytes())
    for path in samples("ncu-csv/*", "ncu-fail/*", "derived-csv/*")
    if path.stat().st_size < _LARGEST_BYTES
}


def read_or_none(text: str) -> Captures | None:
    """None where the file was refused; anything but a UsageError fails the test."""
    try:
        return read_text(text)
    except UsageError:
        return None


def every_number(held: Captures) -> Iterator[tuple[str, str, Measurement]]:
    for kernel in held.kernels:
        for name, one in kernel.metrics.items():
            if one.value is not None:
                yield kernel.kernel, name, one


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=40)
@given(data=st.data())
def test_a_file_cut_anywhere_holds_no_number_that_the_whole_does_not(
    name: str, data: st.DataObject
) -> None:
    text = TEXTS[name]
    cut = data.draw(st.integers(0, len(text)))
    part = read_or_none(text[:cut])
    whole = read_or_none(text)
    if part is not None:
        assert whole is not None
        assert set(every_number(part)) <= set(every_number(whole))


def unquoted(text: str) -> str:
    """A table as a spreadsheet saves it again."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(csv.reader(io.StringIO(text)))
    return out.getvalue()


WHOLE = {name: TEXTS[name][TEXTS[name].index('"') :] for name in _OWN if name.endswith(".csv")}
WHOLE["thousands without quotes"] = unquoted(WHOLE["metrics_thousands.csv"])
WHOLE |= {name: TEXTS[name] for name in TEXTS if name == "sm120_metrics_saxpy.csv"}


@pytest.mark.parametrize("name", WHOLE)
def test_a_table_cut_at_any_place_is_called_cut_and_gives_no_number_of_its_own(name: str) -> None:
    text = WHOLE[name]
    numbers = set(every_number(read_text(text)))
    table = text.index("ID")  # a real file begins with words of ncu's
    for cut in range(table, len(text)):
        told = ""
        try:
            part = read_text(text[:cut])
            assert set(every_number(part)) <= numbers
            told = " / ".join(part.doubts)
        except UsageError as refusal:
            told = refusal.message
        line = text[text.rfind("\n", 0, cut) + 1 : cut]
        is_record = line.lstrip('"')[:1].isdigit() or ("ID" in line and '","' in line)
        if is_record:
            assert re.search("cut off|without the line break", told), text[cut - 40 : cut]


@pytest.mark.parametrize("name", ["details_text.txt", "details_text_2021.txt", "summary_text.txt"])
def test_a_text_page_cut_inside_a_table_is_called_cut(name: str) -> None:
    text = TEXTS[name]
    numbers = set(every_number(read_text(text)))
    is_open = is_named = False
    start = 0
    for line in text.splitlines(True):
        for cut in range(start, start + len(line)):
            part = read_or_none(text[:cut])
            assert part is None or set(every_number(part)) <= numbers
            assert not (is_open and "-" not in line) or part is None, text[cut - 40 : cut]
        start += len(line)
        if re.match(r" +-+(?: -+){2,}$", line):
            is_open, is_named = is_named or not is_open, False
        is_named = is_named or "Metric Name" in line


def test_a_cut_file_says_what_was_read_and_what_is_missing() -> None:
    text = TEXTS["metrics_thousands.csv"]
    cut = text.index('"lts__t_sector_hit_rate.pct","%",') + len('"lts__t_sector_hit_rate.pct","%",')
    with pytest.raises(UsageError) as caught:
        read_text(text[:cut])
    assert "line 5: a record of the table is cut off" in caught.value.message
    assert "whole above it: 2 records of 1 launch; missing: this record" in caught.value.message
    header = text[: text.index('\n"0"') + 1]
    with pytest.raises(UsageError, match=r"no launch below it\. The file is cut off"):
        read_text(header)
    with pytest.raises(UsageError, match=r"inside the header.*no launch was read"):
        read_text(header[:-20])


def test_a_record_cut_after_its_last_comma_is_not_called_complete() -> None:
    head = "ID,Kernel Name,Metric Name,Metric Unit,Metric Value\n"
    record = '"0","k","gpu__time_duration.sum","us",'
    whole = head + record + '"1.5"\n'
    for cut in (record, record + "1"):
        with pytest.raises(UsageError, match=r"\(4 complete fields, expected 5\)"):
            read_text(whole + cut)


def test_an_empty_cell_beyond_the_last_column_changes_nothing() -> None:
    text = TEXTS["raw_two_kernels.csv"]
    assert read_text(re.sub('^("1",.*)$', r"\1,", text, flags=re.M)) == read_text(text)


def test_a_launch_with_fewer_counters_than_all_others_may_be_cut_off() -> None:
    header, first, *_ = TEXTS["metrics_thousands.csv"].splitlines()[1:]
    of_another = first.replace(
        '"dram__bytes_read.sum","byte","54,207,744"', '"a__b.sum","byte","5"'
    )
    launches = [
        line.replace('"0"', f'"{number}"', 1) for number in range(3) for line in (first, of_another)
    ]
    whole = "\n".join([header, *launches, ""])
    assert read_text(whole).doubts == ()
    (doubt,) = read_text("\n".join([header, *launches[:-1], ""])).doubts
    assert doubt.startswith("The last launch has fewer counters (1) than any other (2 or more)")


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=40)
@given(data=st.data())
def test_lines_of_other_programs_change_nothing(name: str, data: st.DataObject) -> None:
    lines = TEXTS[name].split("\n")
    inside = [i for i, line in enumerate(lines) if line.count('"') % 2]
    place = data.draw(
        st.integers(0, len(lines)).filter(
            lambda i: not inside or not min(inside) < i <= max(inside)
        )
    )
    line = data.draw(
        st.sampled_from(
            ["==PROF== Profiling k: 100%", "1,2,3", "loss: 0.5, 3", '{"a": 1, "b": 2}', "é\t☃", ""]
        )
    )
    changed = read_or_none("\n".join([*lines[:place], line, *lines[place:]]))
    original = read_or_none(TEXTS[name])
    assert (changed and changed.kernels) == (original and original.kernels)


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=40)
@given(data=st.data())
def test_any_damage_is_survived(name: str, data: st.DataObject) -> None:
    text = list(TEXTS[name])
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] = data.draw(st.one_of(st.sampled_from(list('",.\n\0 9=()')), st.characters()))
    read_or_none("".join(text))


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(data: bytes) -> None:
    read_or_none(decode(data))


@settings(max_examples=60)
@given(
    values=st.lists(
        st.tuples(st.integers(0, 10**12), st.floats(0, 1e6, allow_nan=False)),
        min_size=1,
        max_size=6,
    ),
    kernel=st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"), max_size=60),
)
def test_what_a_csv_writer_wrote_is_what_is_read(
    values: list[tuple[int, float]], kernel: str
) -> None:
    out = io.StringIO()
    write = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow
    write(["ID", "Kernel Name", "Block Size", "bytes__x.sum", "pct__y.avg"])
    write(["", "", "", "Kbyte", "%"])
    for number, (count, share) in enumerate(values):
        write([number, kernel, "(1, 2, 3)", count, f"{share:.4f}"])
    held = read_text(out.getvalue()).kernels
    assert [k.kernel for k in held] == [kernel.strip()] * len(values)
    assert [k.number("bytes__x.sum") for k in held] == [1000 * count for count, _ in values]
    assert [k.number("pct__y.avg") for k in held] == [float(f"{s:.4f}") for _, s in values]
