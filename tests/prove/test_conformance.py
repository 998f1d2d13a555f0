"""GPU against emulator, answer by answer; a script stands in for nvcc and its program for the GPU."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from remote_payload.stages.prove.prove import Late, Refuted, Skipped
from remote_payload.stages.prove.prove_conformance import CARRIED, conformance, to_carry
from tests.prove.places import HOPPER, ON_CPU, ON_GPU, place, program

# Three answers, and with a number the words of that one; a remark for people.
QUESTIONS = """
#include <cstdio>
#include <cstdlib>
int main(int count, char** words) {
  std::printf("  1 TMA load {64, 64} 128B              0000abcd\\n");
  std::printf("  2 wgmma n64: K, K                     12345678\\n");
  std::printf("  3 wgmma K 32B                         0badcafe apart\\n");
  if (count > 1) std::printf("00000001 00000002\\n00000003 00000004\\n");
  std::fprintf(stderr, "ex2: largest error 1e-7\\n");
}
"""
ANSWERS = ("  1 TMA load {64, 64} 128B              0000abcd",
           "  2 wgmma n64: K, K                     12345678",
           "  3 wgmma K 32B                         0badcafe apart")  # fmt: skip
COMPILED_HERE = (
    "there is no csrc/conformance/emulated_answers.txt, so the emulator was compiled here"
)


def tree(folder: Path, questions: str = QUESTIONS, carried: bool = False) -> Path:
    """A snapshot that holds these questions and an emulator of nothing; its answers, if asked."""
    (folder / "csrc" / "emulator").mkdir(parents=True)
    (folder / "csrc" / "conformance").mkdir()
    (folder / "csrc" / "conformance" / "hopper_conformance.cu").write_text(questions)
    if carried:
        (folder / CARRIED).write_text(to_carry(folder, "\n".join(ANSWERS)))
    return folder


def gpu_that_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str, words: str = ""
) -> None:
    """An nvcc whose programs print these lines, and `words` when asked for one answer."""
    told = "\n".join(f"echo '{line}'" for line in lines)
    answers = program(folder / "answers", f'{told}\n[ $# = 0 ] || echo "{words}"')
    asked = 'case " $* " in *" --version "*|*" -dryrun "*) exit;; esac'
    compiler = f'{asked}; while [ "$1" != -o ]; do shift; done; cp {answers} "$2"'
    program(folder / "bin" / "nvcc", compiler)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")


def on_hopper(folder: Path, carried: bool = False) -> str:
    return conformance(place(folder, ON_GPU, tree(folder / "tree", carried=carried), HOPPER))


def without_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing on the PATH but what a shell script needs."""
    for name in ("sh", "cp", "sleep", "cat"):
        found = shutil.which(name)
        assert found is not None
        (folder / "bin" / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder / "bin"))
    monkeypatch.delenv("CXX", raising=False)


def test_equal_answers_are_proof_and_remarks_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu_that_says(tmp_path, monkeypatch, *ANSWERS, "ex2: largest error 2e-7")
    assert on_hopper(tmp_path) == (
        "2 answers of GPU and emulator agree bit for bit; apart, on what our kernel never does, "
        f"1 of 1 agree; {COMPILED_HERE}; ex2: largest error 2e-7"
    )
    assert (tmp_path / "home" / "gpu.txt").read_text().splitlines()[:3] == list(ANSWERS)


def test_carried_answers_need_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu_that_says(tmp_path, monkeypatch, *ANSWERS)
    without_compiler(tmp_path, monkeypatch)
    assert on_hopper(tmp_path, carried=True) == (
        "2 answers of GPU and emulator agree bit for bit; apart, on what our kernel never does, "
        "1 of 1 agree"
    )


def test_carried_answers_of_other_questions_are_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu_that_says(tmp_path, monkeypatch, *ANSWERS)
    sources = tree(tmp_path / "tree", carried=True)
    with (sources / "csrc" / "conformance" / "hopper_conformance.cu").open("a") as questions:
        questions.write("// another question\n")
    told = conformance(place(tmp_path, ON_GPU, sources, HOPPER))
    assert "emulated_answers.txt is of other questions than csrc/conformance/hopper_conf" in told
    assert "so the emulator was compiled here" in told
    assert (tmp_path / "home" / "emulated.txt").is_file()


