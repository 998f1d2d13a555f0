"""The proof `conformance`: a GPU and the emulator answer the same questions, bit for bit.

The emulator's answers are carried with the questions, so that a GPU's time is spent on a GPU. The
emulator is compiled there only to say which word of an answer differs, or where what is carried
belongs to other questions.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, FrozenSet, List, Optional, Sequence, Tuple

from remote_payload.compiling import emulation, libraries
from remote_payload.compiling.errors import CompiledTooLong, CompileError
from remote_payload.compiling.kept import Kept
from remote_payload.compiling.libraries import Order
from remote_payload.machine import toolkit
from remote_payload.stages.prove.prove import Late, NotGiven, Place, Refuted, Skipped

FOLDER = "csrc/conformance"
SOURCE = f"{FOLDER}/hopper_conformance.cu"
CARRIED = f"{FOLDER}/emulated_answers.txt"
HOPPER = (9, 0)
PREFIX = "proof-"
_FLAGS = ("-std=c++17", "-lineinfo", "-I", "csrc")
# An answer is a number, the question in words, a checksum, and whether the question stands apart:
# whether our kernel never does what it asks. Anything else is a remark.
_ANSWER = re.compile(r" *(\d+) (.+?) +([0-9a-f]{8})( apart)?")
_WORDS = re.compile(r"(?:[0-9a-f]{8} ?)+")
_DIGEST = "# digest of the questions: "
# Differences of which the words are kept.
_MOST_KEPT = 3


@dataclass(frozen=True)
class Answers:
    """sums: checksums by question, with its number; apart: those that refute nothing."""

    sums: Dict[str, str]
    apart: FrozenSet[str]
    remarks: Tuple[str, ...]

    def differing(self, others: Answers, apart: bool) -> List[str]:
        """The questions that `others` answers in another way, either those apart or the rest."""
        return [
            name
            for name, answer in self.sums.items()
            if others.sums.get(name) != answer and (name in self.apart) == apart
        ]


class Stale(Exception):
    """The carried answers are not of these questions; the text says so."""


def conformance(place: Place) -> str:
    """All answers equal that our kernel relies on. What was proven, and what else was said."""
    if place.setting.device != "cuda" or place.capability is None:
        alone = ask(place, _emulated(place), "emulated.txt")
        count = len(alone.sums)
        raise Skipped(f"no GPU in this run; the emulator alone answers all {count} questions")
    if place.capability != HOPPER:
        raise Skipped(
            "asks for a Hopper GPU, compute capability 9.0; this one has {}.{}".format(
                *place.capability
            )
        )
    emulated: Optional[Path] = None
    note: Tuple[str, ...] = ()
    try:
        want = carried(place.sources)
    except Stale as exc:
        note = (f"{exc}, so the emulator was compiled here",)
        emulated = _emulated(place)
        want = ask(place, emulated, "emulated.txt")
    on_gpu = nvcc(place, SOURCE, "on_gpu")
    got = ask(place, on_gpu, "gpu.txt")
    _require_the_same_questions(want, got)
    decisive = want.differing(got, apart=False)
    if decisive:
        raise Refuted(_first_difference(place, (on_gpu, emulated), want, got, decisive))
    count = len(want.sums) - len(want.apart)
    agreed = f"{count} answers of GPU and emulator agree bit for bit"
    return "; ".join((agreed, *_told_apart(place, on_gpu, want, got), *note, *got.remarks))


def digest(sources: Path) -> str:
    """Of the questions' source: what the carried answers belong to."""
    folder = sources / FOLDER
    total = hashlib.sha256()
    for path in (sources / SOURCE, *sorted(folder.glob("*.cuh"))):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


def carried(sources: Path) -> Answers:
    """The emulator's answers as they are kept in the snapshot. Raises Stale."""
    path = sources / CARRIED
    try:
        text = path.read_text("utf-8")
    except OSError:
        raise Stale(f"there is no {CARRIED}") from None
    lines = text.splitlines()
    if f"{_DIGEST}{digest(sources)}" not in lines:
        raise Stale(f"{CARRIED} is of other questions than {SOURCE}")
    answers = read("\n".join(line for line in lines if not line.startswith("#")))
    if not answers.sums or answers.remarks:
        raise Stale(f"{CARRIED} holds something else than answers")
    return answers


def to_carry(sources: Path, said: str) -> str:
    """What CARRIED has to hold where the emulator printed `said`."""
    answers = "".join(f"{line}\n" for line in said.splitlines() if _ANSWER.fullmatch(line))
    return (
        f"# The emulator's answers to {Path(SOURCE).name}; renewed by\n"
        "# UPDATE_GOLDEN=1 python -m pytest tests/kernels/test_hopper_conformance.py\n"
        f"{_DIGEST}{digest(sources)}\n{answers}"
    )


def read(text: str) -> Answers:
    """What a program that answers has printed."""
    sums: Dict[str, str] = {}
    apart, remarks = set(), []
    for line in text.splitlines():
        found = _ANSWER.fullmatch(line)
        if found is None:
            remarks.append(line.strip())
            continue
        name = f"{found[1]} {found[2]}"
        sums[name] = found[3]
        if found[4]:
            apart.add(name)
    return Answers(sums, frozenset(apart), tuple(remark for remark in remarks if remark))


