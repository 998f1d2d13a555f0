"""GPU against emulator, answer by answer; a script stands in for nvcc and its program for the GPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.prove import Refuted, Skipped
from remote_payload.prove_conformance import conformance
from tests.prove.places import HOPPER, ON_CPU, ON_GPU, place, program

# Two answers, and with a number the words of that one; a remark for people.
QUESTIONS = """
#include <cstdio>
#include <cstdlib>
int main(int count, char** words) {
  std::printf("  1 TMA load {64, 64} 128B              0000abcd\\n");
  std::printf("  2 wgmma n64: K, K                     12345678\\n");
  if (count > 1) std::printf("00000001 00000002\\n00000003 00000004\\n");
  std::fprintf(stderr, "ex2: largest error 1e-7\\n");
}
"""
ANSWERS = ("  1 TMA load {64, 64} 128B              0000abcd",
           "  2 wgmma n64: K, K                     12345678")  # fmt: skip


def tree(folder: Path, questions: str = QUESTIONS) -> Path:
    """A snapshot that holds these questions and an emulator of nothing."""
    (folder / "csrc" / "emulator").mkdir(parents=True)
    (folder / "csrc" / "conformance").mkdir()
    (folder / "csrc" / "conformance" / "hopper_conformance.cu").write_text(questions)
    return folder


def gpu_that_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str, words: str = ""
) -> None:
    """An nvcc whose programs print these lines, and `words` when asked for one answer."""
    told = "\n".join(f"echo '{line}'" for line in lines)
    answers = program(folder / "answers", f'{told}\n[ $# = 0 ] || echo "{words}"')
    compiler = f'while [ "$1" != -o ]; do shift; done; cp {answers} "$2"'
    program(folder / "bin" / "nvcc", compiler)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")


def on_hopper(folder: Path) -> str:
    return conformance(place(folder, ON_GPU, tree(folder / "tree"), HOPPER))


def test_equal_answers_are_proof_and_remarks_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu_that_says(tmp_path, monkeypatch, *ANSWERS, "ex2: largest error 2e-7")
    assert on_hopper(tmp_path) == (
        "2 answers of GPU and emulator agree bit for bit; ex2: largest error 2e-7"
    )
    assert (tmp_path / "home" / "gpu.txt").read_text().splitlines()[:2] == list(ANSWERS)


def test_the_first_difference_is_named_with_its_first_wrong_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (ANSWERS[0], ANSWERS[1].replace("12345678", "deadbeef"))
    gpu_that_says(tmp_path, monkeypatch, *lines, words="00000001 00000002 00000007 00000004")
    with pytest.raises(Refuted) as refuted:
        on_hopper(tmp_path)
    assert str(refuted.value) == (
        "the first of 2 answers that differs: 2 wgmma n64: K, K: GPU deadbeef, emulator 12345678; "
        "word 2 is 00000007, emulated 00000003"
    )
    kept = {path.name for path in (tmp_path / "home").iterdir()}
    assert {"gpu.txt", "emulated.txt", "2-gpu.txt", "2-emulated.txt"} <= kept


def test_a_gpu_that_answers_too_little_or_too_much_is_refuted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu_that_says(tmp_path, monkeypatch, ANSWERS[0])
    with pytest.raises(Refuted, match="answers 1 of 2 questions; the first missing: 2 wgmma"):
        on_hopper(tmp_path / "little")
    gpu_that_says(tmp_path, monkeypatch, *ANSWERS, "  3 another   00000001")
    with pytest.raises(Refuted, match="1 questions more, the first: 3 another"):
        on_hopper(tmp_path / "much")


def test_a_gpu_program_that_dies_is_refuted_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu_that_says(tmp_path, monkeypatch, ANSWERS[0], "failed: misaligned address")
    script = tmp_path / "answers"
    script.write_text(script.read_text() + "exit 1\n")
    with pytest.raises(Refuted, match="on_gpu ended with status 1: failed: misaligned address"):
        on_hopper(tmp_path)


def test_without_a_gpu_the_emulator_has_to_answer_all_the_same(tmp_path: Path) -> None:
    with pytest.raises(Skipped, match="no GPU in this run; the emulator alone answers all 2"):
        conformance(place(tmp_path, ON_CPU, tree(tmp_path / "tree")))
    broken = tree(tmp_path / "broken", "int main() { return 3; }")
    with pytest.raises(Refuted, match="emulated ended with status 3"):
        conformance(place(tmp_path, ON_CPU, broken))
    wrong = tree(tmp_path / "wrong", "int main() { return nowhere; }")
    with pytest.raises(Refuted, match=r"does not compile over the emulator: .*nowhere"):
        conformance(place(tmp_path, ON_CPU, wrong))


def test_another_gpu_or_no_compiler_makes_it_impossible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = tree(tmp_path / "tree")
    with pytest.raises(Skipped, match=r"capability 9\.0; this one has 8\.9"):
        conformance(place(tmp_path, ON_GPU, sources, (8, 9)))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(Skipped, match=r"no C\+\+ compiler here"):
        conformance(place(tmp_path, ON_GPU, sources, HOPPER))
