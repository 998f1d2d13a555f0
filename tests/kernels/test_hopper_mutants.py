"""The emulator is only a proof if wrong kernels fail under it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kernels.emulated import CSRC, KERNELS, QUICK, compile_host
from tests.kernels.mutants.rules import FOLDER, RULES, Mutant, Rule, RuleWithoutMatch, mutants_of
from tests.kernels.mutants.trial import TRIAL_FAILED

Judge = Callable[[Path], str]

SEEDS = 16
LIMIT_S = 100
UNITS = ("launch.cu", "tensor_map.cu")
ROOT = CSRC.parent
# The trial is in FP16 alone; the variants for BF16 would double what there is to compile.
BOTH_TYPES = "bf16 ? variant<Kernel, BFloat16, {0}>(kernel_name, causal)\n                : "


def every_mutant() -> list[Mutant]:
    folder = CSRC / FOLDER
    return [one for rule in RULES for one in mutants_of(rule, (folder / rule.file).read_text())]


MUTANTS = every_mutant()
LOUD = [one for one in MUTANTS if not one.rule.silent]
SILENT = [one for one in MUTANTS if one.rule.silent]


@pytest.fixture(scope="module")
def others(
    tmp_path_factory: pytest.TempPathFactory, surroundings: tuple[str, ...]
) -> tuple[str, ...]:
    """All objects that a mutant is linked with."""
    folder = tmp_path_factory.mktemp("portable")
    compile_host(CSRC, folder, *QUICK, "-c", "-o", "portable.o", "-x", "c++", str(CSRC / KERNELS))
    mutated = {f"{FOLDER}/{unit}.o".replace("/", "_") for unit in UNITS}
    kept = [one for one in surroundings if Path(one).name not in mutated]
    return (*kept, str(folder / "portable.o"))


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    """Given a library, what the emulator or the numbers say against it; "" if nothing."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "remote_payload")])
    with subprocess.Popen(
        [sys.executable, "-m", "tests.kernels.mutants.trial", str(SEEDS), str(LIMIT_S)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as trial:
        assert trial.stdin is not None
        assert trial.stdout is not None
        asked, answers = trial.stdin, trial.stdout

        def judged(library: Path) -> str:
            print(library, file=asked, flush=True)
            said = answers.readline()
            assert said.endswith("\n"), "the trial has ended"
            assert said.strip() != TRIAL_FAILED
            return said.strip()

        yield judged
        asked.close()


def build(mutant: Mutant, folder: Path, others: tuple[str, ...]) -> Path:
    copy = folder / "csrc"
    shutil.copytree(CSRC, copy)
    (copy / FOLDER / mutant.rule.file).write_text(mutant.text)
    shared = copy / "attention/launch.cuh"
    text = shared.read_text()
    for dim in (64, 128):
        assert BOTH_TYPES.format(dim) in text, "launch.cuh finds its variants in another way now"
        text = text.replace(BOTH_TYPES.format(dim), "")
    shared.write_text(text)
    units = [str(copy / FOLDER / unit) for unit in UNITS]
    arguments = ("-shared", "-o", "mutant.so", "-x", "c++", *units, "-x", "none", *others)
    compile_host(copy, folder, *QUICK, *arguments)
    return folder / "mutant.so"


def test_there_are_enough_mutants_and_every_silent_one_has_a_reason() -> None:
    assert len(LOUD) >= 80
    assert len(SILENT) <= len(MUTANTS) // 10
    assert len({one.text for one in MUTANTS}) == len(MUTANTS)


def test_a_rule_that_no_longer_matches_is_an_error() -> None:
    with pytest.raises(RuleWithoutMatch, match=r"kernel\.cuh: nothing matches 'gone'"):
        list(mutants_of(Rule("kernel.cuh", "gone", ""), "some text"))


@pytest.mark.parametrize("mutant", LOUD, ids=lambda one: one.name)
def test_a_wrong_kernel_is_caught(
    tmp_path: Path, others: tuple[str, ...], judge: Judge, mutant: Mutant
) -> None:
    assert judge(build(mutant, tmp_path, others))


@pytest.mark.slow
@pytest.mark.parametrize("mutant", SILENT, ids=lambda one: one.name)
def test_a_silent_mutant_is_silent_indeed(
    tmp_path: Path, others: tuple[str, ...], judge: Judge, mutant: Mutant
) -> None:
    assert judge(build(mutant, tmp_path, others)) == "", mutant.rule.silent