def test_a_difference_on_what_the_kernel_never_does_is_told_and_refutes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (*ANSWERS[:2], ANSWERS[2].replace("0badcafe", "00000007"))
    gpu_that_says(tmp_path, monkeypatch, *lines, words="00000007")
    assert on_hopper(tmp_path, carried=True) == (
        "2 answers of GPU and emulator agree bit for bit; apart, on what our kernel never does, "
        "0 of 1 agree; not: 3 wgmma K 32B"
    )
    assert (tmp_path / "home" / "3-gpu.txt").read_text().splitlines()[-1] == "00000007"


@pytest.mark.parametrize("hindrance", ["no compiler", "no time"])
def test_a_difference_is_told_also_where_its_words_cannot_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hindrance: str
) -> None:
    lines = (ANSWERS[0], ANSWERS[1].replace("12345678", "deadbeef"), ANSWERS[2])
    gpu_that_says(tmp_path, monkeypatch, *lines, words="00000001 00000002 00000007 00000004")
    without_compiler(tmp_path, monkeypatch)
    why = "no C++ compiler here"
    if hindrance == "no time":
        program(tmp_path / "bin" / "c++", "sleep 60")
        why = "over the emulator, compiling conformance/hopper_conformance.cu: not done"
    where = place(tmp_path, ON_GPU, tree(tmp_path / "tree", carried=True), HOPPER, limit_s=6.0)
    with pytest.raises(Refuted) as refuted:
        conformance(where)
    told = str(refuted.value)
    assert told.startswith(
        "the first of 3 answers that differs: 2 wgmma n64: K, K: GPU deadbeef, emulator 12345678; "
        f"its words were not compared here ({why}"
    )
    assert told.endswith("run it with 2, and compare with 2-gpu.txt")
    assert "00000007" in (tmp_path / "home" / "2-gpu.txt").read_text()


def test_an_nvcc_that_hangs_is_named_with_what_it_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin" / "nvcc", "sleep 60")
    without_compiler(tmp_path, monkeypatch)
    where = place(tmp_path, ON_GPU, tree(tmp_path / "tree", carried=True), HOPPER, limit_s=1.0)
    with pytest.raises(
        Late, match=r"^compiling csrc/conformance/hopper_conformance\.cu: .*: no end"
    ):
        conformance(where)


def test_the_first_difference_is_named_with_its_first_wrong_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (ANSWERS[0], ANSWERS[1].replace("12345678", "deadbeef"), ANSWERS[2])
    gpu_that_says(tmp_path, monkeypatch, *lines, words="00000001 00000002 00000007 00000004")
    with pytest.raises(Refuted) as refuted:
        on_hopper(tmp_path, carried=True)
    assert str(refuted.value) == (
        "the first of 3 answers that differs: 2 wgmma n64: K, K: GPU deadbeef, emulator 12345678; "
        "word 2 is 00000007, emulated 00000003"
    )
    kept = {path.name for path in (tmp_path / "home").iterdir()}
    assert {"gpu.txt", "2-gpu.txt", "2-emulated.txt"} <= kept


def test_a_gpu_that_answers_too_little_or_too_much_is_refuted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu_that_says(tmp_path, monkeypatch, ANSWERS[0])
    with pytest.raises(Refuted, match="answers 1 of 3 questions; the first missing: 2 wgmma"):
        on_hopper(tmp_path / "little")
    gpu_that_says(tmp_path, monkeypatch, *ANSWERS, "  4 another   00000001")
    with pytest.raises(Refuted, match="1 questions more, the first: 4 another"):
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
    with pytest.raises(Skipped, match="no GPU in this run; the emulator alone answers all 3"):
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
    for setting in (ON_CPU, ON_GPU):
        with pytest.raises(Skipped, match=r"no C\+\+ compiler here"):
            conformance(place(tmp_path, setting, sources, HOPPER))
