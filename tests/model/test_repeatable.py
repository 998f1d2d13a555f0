"""A command line that others may read still says how to make the run again."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.values.privacy.repeatable import Stand, as_repeatable, repeatable

HERE = Stand(Path("/srv/ada/attention/sub"), Path("/srv/ada/attention"))
# typed in HERE → as it is kept, and as it is read from a folder that older code wrote
LINES = [
    ("bench --host h100 --heads 96", None, None),
    ("check --provider m=pkg.mod:f --providers sdpa,sparsek", None, None),
    ("check --provider m=k/x.py:f", "check --provider m=sub/k/x.py:f", None),
    ("check --provider m=x.py:f", "check --provider m=sub/x.py:f", None),
    ("check --provider m=../k/x.py:f", "check --provider m=k/x.py:f", "'m=<your>/x.py:f'"),
    ("check --provider m=/srv/ada/attention/k/x.py:f", "check --provider m=k/x.py:f", "'m=<your>/x.py:f'"),
    ("check --provider m=~/acme/x.py:f", "check --provider 'm=<your>/x.py:f'", "<your>/x.py:f"),
    ("check --provider '--x=/home/ada/A B/x.py:f'", "check --provider '--x=<your>/x.py:f'", "<your>"),
    ("check --provider m=../../acme/x.py:f", "check --provider 'm=<your>/x.py:f'", "<your>/x.py:f"),
    ("--inventory /home/ada/acme/hosts.yaml check", "--inventory '<your>/hosts.yaml' check", "<your>"),
    ("--inventory=/home/ada/acme/hosts.yaml check", "'--inventory=<your>/hosts.yaml' check", "<your>"),
    ("--inventory ../hosts.yaml check", "--inventory hosts.yaml check", "'<your>/hosts.yaml'"),
    ("--runs /data/acme.old check", "--runs '<your runs>' check", "'<your runs>'"),
    ("--runs runs2 check", "--runs sub/runs2 check", None),
    ("ceilings --cutlass-source /home/ada/acme", "ceilings --cutlass-source '<your cutlass-source>'", "<your"),
    ("ceilings --cutlass-profiler ~/acme/prof", "ceilings --cutlass-profiler '<your cutlass-profiler>'", "<your"),
    ("check /home/ada/acme", "check '<your folder>'", "<your folder>"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "kept", "read"), LINES)
def test_what_is_kept_names_places_of_the_project_and_placeholders_for_the_rest(
    typed: str, kept: str | None, read: str | None
) -> None:
    line = f"orchestrator {typed}"
    assert repeatable(shlex.split(line), HERE) == f"orchestrator {kept or typed}"
    old = as_repeatable(line)
    assert old == line if read is None else read in old
    assert "acme" not in old
    assert "ada" not in old


def test_a_project_behind_a_link_is_the_same_project(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    stand = Stand(tmp_path / "real", tmp_path / "link")
    words = ["orchestrator", "check", "--provider", f"m={tmp_path}/real/x.py:f"]
    assert repeatable(words, stand) == "orchestrator check --provider m=x.py:f"


@pytest.mark.parametrize("line", ["unknown", "", "orchestrator bench 'half of it", "a  b"])
def test_a_line_that_was_never_typed_is_left_alone(line: str) -> None:
    assert as_repeatable(line) == line


@given(st.lists(st.text(st.characters(exclude_characters="\0"), min_size=1), min_size=1))
def test_what_was_made_repeatable_once_stays_as_it_is(words: list[str]) -> None:
    once = repeatable(["orchestrator", *words])
    assert as_repeatable(once) == once
