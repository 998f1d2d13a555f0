"""A step that the program names is the right one when it is pasted, whatever files are called."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.values.command import typed
from orchestrator.values.job import Ending, JobEnd
from remote_payload.contract import codec
from tests.cli.comparing import AGAIN, MADE, store
from tests.report import synthetic

NAMES = (
    b"\xff", b"caf\xe9 1", b"a\nb", b"a\tb", "a\u200bb".encode(), b"it's \x1b[31m", b"back\\slash\x01",
    b"1\x017", "\u202eü".encode(), b"$HOME `x`\r", b"plain", b"a b", b"$(touch pwned)", b"=ls", b"%self",
)  # fmt: skip
# What the shell makes of the words, instead of a run of it.
SHOWN = "orchestrator() { printf '%s\\0' \"$@\"; }\n"


def pasted(line: str, shell: str = "bash") -> list[bytes]:
    done = subprocess.run([shell, "-c", SHOWN + line], capture_output=True, check=True)
    return done.stdout.split(b"\0")[:-1]


@pytest.mark.parametrize("name", NAMES)
def test_the_next_step_and_a_hint_find_the_same_files_when_pasted(
    name: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runs = os.fsdecode(name)
    assert run(["--runs", runs, "runs"]) == 0
    step = capsys.readouterr().err.splitlines()[-1]
    assert pasted(step.removeprefix("next: ")) == [b"--runs", name, b"profile"]
    assert run(["--runs", runs, "report"]) == 2
    hint = capsys.readouterr().err.splitlines()[-1]
    assert pasted(hint.removeprefix("  hint: Make one: ")) == [b"--runs", name, b"profile"]


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_run_is_named_as_its_folder_is_called(
    name: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    store(tmp_path, MADE, None)
    folder = (tmp_path / "runs" / MADE).rename(tmp_path / "runs" / os.fsdecode(name))
    (folder / "request.json").write_text("{")
    (folder / "run.json").write_text("{")
    assert run(["report", f"runs/{os.fsdecode(name)}"]) == 2
    hint = capsys.readouterr().err.splitlines()[-1]
    remove, _, attach = hint.partition("`")[2].partition("`, then `")
    assert pasted(remove) == [b"runs", b"rm", name]
    assert pasted(attach.rpartition("`, or")[0]) == [b"attach", name, b"--host", b"NAME"]


@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_is_not_home_is_named_as_its_folder_is_called(
    name: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def words(*command: str) -> list[bytes]:
        """Those that what is said last but for the next step tells to type."""
        capsys.readouterr()
        run(command)
        seen = capsys.readouterr()
        said = seen.out.splitlines() or seen.err.splitlines()
        return pasted(f"orchestrator{said[-1].rpartition(': orchestrator')[2]}")

    monkeypatch.chdir(tmp_path)
    store(tmp_path, MADE, None)
    called = os.fsdecode(name)
    folder = (tmp_path / "runs" / MADE).rename(tmp_path / "runs" / called)
    assert words("runs") == [b"attach", name]
    assert words("report", f"runs/{called}") == [b"attach", name]
    store(tmp_path, AGAIN, synthetic.cpu_result())
    (folder / "end.json").write_text(codec.dumps(JobEnd(Ending.EXIT, 1)))
    assert words("compare", AGAIN, f"runs/{called}") == [b"logs", name]
    (folder / "run.json").write_text("{")
    assert words("cancel", called) == [b"cancel", name, b"--host", b"NAME"]


def test_zsh_makes_no_program_of_a_word_that_begins_with_an_equals_sign() -> None:
    if shutil.which("zsh") is None:
        pytest.skip("no zsh here")
    assert pasted(typed("orchestrator", "--runs", "=ls", "runs"), "zsh") == [
        b"--runs",
        b"=ls",
        b"runs",
    ]


def test_a_name_that_no_file_can_have_is_spelled_all_the_same() -> None:
    """As a host may send: half of a surrogate that stands for no byte."""
    assert typed("orchestrator", "a\ud800") == r"orchestrator $'a\355\240\200'"
