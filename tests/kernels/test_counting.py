"""Files that are compiled are counted, whoever compiles them, and told as one sum."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from remote_payload.compiling import emulation
from remote_payload.compiling.counting import Counting, Together
from remote_payload.compiling.emulation import COMPILERS, Emulation
from remote_payload.compiling.errors import CompileError
from remote_payload.compiling.kept import Kept
from remote_payload.compiling.objects import OBJECT, PREFIX, longest_first

Told = list[tuple[int, int, str]]
needs_compiler = pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason="no C++ compiler")


def test_several_threads_count_each_unit_once_and_in_order() -> None:
    told: Told = []
    counting = Counting(40, lambda *one: told.append(one))
    threads = [
        threading.Thread(target=lambda: [counting.after(int, "x") for _ in range(10)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [done for done, _, _ in told] == list(range(41))
    assert {total for _, total, _ in told} == {40}


def test_two_that_compile_beside_each_other_are_one_sum() -> None:
    told: Told = []
    both = Together(lambda *one: told.append(one))
    one, two = both.of("device"), both.of("emulated")
    one(0, 3, "")
    one(1, 3, "a")
    assert told == []  # nobody listens yet
    both.listen()
    two(1, 5, "b")
    one(3, 3, "c")
    two(5, 5, "d")
    assert told == [(1, 3, ""), (2, 8, "b"), (4, 8, "c"), (8, 8, "d")]


def linked(place: Path, source: str, told: Told) -> None:
    csrc = place / "csrc"
    csrc.mkdir()
    names = ("a.cpp", "b.cpp")
    for name in names:
        (csrc / name).write_text(source.replace("NAME", name[0]))
    made = Emulation(emulation.host_compiler(), place, Kept(place / "builds", place))
    (place / "out").mkdir()
    files = [csrc / name for name in names]
    made.link(files, place / "out", ("-shared",), lambda *one: told.append(one))


@needs_compiler
def test_each_file_of_the_emulated_kernel_is_told_by_its_name(tmp_path: Path) -> None:
    told: Told = []
    linked(tmp_path, "int NAME() { return 1; }\n", told)
    assert [done for done, _, _ in told] == [0, 1, 2, 3]
    assert {total for _, total, _ in told} == {3}
    files = {label for _, _, label in told[1:3]}
    assert files == {"emulated csrc/a.cpp", "emulated csrc/b.cpp"}
    assert told[-1] == (3, 3, "emulated kernel")


@needs_compiler
def test_a_file_that_does_not_compile_is_not_counted_as_done(tmp_path: Path) -> None:
    told: Told = []
    with pytest.raises(CompileError):
        linked(tmp_path, "int NAME( {\n", told)
    assert told == [(0, 3, "")]


def test_that_what_was_large_before_is_compiled_first(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "builds", tmp_path)
    for recipe, size_bytes in (("a" * 16, 10), ("b" * 16, 1000), ("b" * 16, 30)):
        made = kept.partial(PREFIX)
        (made / OBJECT).write_bytes(b"x" * size_bytes)
        (tmp_path / "read.cu").write_text(f"// {size_bytes}\nint read_{size_bytes};\n")
        kept = Kept(tmp_path / "builds", tmp_path)
        kept.publish(made, PREFIX, recipe, ["read.cu"])
    recipes = {"new": "c" * 16, "small": "a" * 16, "large": "b" * 16}
    assert longest_first(kept, recipes) == ["large", "small", "new"]
