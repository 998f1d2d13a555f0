"""A run is named by an id: nothing else that a shell may hand over ever becomes one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from tests.cli.comparing import MADE, store
from tests.report import synthetic
from tests.workflows.syncing import held

NO_IDS = [
    "",
    " ",
    ".",
    "..",
    "./",
    "../",
    "*",
    "?",
    "-x",
    "_",
    "\n",
    "\N{FULLWIDTH DIGIT TWO}0",
    "~",
]
PATHS = ["runs/{run}", "./runs/{run}", "{root}/runs/{run}", "{run}/", "{run}/artifacts/.."]
MOVING = [("attach",), ("cancel",), ("runs", "rm", "--yes")]
READING = [("report",), ("logs",), ("runs", "show"), ("compare", MADE)]

Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line beside a folder with one run; (exit code, what it said)."""
    store(tmp_path, MADE, synthetic.cpu_result())
    (tmp_path / "inventory.yaml").write_text("hosts: {synthetic: {transport: local}}\n")
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run(("--runs", str(tmp_path / "runs"), *arguments))
        seen = capsys.readouterr()
        return int(code), seen.out + seen.err

    return call


@pytest.mark.parametrize("words", MOVING, ids=" ".join)
def test_what_is_no_id_touches_no_run_even_where_there_is_only_one(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    before = held(tmp_path)
    paths = [path.format(run=MADE, root=tmp_path) for path in PATHS]
    for here in (tmp_path, tmp_path / "runs", tmp_path / "runs" / MADE):
        monkeypatch.chdir(here)
        for name in [*NO_IDS, *paths]:
            code, said = cli(*words, "--", name)
            assert code == 2, name
            assert f"{name!r} is no run: expected a run's id" in said
            assert held(tmp_path) == before, name


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_what_is_neither_id_nor_path_reads_no_run(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    inside = tmp_path / "runs" / MADE / "artifacts"
    inside.mkdir()
    before = held(tmp_path)
    for here in (tmp_path, inside.parent, inside):
        monkeypatch.chdir(here)
        for name in (name for name in NO_IDS if "/" not in name):
            code, said = cli(*words, "--", name)
            assert code == 2, name
            assert "is no run: expected a run's id" in said
    assert held(tmp_path) == before


def test_a_path_with_a_slash_is_read_as_before(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (f"runs/{MADE}", f"runs/{MADE}/", str(tmp_path / "runs" / MADE)):
        assert cli("report", name)[0] == 0
    monkeypatch.chdir(tmp_path / "runs" / MADE)
    code, said = cli("report", "./")
    assert (code, "report.md" in said) == (0, True)
    assert cli("report", "../nothing")[0] == 2


def test_an_id_means_the_run_of_the_store_whatever_lies_here_under_its_name(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(tmp_path / "unpacked", MADE, None)
    monkeypatch.chdir(tmp_path / "unpacked" / "runs")
    assert cli("runs", "rm", MADE, "--yes")[0] == 0
    assert not (tmp_path / "runs" / MADE).exists()
    assert (tmp_path / "unpacked" / "runs" / MADE / "run.json").exists()
    code, said = cli("runs", "rm", MADE, "--yes")
    assert (code, "no runs under" in said) == (2, True)


def test_a_run_is_a_folder_of_its_own_and_no_link(cli: Cli, tmp_path: Path) -> None:
    linked = tmp_path / "runs" / "20261124-101530-linked"
    store(tmp_path / "elsewhere", linked.name, synthetic.cpu_result())
    linked.symlink_to(tmp_path / "elsewhere" / "runs" / linked.name)
    before = held(tmp_path)
    for words in (*MOVING, *READING):
        code, said = cli(*words, linked.name)
        assert code == 2, words
        assert "is a link; a run is a folder of its own" in said
    assert held(tmp_path) == before
    assert linked.name not in cli("runs")[1]
    assert MADE in cli("runs", "show", "latest")[1]
    assert cli("runs", "show", "2026112")[0] == 0, "nor does a prefix mean it"


def test_a_run_that_holds_another_is_not_removed_with_it(cli: Cli, tmp_path: Path) -> None:
    outer = tmp_path / "runs" / MADE
    store(tmp_path / "other", "20261125-101530-inner", None)
    shutil.move(str(tmp_path / "other" / "runs" / "20261125-101530-inner"), outer)
    for name in ("20261125-101530-inner", f"{MADE}/20261125-101530-inner"):
        assert cli("runs", "rm", name, "--yes")[0] == 2
    code, said = cli("runs", "rm", MADE, "--yes")
    assert (code, "holds another run, 20261125-101530-inner" in said) == (2, True)
    assert (outer / "20261125-101530-inner" / "run.json").exists()
    # Under another name, and deeper: whoever put it there may have no other copy.
    kept = Path("mine") / "of last week"
    (outer / "mine").mkdir()
    (outer / "20261125-101530-inner").rename(outer / kept)
    code, said = cli("runs", "rm", MADE, "--yes")
    assert (code, f"holds another run, {kept}" in said) == (2, True)
    (outer / kept).rename(outer / "20261125-101530-inner")
    # What a run has borrowed lies in it as a copy, and goes with it.
    (outer / "20261125-101530-inner").rename(outer / "lent")
    assert cli("runs", "rm", MADE[:8], "--yes")[0] == 0
    assert not outer.exists()


@pytest.mark.parametrize("place", ["artifacts", "artifacts/old", "lent", "artifacts/lent"])
def test_a_run_that_was_moved_among_what_a_job_left_is_not_removed_with_it(
    cli: Cli, tmp_path: Path, place: str
) -> None:
    outer, inner = tmp_path / "runs" / MADE, "20261125-101530-inner"
    store(tmp_path / "other", inner, None)
    (outer / place).mkdir(parents=True)
    kept = outer / place / "mine"
    shutil.move(str(tmp_path / "other" / "runs" / inner), kept)
    code, said = cli("runs", "rm", MADE, "--yes")
    assert (code, f"holds another run, {place}/mine; nothing" in said) == (2, True), said
    assert (kept / "run.json").exists()
    (kept / "run.json").write_text('{"a job": "may call its own file so"}')
    assert cli("runs", "rm", MADE, "--yes")[0] == 0


def test_the_next_step_after_a_run_names_its_folder_as_it_is_called_today(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "runs" / MADE
    (run / "end.json").write_text('{"why": "exit", "exit_status": 0}')
    after = {
        ("report",): ("report", "--html"),
        ("report", "--html"): ("runs", "show"),
        ("runs", "show"): ("report",),
        ("logs",): ("report",),
        ("cancel",): ("report",),
        ("compare", MADE): ("report",),
    }
    mine, copy = run.with_name("mine of old"), tmp_path / "copy"
    shutil.copytree(run, mine)
    shutil.copytree(run, copy)
    monkeypatch.chdir(tmp_path)
    for words, then in after.items():
        code, said = cli(*words, mine.name)
        assert said.splitlines()[-1].endswith(f" {' '.join(then)} '{mine.name}'"), said
        assert (code, cli(*then, mine.name)[0]) == (0, 0)
    assert cli("report", "./copy")[1].endswith(f" report --html {MADE}\n"), "the run itself is here"
    shutil.rmtree(run)
    assert cli("report", "./copy")[1].endswith(f" report --html {copy}/\n")
    assert cli("runs", "show", f"{copy}/")[0] == 0


@pytest.mark.parametrize("name", ["-x", "--all", "latest"])
def test_a_folder_that_is_called_as_an_option_or_as_latest_is_named_by_its_path_where_it_is_read(
    cli: Cli, tmp_path: Path, name: str
) -> None:
    run = tmp_path / "runs" / MADE
    (run / "end.json").write_text('{"why": "exit", "exit_status": 0}')
    odd = run.rename(run.with_name(name))
    store(tmp_path, "20261125-101530-later", None)
    for words, then in {
        ("report",): ("report", "--html"),
        ("report", "--html"): ("runs", "show"),
        ("runs", "show"): ("report",),
        ("logs",): ("report",),
    }.items():
        code, said = cli(*words, f"{odd}/")
        assert (code, said.splitlines()[-1].endswith(f" {' '.join(then)} {odd}/")) == (0, True), (
            said
        )
        assert cli(*then, f"{odd}/")[0] == 0


def test_a_run_that_waits_in_a_folder_called_as_an_option_is_attached_by_the_next_step(
    cli: Cli, tmp_path: Path
) -> None:
    odd = tmp_path / "runs" / "-x"
    store(tmp_path, "20261125-101530-later", None)
    (tmp_path / "runs" / "20261125-101530-later").rename(odd)
    code, said = cli("runs")
    assert (code, said.splitlines()[-1].endswith(" attach -- -x")) == (0, True), said
    assert "bring it home: orchestrator attach -- -x\n" in said
    assert cli("runs", "show", f"{odd}/")[1].endswith(" attach -- -x\n")
    code, said = cli("attach", "--", "-x")
    assert "No such option" not in said
    assert "is no run" not in said
