"""The agents that travel cannot import the layout: their own words are held equal to it here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import remote_payload.agent
from remote_payload.contract import layout

AGENTS = Path(remote_payload.agent.__file__).parent
WORDS = {value for name, value in vars(layout).items() if name.isupper()}
# What looks like a file or a folder of the workspace in an agent's text.
_FILE = re.compile(r'"(\w+\.(?:json|txt))"')
_FOLDER = re.compile(r'os\.path\.join\(ROOT, "(\w+)"')


@pytest.mark.parametrize("name", ["job", "receive", "cancelling", "pruning", "processes"])
def test_an_agent_names_no_file_or_folder_that_the_layout_does_not(name: str) -> None:
    text = (AGENTS / f"{name}.py").read_text("utf-8")
    named = {*_FILE.findall(text), *_FOLDER.findall(text)}
    assert named
    assert named <= WORDS


def test_doctor_looks_at_every_folder_of_the_workspace() -> None:
    text = (AGENTS / "places.py").read_text("utf-8")
    parts = re.search(r"^PARTS = (.*)$", text, re.MULTILINE)
    assert parts
    told = set(re.findall(r'"(\w+)"', parts[1]))
    assert told == {layout.JOBS, layout.SNAPSHOTS, layout.BUILDS, layout.LOCKS}