def ask(place: Place, program: Path, name: str) -> Answers:
    """A program's answers. Refuted if it does not end well or says nothing."""
    answers = read(place.require((str(program),), name))
    if not answers.sums:
        raise Refuted(f"{program.name} answered nothing")
    return answers


def nvcc(place: Place, source: str, name: str) -> Path:
    """A program of the snapshot compiled for this GPU, or found again. Skipped: no nvcc; Refuted:
    it complains."""
    if place.capability is None:
        raise Skipped("no GPU in this run")
    try:
        toolkit.find()
    except toolkit.NoToolkit as exc:
        raise Skipped(str(exc)) from exc
    builds = Path(place.setting.builds or place.scratch)
    order = Order(place.sources, builds, (source,), _FLAGS, PREFIX, link=(), name=name)
    arch, left_s = toolkit.arch_of(place.capability), place.deadline.allow(math.inf)
    try:
        return libraries.make(order, arch, left_s).path
    except CompiledTooLong as exc:
        raise Late(f"compiling {source}: {exc}") from exc
    except CompileError as exc:
        raise Refuted(str(exc)) from exc


def _emulated(place: Place) -> Path:
    emulator = sorted(place.sources.glob("csrc/emulator/*.cpp"))
    try:
        compiler = emulation.host_compiler()
    except CompileError as exc:
        raise Skipped(str(exc)) from exc
    kept = Kept(Path(place.setting.builds or place.scratch), place.sources)
    left_s = place.deadline.allow(math.inf)
    over = emulation.Emulation(compiler, place.sources, kept, left_s)
    try:
        return over.link([*emulator, place.sources / SOURCE], place.scratch)
    except CompiledTooLong as exc:
        raise Late(f"over the emulator, {exc}") from exc
    except CompileError as exc:
        raise Refuted(f"{SOURCE} does not compile over the emulator: {exc}") from exc


def _require_the_same_questions(want: Answers, got: Answers) -> None:
    missing = [name for name in want.sums if name not in got.sums]
    if missing:
        counts = f"{len(got.sums)} of {len(want.sums)}"
        raise Refuted(f"the GPU answers {counts} questions; the first missing: {missing[0]}")
    extra = [name for name in got.sums if name not in want.sums]
    if extra:
        raise Refuted(f"the GPU answers {len(extra)} questions more, the first: {extra[0]}")


def _told_apart(place: Place, on_gpu: Path, want: Answers, got: Answers) -> Tuple[str, ...]:
    """On what our kernel never does: how many answers agree, and which do not."""
    if not want.apart:
        return ()
    different = want.differing(got, apart=True)
    agreeing = f"{len(want.apart) - len(different)} of {len(want.apart)} agree"
    if not different:
        return (f"apart, on what our kernel never does, {agreeing}",)
    with contextlib.suppress(NotGiven):  # what stands apart refutes nothing
        _keep_words(place, on_gpu, "gpu", different)
    return (f"apart, on what our kernel never does, {agreeing}; not: {', '.join(different)}",)


def _first_difference(
    place: Place,
    programs: Tuple[Path, Optional[Path]],
    want: Answers,
    got: Answers,
    different: Sequence[str],
) -> str:
    first = different[0]
    more = f" (and {len(different) - 1} more)" if len(different) > 1 else ""
    return (
        f"the first of {len(want.sums)} answers that differs: {first}: GPU {got.sums[first]}, "
        f"emulator {want.sums[first]}; {_first_word(place, programs, different)}{more}"
    )


def _first_word(
    place: Place, programs: Tuple[Path, Optional[Path]], different: Sequence[str]
) -> str:
    """The first word that differs, or how to find it. What goes wrong here hides no difference."""
    on_gpu, emulated = programs
    try:
        gpu = _keep_words(place, on_gpu, "gpu", different)
        emulator = _keep_words(place, emulated or _emulated(place), "emulated", different)
    except NotGiven as exc:
        number = different[0].partition(" ")[0]
        return (
            f"its words were not compared here ({exc}); at home: build {SOURCE} over the emulator, "
            f"as its first lines say, run it with {number}, and compare with {number}-gpu.txt"
        )
    for at, (on_one, on_other) in enumerate(zip(gpu, emulator)):
        if on_one != on_other:
            return f"word {at} is {on_one}, emulated {on_other}"
    return "asked again, both give the same words"


def _keep_words(place: Place, program: Path, side: str, names: Sequence[str]) -> List[str]:
    """Keep the words of the first few answers; those of the first."""
    words: List[List[str]] = []
    for name in names[:_MOST_KEPT]:
        number = name.partition(" ")[0]
        text = place.require((str(program), number), f"{number}-{side}.txt")
        lines = [line for line in text.splitlines() if _WORDS.fullmatch(line.strip())]
        words.append(" ".join(lines).split())
    return words[0]
