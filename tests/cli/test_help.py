"""Every command is known to the group's table, to its own help, and to the README."""

from __future__ import annotations

import re

import click
import pytest

from orchestrator.cli.app import cli
from orchestrator.cli.verb import verbs
from tests.cli.conftest import REPOSITORY


def commands(group: click.Group, path: str = "") -> list[tuple[str, click.Command]]:
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append((f"{path}{name}", command))
        if isinstance(command, click.Group):
            found += commands(command, f"{path}{name} ")
    return found


@pytest.mark.parametrize(("name", "command"), commands(cli), ids=lambda value: str(value))
def test_every_command_has_help_with_an_example(name: str, command: click.Command) -> None:
    assert command.help
    assert "Example:" in command.help
    assert f"orchestrator {name.split()[0]}" in command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name}: {parameter.opts[0]} has no help"


def test_the_readme_shows_only_commands_that_exist() -> None:
    known = {verb.name for verb in verbs()}
    used = set(re.findall(r"orchestrator ([a-z][a-z-]*)", (REPOSITORY / "README.md").read_text()))
    assert used
    assert used <= known


@pytest.mark.parametrize("verb", verbs(), ids=lambda verb: verb.name)
def test_the_table_of_commands_tells_what_each_says_of_itself(verb: object) -> None:
    name = getattr(verb, "name", "")
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
