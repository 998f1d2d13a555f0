"""Cases of a task as cases of ours, and back to the last bit."""

from __future__ import annotations

from typing import Any

import pytest

from remote_payload.operators.gpumode import axes

LONG = list(range(1000))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (3, 4),
        (3, 0.5),
        (3, -1),
        (2**40, 1),
        (True, False),
        (True, 1),
        (1.0, 1),
        ("fp16", "bf16"),
        ("3", 3),
        ("true", True),
        ("", "null"),
        (None, "None"),
        ("NaN", "1e-1"),
        ("two words\n|", 'a "quoted" one'),
        ([3, 0, 5], [[1.5, None], "x"]),
        ({"b": 1, "a": [2]}, {}),
        (LONG, LONG[:-1]),
        (1e-5, 0.1),
    ],
)
def test_that_every_value_comes_back_as_it_was(first: Any, second: Any) -> None:
    cases = [{"x": first, "seed": 1}, {"x": second, "seed": 1}]
    known = axes.of(cases)
    coded = [known.coded(one) for one in cases]
    for case, values in zip(cases, coded, strict=True):
        back = known.plain(values)
        assert [(name, type(one)) for name, one in back.items()] == [
            (name, type(one)) for name, one in case.items()
        ]
        assert back == case
        assert all(len(str(one)) <= 60 for one in values.values())
    assert coded[0] != coded[1]


def test_that_an_axis_which_some_cases_lack_is_not_given_to_them() -> None:
    cases: list[dict[str, Any]] = [{"n": 1, "wide": True, "mode": ""}, {"n": 2}]
    known = axes.of(cases)
    assert [known.plain(known.coded(one)) for one in cases] == cases


def test_that_whole_numbers_and_truths_stay_what_they_are() -> None:
    known = axes.of([{"n": 1, "wide": True}, {"n": 2, "wide": False}])
    assert known.kinds == {"n": int, "wide": bool}
    assert known.coded({"n": 2, "wide": False}) == {"n": 2}
