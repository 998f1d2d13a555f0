"""No option takes a number that nothing could be done with: every command's every number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from orchestrator.cli.app import cli
from orchestrator.cli.given.case_options import Values
from orchestrator.cli.given.quantities import Duration, Percent, Whole
from orchestrator.workflows.plan import Wish, plan
from remote_payload.contract.words import Stage
from tests.cli.conftest import Project

NINES = "9" * 5000
# Each with a reason of its own: floats that are no lengths, what Python's int() and float() read
# beyond plain digits, what it refuses to read, and what nothing can be done with.
SENSELESS = (
    *("nan", "inf", "-inf", "infinity", "-0", "-1", "1e400", "-1e400", NINES, f"-{NINES}"),
    *(f"0.{NINES}e{NINES}", "1_000", "1_0.5", "٣", "٩٠", "１２", "0x10", "", " ", "ten", "1,5;2"),
    *("1e", "0", "2147483648000", "1\x00", "１e５"),
)


def options() -> Iterator[tuple[tuple[str, ...], str]]:
    """Every command with every option of it that takes a number."""

    def walk(
        command: click.Command, path: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], str]]:
        for param in command.params:
            if isinstance(param, click.Option) and _is_number(param):
                yield path, param.opts[0]
        if isinstance(command, click.Group):
            ctx = click.Context(command)
            for name in command.list_commands(ctx):
                inner = command.get_command(ctx, name)
                assert inner is not None
                yield from walk(inner, (*path, name))

    yield from walk(cli, ())


def _is_number(option: click.Option) -> bool:
    plain = (Duration, Percent, Values, Whole, click.types.IntParamType, click.types.FloatParamType)
    return not option.is_flag and (
        isinstance(option.type, plain) or option.metavar in ("PORT", "N")
    )


NUMERIC = tuple(options())


def test_the_walk_finds_the_numbers_there_are() -> None:
    names = {name for _, name in NUMERIC}
    assert {"--seq", "--heads", "--kv-heads", "--window", "--batch", "--dim", "--rounds"} <= names
    assert {
        "--max-minutes",
        "--time-limit",
        "--proof-limit",
        "--cutlass-limit",
        "--port",
        "--gpu",
    } <= names
    assert {"--starts", "--precision", "--budget"} <= names
    assert len(NUMERIC) > 40


@pytest.mark.parametrize(
    ("path", "option"),
    NUMERIC,
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else each,
)
def test_a_senseless_number_is_refused_in_a_few_words(
    project: Project, path: tuple[str, ...], option: str
) -> None:
    before = project.files()
    more = ("x", "--address", "203.0.113.7") if path == ("hosts", "add") else ()
    for value in SENSELESS:
        if (option, value) in (("--gpu", "0"), ("--window", "0"), ("--keep", "0")):
            continue  # the first one; no window; none of them
        outcome = project.orchestrator(*path, *more, f"{option}={value}")
        assert outcome.code == 2, (value[:20], outcome.err[:500])
        assert "Traceback" not in outcome.err
        assert len(outcome.err) < 1500, value[:20]
        assert outcome.out == ""
    assert project.files() == before


@pytest.mark.parametrize("number", ["8", " 8 ", "08", "2147483647"])
def test_plain_digits_are_taken(project: Project, number: str) -> None:
    outcome = project.orchestrator("bench", "--seq", number, "--dry-run")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize("length", ["90", "1.5", "1e3", "2.", "31622400"])
def test_lengths_of_time_are_taken(project: Project, length: str) -> None:
    outcome = project.orchestrator("check", "--time-limit", length, "--dry-run")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    ("budget", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("1.5 h", 5400), ("1e3", 1000)]
)
@pytest.mark.parametrize("option", ["--budget", "--bench-budget"])
def test_a_budget_is_seconds_or_says_its_unit(option: str, budget: str, seconds: float) -> None:
    assert _asked(option, budget).bench_budget_s == seconds


@pytest.mark.parametrize("budget", ["5 minutes", "m", "0m", "0.5s", "1d", "5mm", "1e300h", "s5"])
def test_a_budget_of_no_length_is_refused(project: Project, budget: str) -> None:
    outcome = project.orchestrator("bench", "--budget", budget, "--dry-run")
    assert outcome.code == 2
    forms = "in seconds, or with its unit, such as 90s, 5m or 1.5h"
    assert f"is no length of time; expected 1 to 31622400, {forms}" in outcome.err


@pytest.mark.parametrize(
    ("given", "precision"), [("1%", 0.01), ("1", 0.01), ("0.1 %", 0.001), ("20%", 0.2)]
)
def test_a_precision_is_a_percentage_with_or_without_its_sign(given: str, precision: float) -> None:
    assert _asked("--precision", given).precision == pytest.approx(precision)


@pytest.mark.parametrize("given", ["0.05%", "21%", "0.01", "%", "1%%", "one"])
def test_a_precision_that_is_none_is_refused_with_what_is_expected(
    project: Project, given: str
) -> None:
    outcome = project.orchestrator("bench", "--precision", given, "--dry-run")
    assert outcome.code == 2
    assert "expected 0.1% to 20%, such as 1% or 0.5%" in outcome.err


@pytest.mark.parametrize(
    ("most", "looks"),
    [("1", (1,)), ("8", (8,)), ("9", (8, 9)), ("64", (8, 16, 32, 64)), ("100", (8, 16, 32, 64, 100))],
)  # fmt: skip
def test_starts_are_looked_at_as_they_double_and_at_last(most: str, looks: tuple[int, ...]) -> None:
    asked = plan(_asked("--starts", most), Path()).request.bench
    assert asked.starts == looks
    assert len(asked.critical) == (0 if most == "1" else len(looks))


def _asked(option: str, value: str) -> Wish:
    """The wish that an option of bench alone makes."""
    command = cli.get_command(click.Context(cli), "bench")
    assert command is not None
    given = command.make_context("bench", [option, value]).params
    mine = {name: given[name] for name in ("bench_budget_s", "starts", "precision")}
    return Wish((Stage.CHECK, Stage.BENCH), **mine)
