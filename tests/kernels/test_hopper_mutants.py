"""The emulator is only a proof if wrong kernels fail under it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.kernels.emulated import CSRC, compile_host, precompile_standard, with_standard
from tests.kernels.mutants.rules import FOLDER, RULES, Mutant, Rule, RuleWithoutMatch, mutants_of
from tests.kernels.mutants.trial import TRIAL_FAILED

Build = Callable[..., Path]  # of a folder, an element type and maybe a mutant
Judge = Callable[..., str]  # of an element type, a library and maybe a number of seeds

SEEDS = 16
FEW_SEEDS = 2  # for the kernel itself, which the other tests try at length
LIMIT_S = 100
LAUNCH = "attention/hopper/launch.cu"
# Which other units of a mutant have to be compiled anew; a mutated .cu is one by itself.
MORE_UNITS = {"attention/hopper/config.cuh": ("attention/hopper/tensor_map.cu",)}
ROOT = CSRC.parent
# A mutant is compiled for one element type: both would double what there is to compile.
BOTH_TYPES = (
    "bf16 ? variant<Kernel, BFloat16, {0}>(kernel_name, causal)\n                : ",
    "variant<Kernel, Half, {0}>(kernel_name, causal)",
)
# Compiling takes ten times as long as the trial: a quarter less than with -O1.
SWIFT = ("-Og",)


def every_mutant() -> list[Mutant]:
    folder = CSRC / FOLDER
    return [one for rule in RULES for one in mutants_of(rule, (folder / rule.file).read_text())]


MUTANTS = every_mutant()
LOUD = [one for one in MUTANTS if not one.rule.silent]
SILENT = [one for one in MUTANTS if one.rule.silent]
# Compiling them all takes as long as a third of all tests: each change of a file draws others.
ONE_IN = 3
DRAWN = [one for one in LOUD if zlib.crc32(one.text.encode()) % ONE_IN == 0]
OTHERS = [one for one in LOUD if one not in DRAWN]


def object_of(unit: str) -> str:
    """How surroundings_in() names a unit's object."""
    return unit.replace("/", "_") + ".o"


@pytest.fixture(scope="module")
def swift(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Flags with which a mutant is compiled soonest."""
    folder = tmp_path_factory.mktemp("swift")
    precompile_standard(folder, SWIFT)
    return with_standard(folder, SWIFT)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    """Given a library, what the emulator or the numbers say against it; "" if nothing."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "remote_payload")])
    with subprocess.Popen(
        [sys.executable, "-m", "tests.kernels.mutants.trial", str(LIMIT_S)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as trial:
        assert trial.stdin is not None
        assert trial.stdout is not None
        asked, answers = trial.stdin, trial.stdout

        def judged(element: str, library: Path, seeds: int = SEEDS) -> str:
            print(element, seeds, library, file=asked, flush=True)
            said = answers.readline()
            assert said.endswith("\n"), "the trial has ended"
            assert said.strip() != TRIAL_FAILED
            return said.strip()

        yield judged
        asked.close()


@pytest.fixture(scope="module")
def build(others: tuple[str, ...], swift: tuple[str, ...]) -> Build:
    """Makes the library with the kernels for one element type, of a mutant or of the kernel itself."""
    return partial(built, others, swift)


def built(
    others: tuple[str, ...],
    flags: tuple[str, ...],
    folder: Path,
    element: str,
    mutant: Mutant | None = None,
) -> Path:
    copy = folder / element / "csrc"
    shutil.copytree(CSRC, copy)
    changed = LAUNCH
    if mutant is not None:
        changed = os.path.normpath(Path(FOLDER, mutant.rule.file))
        (copy / changed).write_text(mutant.text)
    shared = copy / "attention/launch.cuh"
    text = shared.read_text()
    for dim in (64, 128):
        of_bf16, of_fp16 = (half.format(dim) for half in BOTH_TYPES)
        assert of_bf16 + of_fp16 in text, "launch.cuh finds its variants in another way now"
        only = of_fp16 if element == "fp16" else of_bf16.removeprefix("bf16 ? ").split("\n")[0]
        text = text.replace(of_bf16 + of_fp16, only)
    shared.write_text(text)
    units = [changed] if changed.endswith(".cu") else [LAUNCH, *MORE_UNITS.get(changed, ())]
    replaced = {object_of(unit) for unit in units}
    kept = [one for one in others if Path(one).name not in replaced]
    paths = [str(copy / unit) for unit in units]
    arguments = ("-shared", "-o", "mutant.so", "-x", "c++", *paths, "-x", "none", *kept)
    compile_host(copy, copy.parent, *flags, *arguments)
    return copy.parent / "mutant.so"


def verdict(folder: Path, build: Build, judge: Judge, mutant: Mutant) -> str:
    """What is found against the mutant, in BF16 only if it has to be."""
    elements = ("bf16",) if mutant.rule.bf16 else ("fp16", "bf16")
    return next(
        (
            found
            for element in elements
            if (found := judge(element, build(folder, element, mutant)))
        ),
        "",
    )


def test_there_are_enough_mutants_and_every_silent_one_has_a_reason() -> None:
    assert len(LOUD) >= 150
    assert len(DRAWN) >= 30
    assert len(SILENT) <= len(MUTANTS) // 10
    assert len({one.text for one in MUTANTS}) == len(MUTANTS)


def test_a_rule_that_no_longer_matches_is_an_error() -> None:
    with pytest.raises(RuleWithoutMatch, match=r"kernel\.cuh: nothing matches 'gone'"):
        list(mutants_of(Rule("kernel.cuh", "gone", ""), "some text"))


@pytest.mark.parametrize("element", ["fp16", "bf16"])
def test_the_kernel_itself_passes_the_trial(
    tmp_path: Path, build: Build, judge: Judge, element: str
) -> None:
    assert judge(element, build(tmp_path, element), FEW_SEEDS) == ""


@pytest.mark.parametrize("mutant", DRAWN, ids=lambda one: one.name)
def test_a_wrong_kernel_is_caught(
    tmp_path: Path, build: Build, judge: Judge, mutant: Mutant
) -> None:
    assert verdict(tmp_path, build, judge, mutant)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", OTHERS, ids=lambda one: one.name)
def test_every_other_wrong_kernel_is_caught(
    tmp_path: Path, build: Build, judge: Judge, mutant: Mutant
) -> None:
    assert verdict(tmp_path, build, judge, mutant)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", SILENT, ids=lambda one: one.name)
def test_a_silent_mutant_is_silent_indeed(
    tmp_path: Path, build: Build, judge: Judge, mutant: Mutant
) -> None:
    assert verdict(tmp_path, build, judge, mutant) == "", mutant.rule.silent
