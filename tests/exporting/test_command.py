"""--format on the command line: one form on stdout, the gate's exit code, and no empty success."""

from __future__ import annotations

import csv
import html
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.report.exporting.names import OF_FIGURES, Format
from remote_payload.contract.result import Result
from tests.cli.comparing import AGAIN, MADE, Compare, changed, store, times
from tests.cli.conftest import Outcome
from tests.comparing import runs
from tests.exporting import made
from tests.report import gone_wrong

EARLIER = 8
SLOWER = changed(runs.small(), "sparsek", times(1.1))
GATE = "--fail-on-regression"


class Cli:
    """The command line over the runs of a folder."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root, capsys

    def __call__(self, *words: str) -> Outcome:
        self._capsys.readouterr()
        code = run(["--runs", "runs", *words])
        seen = self._capsys.readouterr()
        return Outcome(int(code), seen.out, seen.err)

    def has(self, result: Result | None) -> Cli:
        store(self.root, MADE, result)
        return self


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.chdir(tmp_path)
    return Cli(tmp_path, capsys)


def read_as(form: Format, text: str) -> int:
    """How many figures, lines or marks a text holds, read as what it claims to be."""
    if form is Format.CSV:
        return len(list(csv.DictReader(io.StringIO(text))))
    if form is Format.GITHUB:
        return sum(line.startswith(("::error ", "::notice ")) for line in text.splitlines())
    document = json.loads(text)
    return len(document["benchmarks"] if form is Format.PYTEST_BENCHMARK else document)


@pytest.mark.parametrize(
    ("form", "number"),
    [
        (Format.CSV, 8),
        (Format.GITHUB, 5),
        (Format.GITHUB_ACTION_BENCHMARK, 8),
        (Format.PYTEST_BENCHMARK, 16),
    ],
)
def test_a_comparison_is_printed_and_then_the_gate_has_the_last_word(
    compare: Compare, form: Format, number: int
) -> None:
    words = ("--format", form.value)
    outcome = compare(runs.small(), SLOWER, *words, GATE, earlier=EARLIER)
    assert outcome.code == 1
    assert "4 of the cases got slower or broke" in outcome.err
    assert read_as(form, outcome.out) == number


@pytest.mark.parametrize(
    ("form", "number"),
    [
        (Format.CSV, 8),
        (Format.GITHUB, 1),
        (Format.GITHUB_ACTION_BENCHMARK, 8),
        (Format.PYTEST_BENCHMARK, 8),
    ],
)
def test_a_report_is_printed_in_one_form_alone(cli: Cli, form: Format, number: int) -> None:
    outcome = cli.has(runs.small())("report", "latest", "--format", form.value)
    assert outcome.code == 0
    assert read_as(form, outcome.out) == number
    assert (cli.root / "runs" / MADE / "report.md").is_file()


@pytest.mark.parametrize("verb", [("report", "latest"), ("compare", MADE, AGAIN)], ids=" ".join)
def test_two_forms_at_once_are_refused_and_one_asked_for_twice_is_not(
    cli: Cli, verb: tuple[str, ...]
) -> None:
    cli.has(runs.small())
    store(cli.root, AGAIN, SLOWER)
    for words in (("--json", "--markdown"), ("--format", "csv", "--json")):
        outcome = cli(*verb, *words)
        assert (outcome.code, outcome.out) == (2, "")
        assert "stdout has one form" in outcome.err
    for words in (("--json", "--format", "json"), ("--markdown", "--format", "markdown")):
        assert cli(*verb, *words).code == 0
    assert cli(*verb, "--format", "xml").code == 2


def test_the_shorthands_print_what_the_forms_do(compare: Compare, cli: Cli) -> None:
    compare(runs.small(), SLOWER, earlier=EARLIER)
    both = ("compare", MADE, AGAIN)
    for form in ("json", "markdown"):
        assert cli(*both, f"--{form}").out == cli(*both, "--format", form).out
    assert cli(*both).out == cli(*both, "--format", "text").out
    printed = cli("report", AGAIN, "--markdown").out
    written = (cli.root / "runs" / AGAIN / "report.md").read_text()
    assert html.unescape(printed) == html.unescape(written)


@pytest.mark.parametrize("form", [(), ("--format", "text")], ids=["as usual", "text"])
def test_words_for_a_terminal_hold_nothing_that_it_would_have_to_spell_out(
    cli: Cli, form: tuple[str, ...]
) -> None:
    told = cli.has(runs.small())("report", "latest", *form)
    assert "Can I trust it?" in told.out
    assert "\\x" not in told.out


@pytest.mark.parametrize("form", OF_FIGURES)
def test_no_figure_is_an_error_and_nothing_on_stdout(cli: Cli, form: Format) -> None:
    cli.has(gone_wrong.failed_check_result())
    outcome = cli("report", "latest", "--format", form.value)
    assert (outcome.code, outcome.out) == (2, "")
    assert "has no figure that can be trusted, so nothing is printed as" in outcome.err
    assert f"hint: Why: orchestrator --runs runs report {MADE}" in outcome.err
    assert cli("report", "latest", "--format", form.value, GATE).code == 1


@pytest.mark.parametrize("form", OF_FIGURES)
def test_a_comparison_without_a_figure_is_no_success_either(compare: Compare, form: Format) -> None:
    before, after = (replace(one, checks=()) for one in (runs.small(), SLOWER))
    if form is Format.CSV:
        after = replace(SLOWER, bench=tuple(r for r in SLOWER.bench if r.provider == "none"))
    outcome = compare(before, after, "--format", form.value)
    assert (outcome.code, outcome.out) == (2, "")


def test_what_is_left_out_is_told_on_stderr(cli: Cli) -> None:
    cli.has(made.partial(runs.small()))
    outcome = cli("report", "latest", "--format", "github-action-benchmark")
    assert outcome.code == 0
    assert len(outcome.json) == 4
    assert "4 timings of 8 left out (4: partial: cancelled)" in outcome.err


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("page.md", "# 4 rows, after against before: 4 SLOWER\n"),
        ("page", "# 4 rows, after against before: 4 SLOWER\n"),
        ("page.txt", "# 4 rows, after against before: 4 SLOWER\n"),
        ("page.html", "<!doctype html>"),
    ],
)
def test_a_page_is_written_as_its_name_ends(compare: Compare, name: str, begins: str) -> None:
    outcome = compare(runs.small(), SLOWER, "-o", name, earlier=EARLIER)
    assert outcome.code == 0
    text = Path(name).read_text()
    assert text.lower().startswith(begins.lower())
    assert ("<details>" in text) is not name.endswith("txt")
    assert outcome.out.splitlines() == [
        "4 rows, after against before: 4 SLOWER.",
        "Same device, driver, clocks and cases.",
        name,
    ]


def test_a_page_is_written_beside_what_stdout_gets(compare: Compare) -> None:
    words = ("-o", "comment.md", "--format", "github")
    outcome = compare(runs.small(), SLOWER, *words, earlier=EARLIER)
    assert read_as(Format.GITHUB, outcome.out) == 5
    assert Path("comment.md").read_text().startswith("# 4 rows")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("page.pdf", "Markdown, words or HTML is what is written"),
        (f"runs/{MADE}/result.json", "expected a name that ends with"),
    ],
)
def test_a_page_goes_nowhere_else(compare: Compare, name: str, words: str) -> None:
    outcome = compare(runs.small(), SLOWER, "-o", name)
    assert (outcome.code, outcome.out) == (2, "")
    assert words in outcome.err


def test_a_page_does_not_take_the_place_of_the_inventory(cli: Cli) -> None:
    cli.has(runs.small())
    store(cli.root, AGAIN, SLOWER)
    (cli.root / "hosts.txt").write_text("hosts: {}\n")
    words = ("--inventory", "hosts.txt", "compare", MADE, AGAIN, "-o", "hosts.txt")
    outcome = cli(*words)
    assert outcome.code == 2
    assert "it is a file that this command reads" in outcome.err
    assert (cli.root / "hosts.txt").read_text() == "hosts: {}\n"


def test_users_templates_stand_over_the_page(compare: Compare, tmp_path: Path) -> None:
    (tmp_path / "inventory.yaml").write_text("hosts: {}\n")
    own = tmp_path / "templates"
    own.mkdir()
    (own / "compare.md.j2").write_text(
        '{# view model 1 #}\n{% extends "ours/compare.md.j2" %}\n'
        "{% block runs %}\nBy the kernels team: {{ page.runs }}\n{% endblock %}\n"
    )
    outcome = compare(runs.small(), SLOWER, "--markdown", earlier=EARLIER)
    assert f"By the kernels team: Before: {MADE}. After: {AGAIN}." in outcome.out
    assert outcome.out.startswith("# 4 rows")
