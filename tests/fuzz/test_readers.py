"""Damaged run files and answers: true figures or a refusal with its reason, never a crash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from orchestrator.store.runs.run_store import RunStore
from tests.fuzz import __main__ as fuzz
from tests.fuzz import answers
from tests.fuzz.reading import Fuzzer, quick_disk
from tests.fuzz.seeds import HONEST, write_seeds

REPOSITORY = Path(__file__).parents[2]
# A sample for every day: the same one each time, so that a failure is somebody's change.
FILES, TALKS = 60, 25


def test_a_sample_of_damaged_run_files_is_read_or_refused(tmp_path: Path) -> None:
    fuzzer = Fuzzer(tmp_path, seed=20261128)
    with quick_disk():
        fuzzer.warm_up()
        for number in range(FILES):
            fuzzer.trial(number)
    assert fuzzer.tally.fallen == []
    assert fuzzer.tally.answered > FILES
    assert fuzzer.tally.refused > FILES / 2
    assert fuzzer.tally.kinds.total() == FILES
    assert {"run.json", "request.json", "result.json", "end.json"} <= fuzzer.tally.kinds.keys()


def test_the_long_way_tells_how_far_it_is_and_what_was_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fuzz, "EVERY_S", 0.0)
    monkeypatch.setattr(sys, "argv", ["fuzz", "--count", "3", "--seed", "1"])
    assert fuzz.main() == 0
    said = capsys.readouterr()
    assert "2 of 3 mutations; " in said.err
    *kinds, last = said.out.splitlines()
    assert sum(int(line.split()[1]) for line in kinds) == 3
    assert last.startswith("seed 1: 3 mutations, ")


def test_every_seed_is_read_while_nothing_damages_it(tmp_path: Path) -> None:
    """Else a refusal would say nothing: every damage would be refused for what the seed lacks."""
    folders = write_seeds(tmp_path)
    lost = [
        folder.parent.name
        for seed in folders
        for folder in (seed, seed.with_name(HONEST))
        if RunStore(seed.parent).load(folder).result is None
    ]
    assert lost == ["lost"]


def test_the_same_seed_damages_alike(tmp_path: Path) -> None:
    one, two = (Fuzzer(tmp_path / name, seed=7) for name in ("one", "two"))
    assert [one.preview(n) for n in range(40)] == [two.preview(n) for n in range(40)]
    assert len({one.preview(n) for n in range(40)}) > 35


def test_a_sample_of_damaged_answers_is_understood_or_the_hosts_fault(tmp_path: Path) -> None:
    talks = answers.talks(tmp_path)
    fallen = []
    for number in range(TALKS):
        draw = Random(f"20261128/{number}")
        fallen += [answers.trial(talk, tmp_path, draw) for talk in talks]
        fallen.append(answers.pod_trial(draw))
    assert [told for told in fallen if told] == []


def test_every_conversation_is_understood_while_it_is_honest(tmp_path: Path) -> None:
    came = {talk.name: answers.honest(talk, tmp_path) for talk in answers.talks(tmp_path)}
    of_errors = [came.pop(name) for name in ("error", "receive, failed")]
    assert all("no space" in told for told in of_errors)
    assert set(came.values()) == {""}
    assert len(came) == 7


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_twenty_thousand_damaged_files_crash_nothing_and_hang_nowhere() -> None:
    """As `make fuzz`; BSK_FUZZ says how many, and BSK_FUZZ_SEED which."""
    words = ["--count", os.environ.get("BSK_FUZZ", "20000")]
    words += ["--seed", os.environ.get("BSK_FUZZ_SEED", "1")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *words], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
