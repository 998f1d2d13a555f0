"""The standard streams, the folder and the locale as a shell may hand them over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.workflows.publishing import import_ncu
from tests.cli.comparing import AGAIN, MADE, changed, store, times
from tests.cli.conftest import Outcome
from tests.ncu.places import FIXTURES
from tests.report import synthetic

REPOSITORY = Path(__file__).parents[2]
CSV = FIXTURES / "raw_two_kernels.csv"
SLOWER, WORSE = ("compare", MADE, AGAIN, "--fail-on-regression"), 1
Shell = Callable[..., Outcome]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A line of bash in a folder with two runs, the second slower; $O is the command line."""
    fast = synthetic.gpu_result()
    store(tmp_path, MADE, fast)
    store(tmp_path, AGAIN, changed(fast, "sparsek", times(2.0)))
    log = tmp_path / "runs" / AGAIN / "log.txt"
    log.write_text("".join(f"line {number}\n" for number in range(20_000)))

    def line(text: str, **environment: str) -> Outcome:
        program = f"{sys.executable} -m orchestrator --runs {tmp_path}/runs"
        done = subprocess.run(
            ["bash", "-c", text.replace("$O", program)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=60,
        )
        # Whatever encoding was asked for: ASCII is the same in all of them.
        out, err = (data.decode("ascii", "replace") for data in (done.stdout, done.stderr))
        assert "Traceback" not in err
        assert "Exception ignored" not in err
        return Outcome(done.returncode, out, err)

    return line


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("runs", 0),
        ("runs show latest --json", 0),
        (" ".join(SLOWER), WORSE),
        ("--help", 0),
    ],
)
def test_a_reader_that_has_gone_changes_no_exit_code(shell: Shell, words: str, code: int) -> None:
    outcome = shell(f"$O {words} | true; echo code ${{PIPESTATUS[0]}}")
    assert f"code {code}" in outcome.out, outcome.err


def test_a_reader_of_everything_that_has_gone_does_not_either(shell: Shell) -> None:
    outcome = shell(f"$O {' '.join(SLOWER)} 2>&1 | true; echo code ${{PIPESTATUS[0]}}")
    assert f"code {WORSE}" in outcome.out


def test_a_log_ends_when_its_reader_has_seen_enough(shell: Shell) -> None:
    outcome = shell("$O logs latest | head -1; echo code ${PIPESTATUS[0]}")
    assert outcome.out.splitlines() == ["line 0", "code 0"]
    assert "next: " not in outcome.err


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_exit_code_and_no_file(
    shell: Shell, tmp_path: Path, closed: str
) -> None:
    """A file that is opened next would get the number of a stream, and be printed into."""
    outcome = shell(f"$O import-ncu {CSV} -o r.md {closed}")
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "r.md").read_text() == import_ncu.markdown(import_ncu.import_file(CSV))
    if closed == "<&- >&- 2>&-":
        assert shell(f"$O {' '.join(SLOWER)} {closed}").code == WORSE


@pytest.mark.parametrize("words", ["runs", "report latest --json", " ".join(SLOWER), "--help"])
def test_a_product_that_finds_no_room_is_told_and_never_taken_for_delivered(
    shell: Shell, words: str
) -> None:
    outcome = shell(f"$O {words} >/dev/full")
    assert outcome.code == 2
    assert "stdout: No space left on device" in outcome.err


def test_notes_that_find_no_room_change_nothing(shell: Shell) -> None:
    outcome = shell(f"$O {' '.join(SLOWER)} 2>/dev/full")
    assert outcome.code == WORSE
    assert "SLOWER" in outcome.out


def test_a_folder_that_was_removed_under_our_feet_is_said_so(shell: Shell) -> None:
    gone = "mkdir gone; cd gone; rmdir ../gone;"
    assert MADE in shell(f"{gone} $O runs").out
    for words in ("report latest -o r.md", "profile"):
        outcome = shell(f"{gone} $O {words}")
        assert outcome.code == 2, outcome.err
        assert "the folder that you stand in has been removed" in outcome.err
    (place,) = {"inventory.yaml"}
    outcome = shell(f"$O --inventory $PWD/{place} hosts add here --local")
    assert outcome.code == 0, outcome.err
    assert "here" in shell(f"inventory=$PWD/{place}; {gone} $O --inventory $inventory hosts").out


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252:strict"},
    ],
    ids=lambda each: " ".join(each.values()),
)
def test_no_locale_makes_a_crash_or_a_broken_document(
    shell: Shell, tmp_path: Path, locale: dict[str, str]
) -> None:
    outcome = shell(f"$O import-ncu {CSV} -o ü…😀.md && $O compare latest latest", **locale)
    assert "bug of ours" not in outcome.err
    assert (tmp_path / "ü…😀.md").read_text("utf-8").startswith("# Nsight Compute")
    result = replace(synthetic.cpu_result(), reason="× … 😀 ę \udce9")
    store(tmp_path, "20261124-101530-synthetic-profile", result)
    done = shell("$O runs show latest --json > document && $O runs show latest", **locale)
    assert done.code == 0, done.err
    encoding = locale.get("PYTHONIOENCODING", "utf-8").partition(":")[0].replace("ascii", "utf-8")
    document = json.loads((tmp_path / "document").read_bytes().decode(encoding))
    assert "× … 😀 ę" in document["result"]["reason"]


@pytest.mark.parametrize("encoding", ["idna", "undefined"])
def test_an_encoding_that_not_every_text_can_be_written_in_is_passed_over(
    shell: Shell, encoding: str
) -> None:
    outcome = shell("$O runs show latest --json", PYTHONIOENCODING=encoding)
    assert outcome.code == 0, outcome.err
    assert AGAIN in outcome.out
    assert shell("$O runs show none", PYTHONIOENCODING=encoding).err.startswith("error: ")


def test_a_command_that_is_no_text_in_this_locale_is_repeated_all_the_same(
    shell: Shell, tmp_path: Path
) -> None:
    card = synthetic.run(None).card
    folder = tmp_path / "runs" / MADE
    text = (folder / "run.json").read_text().replace(card.reproduce, "caf\\udce9")
    (folder / "run.json").write_text(text)
    outcome = shell(f"$O report {MADE}")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("<<<yes", "removed"),
        ("<<<$'\\xff\\nY'", "removed"),
        ("<<<no", "kept"),
        ("<&-", "kept"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict", "undefined"])
def test_a_question_takes_any_stdin_for_an_answer(
    shell: Shell, tmp_path: Path, answer: str, said: str, encoding: str
) -> None:
    outcome = shell(f"$O runs rm {AGAIN} {answer}", PYTHONIOENCODING=encoding)
    assert (outcome.code, said in outcome.out + outcome.err) == (0, True), outcome.err
    assert (tmp_path / "runs" / AGAIN).exists() == (said != "removed")
