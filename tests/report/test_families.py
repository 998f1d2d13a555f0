"""Along which axis cases are set out, and what those that differ in it alone have in common."""

from __future__ import annotations

import pytest

from orchestrator.report.families import file_name, sweep
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import UNKNOWN, AxisFacts, OperatorFacts
from tests.report import synthetic

ATTENTION = synthetic.ATTENTION.facts
# An operator whose times nobody divides by anything.
PRODUCT = OperatorFacts(
    "product",
    "product",
    (AxisFacts("M", "rows"), AxisFacts("N", "columns"), AxisFacts("K", "K")),
    (),
)


def product(m: int, n: int, k: int, **words: str) -> Case:
    return Case("product", (("M", m), ("N", n), ("K", k), *words.items()), DType.FP16)


def test_attention_is_set_out_along_the_heads_that_its_times_are_divided_by() -> None:
    along = sweep(
        (synthetic.case(heads, seq=seq) for heads in (8, 96) for seq in (64, 512, 4096)), ATTENTION
    )
    assert (along.symbol, along.name) == ("H", "heads")
    assert along.value(synthetic.case(96)) == 96


def test_where_the_heads_are_always_the_same_the_axis_that_varies_is_taken() -> None:
    along = sweep((synthetic.case(96, seq=seq) for seq in (512, 1024)), ATTENTION)
    assert (along.symbol, along.name) == ("S", "seq")


def test_where_nothing_varies_it_is_still_the_heads() -> None:
    assert sweep((synthetic.case(),), ATTENTION).symbol == "H"
    assert sweep((), ATTENTION).symbol == "H"


def test_without_a_usual_axis_the_one_that_varies_most_is_taken_and_of_equals_the_first() -> None:
    most = (product(m, n, 64) for m, n in ((1, 1), (1, 2), (2, 3)))
    assert sweep(most, PRODUCT).name == "columns"
    assert sweep((product(n, 2 * n, 9) for n in (512, 1024)), PRODUCT).name == "rows"
    assert sweep((product(7, 8, 9),), PRODUCT).name == "rows"


def test_axes_that_are_always_alike_are_one() -> None:
    cases = [product(n, n, n) for n in (512, 1024, 2048)]
    along = sweep(cases, PRODUCT)
    assert (along.symbols, along.name) == ("M=N=K", "M = N = K")
    assert {along.family(case).label for case in cases} == {"fp16"}
    assert [along.value(case) for case in cases] == [512, 1024, 2048]
    skinny = [*cases, product(16, 512, 512)]
    along = sweep(skinny, PRODUCT)
    assert (along.name, along.tied) == ("rows", ())
    assert sweep([product(4, 4, n) for n in (1, 2)], PRODUCT).tied == ()
    assert sweep([product(8, 8, 8)], PRODUCT).name == "rows"


def test_an_axis_that_nobody_described_is_called_by_its_symbol() -> None:
    along = sweep((product(1, n, 1) for n in (1, 2)), UNKNOWN)
    assert (along.symbol, along.name) == ("N", "N")


def test_of_no_case_and_no_operator_there_is_still_an_axis() -> None:
    along = sweep((), UNKNOWN)
    assert (along.symbol, along.name) == ("", "")
    assert along.value(product(1, 2, 3)) == 0
    assert along.family(product(1, 2, 3)) == product(1, 2, 3)


def test_a_family_is_all_that_differs_in_the_axis_alone() -> None:
    cases = [synthetic.case(heads, seq=seq) for heads in (8, 96) for seq in (64, 512)]
    along = sweep(cases, ATTENTION)
    families = [along.family(case) for case in cases]
    assert families[0] == families[2] != families[1] == families[3]
    assert families[0].label == "B=16 S=64 D=64 fp16"


def test_switches_words_and_element_types_keep_families_apart() -> None:
    cases = (
        synthetic.case(8),
        synthetic.case(8, causal=True),
        synthetic.case(8, dtype=DType.BF16),
        synthetic.case(8, kv_heads=2),
    )
    along = sweep(cases, ATTENTION)
    assert len({along.family(case) for case in cases}) == 4
    assert product(1, 2, 3, act="gelu") != product(1, 2, 3, act="relu")


def test_a_case_that_leaves_the_axis_out_stands_at_zero() -> None:
    cases = (synthetic.case(8, kv_heads=heads) for heads in (1, 2, 8))
    along = sweep(cases, ATTENTION)
    assert along.symbol == "Hkv"
    assert along.value(synthetic.case(8)) == 0


@pytest.mark.parametrize(
    ("case", "name"),
    [
        (synthetic.case(), "b16-h96-s512-d64-fp16"),
        (synthetic.case(causal=True), "b16-h96-s512-d64-fp16-causal"),
        (product(1, 2, 3, act="gelu"), "m1-n2-k3-fp16-actgelu"),
        (product(1, 2, 3, act="../../x y"), "m1-n2-k3-fp16-actx-y"),
    ],
)
def test_a_case_names_a_file_in_plain_characters(case: Case, name: str) -> None:
    assert file_name(case) == name
