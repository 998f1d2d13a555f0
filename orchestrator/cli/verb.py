"""Verbs, found by their files: a file below verbs/ that says VERB = Verb(…) is a command.

Only that line is read, so that --help stays instant; the file is imported when its verb is called.
"""

from __future__ import annotations

import ast
import importlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click

_FOLDER = Path(__file__).with_name("verbs")
_SAID = re.compile(r"^VERB = Verb(\(.*?\))$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Verb:
    """One command. order: its place in a working day, by which --help lists them.

    The file holds the command under the verb's name, with _ for -.
    """

    name: str
    summary: str
    order: int
    module: str = ""

    def command(self) -> click.Command:
        """The command itself; imports what it needs."""
        found = getattr(importlib.import_module(self.module), self.name.replace("-", "_"))
        assert isinstance(found, click.Command)
        return found


@cache
def verbs() -> tuple[Verb, ...]:
    """All there are, in the order of a working day."""
    found = []
    for path in _FOLDER.rglob("*.py"):
        if said := _SAID.search(path.read_text("utf-8")):
            parts = path.relative_to(_FOLDER).with_suffix("").parts
            module = ".".join(("orchestrator.cli.verbs", *parts))
            name, summary, order = ast.literal_eval(said[1])
            found.append(Verb(name, summary, order, module))
    return tuple(sorted(found, key=lambda verb: verb.order))
