"""Files too large to be read, and a machine without memory: told as that, never as a bug of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.comparing import MADE, store
from tests.faults.conftest import Outcome
from tests.report import synthetic

REPOSITORY = Path(__file__).parents[2]


def within(kilobytes: int, root: Path, *words: str) -> Outcome:
    """The command line with no more address space than that."""
    line = f'ulimit -v {kilobytes} && exec "$@"'
    done = subprocess.run(
        ["sh", "-c", line, "sh", sys.executable, "-m", "orchestrator", *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def sparse(path: Path, size_bytes: int) -> str:
    with path.open("wb") as file:
        file.truncate(size_bytes)
    return path.name


def test_runs_are_listed_with_little_more_memory_than_python_takes(tmp_path: Path) -> None:
    store(tmp_path, MADE, synthetic.cpu_result())
    outcome = within(200_000, tmp_path, "runs")
    assert outcome.code == 0, outcome.err
    assert MADE in outcome.out


@pytest.mark.parametrize("words", [("import-ncu", "{}"), ("--inventory", "{}", "hosts")])
def test_a_file_of_20_gb_is_named_as_too_large(tmp_path: Path, words: tuple[str, ...]) -> None:
    name = sparse(tmp_path / "big.csv", 20 << 30)
    outcome = within(1_500_000, tmp_path, *(word.format(name) for word in words))
    assert outcome.code == 2, outcome.err
    assert "big.csv: " in outcome.err
    assert "it is too large: more than" in outcome.err


def test_no_memory_is_told_as_that(tmp_path: Path) -> None:
    name = sparse(tmp_path / "large.csv", 1 << 30)
    outcome = within(900_000, tmp_path, "import-ncu", name)
    assert outcome.code == 2, outcome.err
    assert "Cannot allocate memory" in outcome.err
    assert "hint: This machine has no memory left, or `ulimit -v` allows no more." in outcome.err
    assert "bug" not in outcome.err
