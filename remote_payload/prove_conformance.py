"""The proof `conformance`: a GPU and the emulator answer the same questions, bit for bit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from remote_payload import build, emulation
from remote_payload.prove import Place, Refuted, Skipped

SOURCE = "csrc/conformance/hopper_conformance.cu"
HOPPER = (9, 0)
# An answer is a number, the question in words, and a checksum; anything else is a remark.
_ANSWER = re.compile(r" *(\d+) (.+?) +([0-9a-f]{8})")
_WORDS = re.compile(r"(?:[0-9a-f]{8} ?)+")
# Differences of which both sides' words are kept.
_MOST_KEPT = 3


def conformance(place: Place) -> str:
    """All answers equal. What was proven, and what else the GPU said, in words."""
    emulated = _emulated(place)
    want, _ = ask(place, emulated, "emulated.txt")
    if not want:
        raise Refuted("the emulator answered nothing")
    if place.setting.device != "cuda" or place.capability is None:
        raise Skipped(f"no GPU in this run; the emulator alone answers all {len(want)} questions")
    if place.capability != HOPPER:
        raise Skipped(
            "asks for a Hopper GPU, compute capability 9.0; this one has {}.{}".format(
                *place.capability
            )
        )
    on_gpu = nvcc(place, SOURCE, "on_gpu")
    got, remarks = ask(place, on_gpu, "gpu.txt")
    different = [name for name in want if got.get(name) != want[name]]
    if different or len(got) != len(want):
        raise Refuted(_first_difference(place, (on_gpu, emulated), want, got, different))
    return "; ".join((f"{len(want)} answers of GPU and emulator agree bit for bit", *remarks))


def ask(place: Place, program: Path, name: str) -> Tuple[Dict[str, str], List[str]]:
    """Checksums by question, with its number, and the remarks. Refuted if it does not end well."""
    text = place.require((str(program),), name)
    answers: Dict[str, str] = {}
    remarks: List[str] = []
    for line in text.splitlines():
        found = _ANSWER.fullmatch(line)
        if found is None:
            remarks.append(line.strip())
        else:
            answers[f"{found[1]} {found[2]}"] = found[3]
    return answers, [remark for remark in remarks if remark]


def nvcc(place: Place, source: str, name: str) -> Path:
    """A program of the snapshot compiled for this GPU. Skipped: no nvcc; Refuted: it complains."""
    if place.capability is None:
        raise Skipped("no GPU in this run")
    compiler = build.nvcc_program()
    if compiler is None:
        raise Skipped(f"nvcc not found (looked in {', '.join(build.nvcc_places())})")
    arch = build.arch_of(place.capability)
    gencode = f"arch={arch.replace('sm_', 'compute_')},code={arch}"
    program = place.scratch / name
    argv = (compiler, "-std=c++17", "-lineinfo", "-gencode", gencode, "-I", "csrc", source)
    place.require((*argv, "-o", str(program)), f"nvcc-{name}.txt")
    return program


def _emulated(place: Place) -> Path:
    csrc = place.sources / "csrc"
    sources = [*sorted(csrc.glob("emulator/*.cpp")), place.sources / SOURCE]
    try:
        compiler = emulation.host_compiler()
    except emulation.CompileError as exc:
        raise Skipped(str(exc)) from exc
    try:
        return emulation.link(compiler, csrc, sources, place.scratch)
    except emulation.CompileError as exc:
        raise Refuted(f"{SOURCE} does not compile over the emulator: {exc}") from exc


def _first_difference(
    place: Place,
    programs: Sequence[Path],
    want: Dict[str, str],
    got: Dict[str, str],
    different: Sequence[str],
) -> str:
    if not different:
        extra = [name for name in got if name not in want]
        return f"the GPU answers {len(extra)} questions more, the first: {extra[0]}"
    first = different[0]
    if first not in got:
        return f"the GPU answers {len(got)} of {len(want)} questions; the first missing: {first}"
    words = [_words(place, programs, name) for name in different[:_MOST_KEPT]]
    more = f" (and {len(different) - 1} more)" if len(different) > 1 else ""
    return (
        f"the first of {len(want)} answers that differs: {first}: GPU {got[first]}, "
        f"emulator {want[first]}; {words[0]}{more}"
    )


def _words(place: Place, programs: Sequence[Path], name: str) -> str:
    """Keep both sides' words of one answer; the first that differs."""
    number = name.partition(" ")[0]
    sides: List[List[str]] = []
    for program, side in zip(programs, ("gpu", "emulated")):
        text = place.require((str(program), number), f"{number}-{side}.txt")
        lines = [line for line in text.splitlines() if _WORDS.fullmatch(line.strip())]
        sides.append(" ".join(lines).split())
    for at, (gpu, emulated) in enumerate(zip(*sides)):
        if gpu != emulated:
            return f"word {at} is {gpu}, emulated {emulated}"
    return "asked again, both give the same words"
