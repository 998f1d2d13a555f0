"""Compiling over the emulator has an end, and says which file it was about."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

from remote_payload.compiling.emulation import Emulation
from remote_payload.compiling.errors import CompiledTooLong, CompileError
from remote_payload.compiling.kept import Kept
from tests.prove.places import program


def tree(folder: Path) -> list[Path]:
    emulator = folder / "csrc" / "emulator"
    emulator.mkdir(parents=True)
    sources = [emulator / "tma.cpp", emulator / "wgmma.cpp"]
    for source in sources:
        source.write_text("")
    return sources


def link(program: Path, sources: list[Path], folder: Path, limit_s: float = math.inf) -> Path:
    kept = Kept(folder / "builds", folder)
    return Emulation(str(program), folder, kept, limit_s).link(sources, folder)


def test_a_compiler_that_hangs_is_ended_and_its_file_named(tmp_path: Path) -> None:
    sources = tree(tmp_path)
    hangs = program(tmp_path / "c++", "case $* in *tma.cpp) sleep 60;; esac")
    began = time.monotonic()
    with pytest.raises(
        CompiledTooLong, match=r"^compiling emulator/tma\.cpp: not done 1 s after the start$"
    ):
        link(hangs, sources, tmp_path, limit_s=1.0)
    assert time.monotonic() - began < 20


def test_linking_is_within_the_same_limit(tmp_path: Path) -> None:
    sources = tree(tmp_path)
    hangs = program(tmp_path / "c++", "case $* in *' -c '*) ;; *) sleep 60;; esac")
    with pytest.raises(CompiledTooLong, match=r"^linking: not done 2 s after the start$"):
        link(hangs, sources, tmp_path, limit_s=2.0)
    with pytest.raises(CompiledTooLong, match=r"^compiling emulator/\w+\.cpp: no time was left"):
        link(hangs, sources, tmp_path, limit_s=0.0)


def test_a_compiler_that_complains_or_dies_is_told_in_its_words(tmp_path: Path) -> None:
    sources = tree(tmp_path)
    complains = program(tmp_path / "c++", "echo 'tma.cpp:1: error: no such thing'; exit 1")
    with pytest.raises(CompileError, match="no such thing"):
        link(complains, sources, tmp_path)
    dies = program(tmp_path / "c++", "kill -9 $$")
    with pytest.raises(CompileError, match="was killed by signal 9"):
        link(dies, sources, tmp_path)
