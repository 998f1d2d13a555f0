"""Where it failed is told as a place in the user's own tree, whoever names it and however."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from orchestrator.workflows.watch.places import Places

DIGEST = "5e1f" * 16
HERE = Path("/home/somebody/kernels")
FILES = {
    "providers/mine/norm.cu": HERE / "k" / "norm.cu",
    "providers/mine/part.py": HERE / "k" / "part.py",
    "providers/mine/my (1) norm.py": HERE / "k" / "my (1) norm.py",
    "csrc/kernel.cu": Path("/elsewhere/project/csrc/kernel.cu"),
}
PLACES = Places(FILES, HERE)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("providers/mine/norm.cu:12:7: error: expected ;", "k/norm.cu:12:7"),
        ("providers/mine/norm.cu(12): error: expected a ;", "k/norm.cu:12"),
        (f"/w/snapshots/{DIGEST}/providers/mine/norm.cu:3: error: no", "k/norm.cu:3"),
        ("<workspace>/warm/12-ab/code/providers/mine/norm.cu(9): error", "k/norm.cu:9"),
        (f'File "/w/snapshots/{DIGEST}/providers/mine/part.py", line 4, in f', "k/part.py:4"),
        ("SyntaxError: '(' was never closed (part.py, line 2)", "k/part.py:2"),
        (
            f'File "<workspace>/snapshots/{DIGEST}/providers/mine/my (1) norm.py", line 4, in f',
            "k/my (1) norm.py:4",
        ),
        ("SyntaxError: invalid syntax (my (1) norm.py, line 2)", "k/my (1) norm.py:2"),
        ("torch/nn/functional.py:12: error", ""),
        ("providers/another/norm.cu:12: error", ""),
        ("nothing of the kind", ""),
    ],
)
def test_that_a_place_is_found_in_what_a_tool_says(said: str, place: str) -> None:
    assert PLACES.first(said, ("providers/mine",)) == place


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("providers/mine/part.py has no function 'f'", "k/part.py has no function 'f'"),
        ("providers/mine/my (1) norm.py has no 'f'", "k/my (1) norm.py has no 'f'"),
        (f"no file '<workspace>/snapshots/{DIGEST}/providers/mine/part.py'", "no file 'k/part.py'"),
        ("providers/mine/part.pyc and a/providers/mine/part.py", None),
    ],
)
def test_that_a_file_is_one_of_the_users_own_also_where_no_line_is_told(
    said: str, shown: str | None
) -> None:
    assert PLACES.made_local(said) == (said if shown is None else shown)


@pytest.mark.parametrize("letters", ["x", "/", "a/"])
def test_that_a_long_word_beside_a_place_takes_no_time(letters: str) -> None:
    said = f"{letters * 50_000} /w/snapshots/{DIGEST}/providers/mine/norm.cu:3: error"
    began = time.process_time()
    assert PLACES.first(said, ("providers/mine",)) == "k/norm.cu:3"
    assert PLACES.made_local(said) == f"{letters * 50_000} k/norm.cu:3: error"
    assert time.process_time() - began < 2.0, "else it takes minutes"


def test_that_a_traceback_tells_by_its_last_line_of_ours() -> None:
    frame = '  File "/w/snapshots/' + DIGEST + '/{}", line {}, in f\n'
    said = frame.format("providers/mine/part.py", 1) + frame.format("providers/mine/part.py", 7)
    said += '  File "/usr/lib/python3/json.py", line 99, in loads\n'
    assert PLACES.last(said, ("providers/mine",)) == "k/part.py:7"


def test_that_a_file_that_is_not_below_here_is_named_in_full_and_the_rest_stays() -> None:
    said = "csrc/kernel.cu(8): error: no such thing; see csrc/other.h:1"
    assert PLACES.made_local(said) == (
        "/elsewhere/project/csrc/kernel.cu:8: error: no such thing; see csrc/other.h:1"
    )
