"""No option takes a number that nothing could be done with: every command's every number."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from orchestrator.cli.app import cli
from orchestrator.cli.given.case_options import Values
from orchestrator.cli.given.quantities import Duration, Whole
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
    plain = (Duration, Values, Whole, click.types.IntParamType, click.types.FloatParamType)
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
        if (option, value) in (("--gpu", "0"), ("--window", "0")):
            continue  # the first one; no window
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
