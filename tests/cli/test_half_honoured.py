"""No option is honoured by half: what a verb would not do as it was told, it refuses."""

from __future__ import annotations

import json

import pytest

from orchestrator.cli.app import cli
from orchestrator.cli.given.once import refuse_repeats
from orchestrator.cli.verb import verbs
from tests.cli.conftest import Project
from tests.cli.quick import quick_payload

MINE = "tests.fixtures:attention"
USAGE = 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("profile", "--host", "local", "--host", "pod"), "--host is given twice"),
        (("check", "--heads", "8", "--heads", "16"), "--heads is given twice"),
        (("profile", "--ncu", "--no-ncu"), "--ncu and --no-ncu contradict each other"),
        (("deploy", "--build", "--no-build"), "--build and --no-build contradict each other"),
        (("report", "-o", "a.md", "--output", "b.md"), "-o is given twice"),
        (("--runs", "a", "--runs", "b", "runs"), "--runs is given twice"),
        (("runs", "fetch", "x", "--host", "a", "--host", "b"), "--host is given twice"),
        (("hosts", "add", "x", "--port", "1", "--port", "2"), "--port is given twice"),
        (
            ("hosts", "add", "x", "ssh", "a@b", "-p", "1", "--gpu", "0", "--gpu", "1"),
            "--gpu is given twice",
        ),
        (("runs", "--host", "local", "fetch", "--all"), "write it behind: fetch --host"),
        (("runs", "--json", "rm", "x"), "rm has no such option"),
        (("hosts", "--json", "show"), "write it behind: show --json"),
        (("deploy", "--no-build", "--arch", "sm_90a"), "--no-build builds nothing"),
        (("profile", "--proof-limit", "60"), "--proof-limit goes with --prove"),
        (("report", "-o", "x.json"), "x.json: Markdown, words, HTML or PDF is what is written"),
        (("report", "-o", "x.SVG"), "Markdown, words, HTML or PDF is what is written"),
        (("import-ncu", "x.csv", "-o", "x.html"), "Markdown is what is written"),
        (("import-ncu", "x.csv", "--json", "-o", "x.md"), "JSON is what is written"),
        (("bench", "--providers", "sdpa,sparsek", "--without", "sdpa"), "left out by --without"),
        (
            ("bench", "--variants", "lean", "--without", "sparsek-lean"),
            "sparsek-lean is asked for by name and left out",
        ),
        (("bench", "--provider", f"a={MINE}", "--provider", f"a={MINE}"), "'a' twice"),
        (("bench", "--time-limit", "inf"), "inf is no length of time"),
        (("check", "--case-limit", "nan"), "nan is no length of time"),
        (("bench", "--max-minutes", "inf"), "inf is no length of time"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_would_be_honoured_by_half_is_refused(
    project: Project, arguments: tuple[str, ...], words: str
) -> None:
    before = project.files()
    outcome = project.orchestrator(*arguments)
    assert outcome.code == USAGE, outcome.err
    assert words in outcome.err
    assert outcome.out == ""
    assert project.files() == before


@pytest.mark.parametrize("verb", [verb.name for verb in verbs()])
def test_the_help_of_every_verb_is_let_through(project: Project, verb: str) -> None:
    outcome = project.orchestrator(verb, "--help")
    assert outcome.code == 0
    assert "Example:" in outcome.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("bench", "--provider", "a=m:f", "--provider", "b=m:f", "--json", "--json"),
        ("bench", "--nonsense", "--host"),
        ("nonsense", "--host", "a", "--host", "b"),
        ("runs",),
        (),
    ],
)
def test_what_may_be_repeated_and_what_click_says_better_is_let_through(
    arguments: tuple[str, ...],
) -> None:
    refuse_repeats(cli, arguments, "orchestrator")


@pytest.mark.parametrize("name", ["r.md", "r.markdown", "r.txt", "r"])
def test_a_report_goes_where_its_name_promises_markdown_or_nothing(
    project: Project, name: str
) -> None:
    quick_payload(project.root)
    assert project.orchestrator("check").code == 0
    assert project.orchestrator("report", "-o", name).code == 0
    assert (project.root / name).read_text().startswith("# OK")


CASES = (
    "print('@@cases', [(c.size('B'), c.size('H')) for c in request.cases], flush=True)\nanswer()\n"
)


def asked(project: Project, *arguments: str) -> str:
    quick_payload(project.root, CASES)
    assert project.orchestrator("check", *arguments).code == 0
    log = project.orchestrator("logs").out
    return next(line for line in log.splitlines() if line.startswith("@@cases"))


def test_what_a_cpu_was_asked_for_by_name_gets_the_cpus_own_sweep_where_it_was_left_open(
    project: Project,
) -> None:
    assert asked(project, "--device", "cpu") == "@@cases [(1, 8), (1, 16)]"
    assert asked(project, "--device", "cpu", "--batch", "16", "--heads", "2") == (
        "@@cases [(16, 2)]"
    )


def test_an_architecture_named_twice_is_built_once(project: Project) -> None:
    quick_payload(project.root)
    assert project.orchestrator("check", "--arch", "sm_90a,sm_90a").code == 0
    (folder,) = (project.root / "runs").glob("[!.]*")
    assert json.loads((folder / "request.json").read_text())["build"]["arch"] == ["sm_90a"]
