"""Whatever happens to a file on its way here: true numbers or a clear error, never a crash."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import UsageError
from orchestrator.ncu.capture import Captures, Measurement
from orchestrator.ncu.read import read_text
from orchestrator.ncu.text_table import decode
from tests.ncu.places import fixture, samples

_OWN = ("raw_two_kernels.csv", "details_rules.csv", "metrics_thousands.csv", "summary.csv")
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
