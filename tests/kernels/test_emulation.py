"""Compiling over the emulator has an end, and says which file it was about."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from remote_payload.compiling import emulation
from remote_payload.compiling.errors import CompiledTooLong, CompileError
from tests.prove.places import program


def tree(folder: Path) -> tuple[Path, list[Path]]:
    csrc = folder / "csrc"
    (csrc / "emulator").mkdir(parents=True)
    sources = [csrc / "emulator" / "tma.cpp", csrc / "emulator" / "wgmma.cpp"]
    for source in sources:
        source.write_text("")
    return csrc, sources


def test_a_compiler_that_hangs_is_ended_and_its_file_named(tmp_path: Path) -> None:
    csrc, sources = tree(tmp_path)
    hangs = program(tmp_path / "c++", "case $* in *tma.cpp) sleep 60;; esac")
    began = time.monotonic()
    with pytest.raises(
        CompiledTooLong, match=r"^compiling emulator/tma\.cpp: not done 1 s after the start$"
    ):
        emulation.link(str(hangs), csrc, sources, tmp_path, limit_s=1.0)
    assert time.monotonic() - began < 20


def test_linking_is_within_the_same_limit(tmp_path: Path) -> None:
    csrc, sources = tree(tmp_path)
    hangs = program(tmp_path / "c++", "case $* in *' -c '*) ;; *) sleep 60;; esac")
    with pytest.raises(CompiledTooLong, match=r"^linking: not done 2 s after the start$"):
        emulation.link(str(hangs), csrc, sources, tmp_path, limit_s=2.0)
    with pytest.raises(CompiledTooLong, match=r"^compiling emulator/\w+\.cpp: no time was left"):
        emulation.link(str(hangs), csrc, sources, tmp_path, limit_s=0.0)


def test_a_compiler_that_complains_or_dies_is_told_in_its_words(tmp_path: Path) -> None:
    csrc, sources = tree(tmp_path)
    complains = program(tmp_path / "c++", "echo 'tma.cpp:1: error: no such thing'; exit 1")
    with pytest.raises(CompileError, match="no such thing"):
        emulation.link(str(complains), csrc, sources, tmp_path)
    dies = program(tmp_path / "c++", "kill -9 $$")
    with pytest.raises(CompileError, match="was killed by signal 9"):
        emulation.link(str(dies), csrc, sources, tmp_path)
