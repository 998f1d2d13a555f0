"""The emulator is only a proof if wrong kernels fail under it. `-m slow` tries every mutant."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels.emulated import CSRC, QUICK, compile_host
from tests.kernels.mutants.rules import FOLDER, RULES, Mutant, Rule, RuleWithoutMatch, mutants_of

SEEDS = 16
TIMEOUT_S = 100
UNITS = ("launch.cu", "tensor_map.cu")
SAMPLE_EVERY = 34
ROOT = CSRC.parent


def every_mutant() -> list[Mutant]:
    folder = CSRC / FOLDER
    return [one for rule in RULES for one in mutants_of(rule, (folder / rule.file).read_text())]


MUTANTS = every_mutant()
LOUD = [one for one in MUTANTS if not one.rule.silent]
SILENT = [one for one in MUTANTS if one.rule.silent]


def build(mutant: Mutant, folder: Path, surroundings: tuple[str, ...]) -> Path:
    copy = folder / "csrc"
    shutil.copytree(CSRC, copy)
    (copy / FOLDER / mutant.rule.file).write_text(mutant.text)
    others = [one for one in surroundings if "attention_hopper" not in Path(one).name]
    portable = copy / "attention/portable/launch.cu"
    units = [str(copy / FOLDER / unit) for unit in UNITS]
    target = folder / "mutant.so"
    arguments = ("-shared", "-o", target.name, "-x", "c++", *units, str(portable))
    compile_host(copy, folder, *QUICK, *arguments, "-x", "none", *others)
    return target


def trial(library: Path) -> str:
    """What the emulator or the numbers say against the library; "" if nothing in all seeds."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "remote_payload")])
    command = [sys.executable, "-m", "tests.kernels.mutants.trial", str(library), str(SEEDS)]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return "never ends"
    if done.returncode < 0:
        return f"crash, signal {-done.returncode}"
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout.strip()


def test_there_are_enough_mutants_and_every_silent_one_has_a_reason() -> None:
    assert len(LOUD) >= 80
    assert len(SILENT) <= len(MUTANTS) // 10
    assert len({one.text for one in MUTANTS}) == len(MUTANTS)


def test_a_rule_that_no_longer_matches_is_an_error() -> None:
    with pytest.raises(RuleWithoutMatch, match=r"kernel\.cuh: nothing matches 'gone'"):
        list(mutants_of(Rule("kernel.cuh", "gone", ""), "some text"))


@pytest.mark.parametrize("mutant", LOUD[::SAMPLE_EVERY], ids=lambda one: one.name)
def test_a_sampled_wrong_kernel_is_caught(
    tmp_path: Path, surroundings: tuple[str, ...], mutant: Mutant
) -> None:
    assert trial(build(mutant, tmp_path, surroundings))


@pytest.mark.slow
@pytest.mark.parametrize("mutant", LOUD, ids=lambda one: one.name)
def test_a_wrong_kernel_is_caught(
    tmp_path: Path, surroundings: tuple[str, ...], mutant: Mutant
) -> None:
    assert trial(build(mutant, tmp_path, surroundings))


@pytest.mark.slow
@pytest.mark.parametrize("mutant", SILENT, ids=lambda one: one.name)
def test_a_silent_mutant_is_silent_indeed(
    tmp_path: Path, surroundings: tuple[str, ...], mutant: Mutant
) -> None:
    assert trial(build(mutant, tmp_path, surroundings)) == "", mutant.rule.silent
