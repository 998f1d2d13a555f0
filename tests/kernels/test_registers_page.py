"""The registers on docs/kernels/portable.md are the compiler's, and nobody's memory of them."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

from benchmarks import registers
from benchmarks.budgets import CompileFailed
from benchmarks.registers import BEGIN, END, Kernel, main, release_of, table, written
from remote_payload.machine import toolkit
from remote_payload.stages.build import build

needs_nvcc = pytest.mark.skipif(toolkit.nvcc_program() is None, reason="nvcc not found")

_ENTRY = """\
ptxas info    : Compiling entry function '{name}' for '{arch}'
ptxas info    : Function properties for {name}
    {stack} bytes stack frame, {stores} bytes spill stores, {loads} bytes spill loads
ptxas info    : Used {registers} registers, used 1 barriers
"""
_NAME = "_ZN7sparsek8portable18attention_portableINS0_6ConfigINS_{}ELi{}ELb{}EEEEEvNS_15AttentionParamsE"


def log(arch: str, *rows: tuple[str, int, int, int, int]) -> str:
    """What ptxas says; rows: type as mangled, dimension, mask, registers, spilled bytes."""
    return "".join(
        _ENTRY.format(
            name=_NAME.format(element, dim, causal),
            arch=arch,
            stack=0,
            stores=spilled,
            loads=spilled,
            registers=count,
        )
        for element, dim, causal, count, spilled in rows
    )


def of(arch: str, *rows: tuple[str, int, int, int, int]) -> tuple[Kernel, ...]:
    return registers.kernels(log(arch, *rows), arch)


def test_a_cell_says_who_differs_and_the_line_above_what_was_spilled() -> None:
    found = of(
        "sm_80",
        ("4Half", 64, 0, 239, 0),
        ("4Half", 64, 1, 255, 0),
        ("8BFloat16", 64, 0, 239, 0),
        ("8BFloat16", 64, 1, 255, 0),
        ("4Half", 128, 0, 204, 0),
        ("8BFloat16", 128, 0, 206, 12),
    ) + of("sm_90a", ("4Half", 64, 0, 240, 0))
    assert table(found, "13.0.88").splitlines() == [
        "nvcc 13.0.88, `-O3`, up to 24 bytes spilled, per thread; "
        "renewed by `python -m benchmarks.registers`:",
        "",
        "| | sm_80 | sm_90a |",
        "|---|---|---|",
        "| D=64 | 239 (causal 255) | 240 |",
        "| D=128 | 204 (BF16 206) | not compiled |",
    ]


def test_a_kernel_that_we_cannot_name_is_an_error_and_no_gap() -> None:
    with pytest.raises(CompileFailed, match=r"is no kernel that registers\.py knows"):
        registers.kernels(log("sm_80", ("4Half", 64, 0, 9, 0)).replace("portable", "potable"), "")


def test_a_page_that_lost_its_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Registers\n")
    with pytest.raises(ValueError, match="lacks the lines"):
        written(page.read_text())
    assert page.read_text() == "# Registers\n"


@needs_nvcc
def test_the_page_is_what_the_compiler_at_hand_gives(capsys: pytest.CaptureFixture[str]) -> None:
    page = registers.PAGE.read_text("utf-8")
    if release_of(page) != registers.release():
        pytest.skip(f"the page is of nvcc {release_of(page)}, here is {registers.release()}")
    assert main(["--check"]) == 0, capsys.readouterr().out


@needs_nvcc
def test_a_stale_figure_is_found_and_renewed_and_one_of_another_nvcc_is_not_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # One architecture of the real compiler is enough for that.
    monkeypatch.setattr(build, "ALL_ARCH", ("sm_80",))
    monkeypatch.setattr(registers, "compile_all", functools.cache(registers.compile_all))
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nnvcc {registers.release()}\n| D=64 | 7 |\n{END}\nafter\n")
    assert main(["--check"], page) == 1
    assert "run: python -m benchmarks.registers" in capsys.readouterr().out
    assert main([], page) == 0
    assert re.search(r"before\n.*\| D=64 \| \d{3}.*after\n", page.read_text(), re.S)
    page.write_text(page.read_text().replace(registers.release(), "1.2.3"))
    assert main(["--check"], page) == 0
    assert f"page.md is of nvcc 1.2.3, here is {registers.release()}" in capsys.readouterr().out
