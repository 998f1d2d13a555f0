"""Names, notes and words from anywhere are text on every page, and no file's name but as a digest."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.report.site import names
from orchestrator.report.site.listing import data
from orchestrator.report.site.script import call
from orchestrator.store.index.values import Entry
from orchestrator.store.runs import labels
from orchestrator.values.privacy import kept_words
from orchestrator.values.run import Revision
from remote_payload.contract.result import Result
from tests.history.made import name_of
from tests.index.kept import edited
from tests.report import synthetic
from tests.site.made import FIRST, SECOND, Kept, broken, seen, slower

HOSTILE = (
    "</script><script>alert(1)</script><!--<script> ]]>\u2028\u2029'\"`${x}&lt;\x00\x1b[2J\u202e"
)
FOLDERS = (
    "a b <img src=x onerror=alert(1)>",
    "..'\"&#x3c;",
    "ünïcode % ?#",
    "-rf",
    "x" * 200,
    "latest",
    "_a",
)
FORMED = re.compile(r"^siteRuns\((.*)\);\n$", re.DOTALL)


def loaded(kept: Kept) -> dict[str, Any]:
    found = FORMED.match((kept.site / "data/runs.js").read_text("ascii"))
    assert found
    said: dict[str, Any] = json.loads(found[1])
    return said


def require_harmless(kept: Kept) -> None:
    for path in kept.site.rglob("*.html"):
        page = seen(path)
        assert page.tags.count("script") == len(page.loads) - 1
        assert not page.handlers
        assert "img" not in page.tags
    for path in kept.site.rglob("data/**/*.js"):
        text = path.read_text("ascii")
        assert "<" not in text
        assert ">" not in text
        assert text.count("\n") == 1
    assert broken(kept.site) == []


def test_a_note_and_a_reason_are_text(three: Kept) -> None:
    labels.note(three.runs.store.folder(FIRST), HOSTILE)
    edited(three.runs.store.folder(SECOND) / "end.json", message=HOSTILE)
    three.make()
    require_harmless(three)
    assert "&lt;/script&gt;" in three.page(FIRST)


def renamed(of: Result, name: str) -> Result:
    """The result with our own provider called so."""
    bench, checks = (
        tuple(replace(one, provider=name) if one.provider == "sparsek" else one for one in records)
        for records in (of.bench, of.checks)
    )
    return replace(of, bench=bench, checks=checks)  # type: ignore[arg-type]


def test_names_of_providers_and_operators_are_text(kept: Kept) -> None:
    name, of_commit = "x</script><script>alert(1)", (Revision(name_of(1), True),)
    for run, of in ((FIRST, synthetic.gpu_result()), (SECOND, slower(1.1))):
        kept.runs.home(run, renamed(of, name), revisions=of_commit)
    kept.make()
    require_harmless(kept)
    assert len(list((kept.site / "history").iterdir())) == 2


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_runs_folder_may_be_called_anything(three: Kept, folder: str) -> None:
    moved = three.runs.root / folder
    three.runs.store.folder(SECOND).rename(moved)
    three.make()
    require_harmless(three)
    pages = {path.name for path in (three.site / "runs").iterdir()}
    assert pages == {
        f"{names.stem(run)}.html" for run in (FIRST, folder, "20261122-101530-h100-bench")
    }
    assert all(re.fullmatch(r"[\w.-]+\.html", page) for page in pages)
    shutil.rmtree(moved)
    assert three.make().removed == 1


def test_a_runs_folder_of_bytes_that_are_no_text_has_a_page(three: Kept) -> None:
    three.runs.store.folder(SECOND).rename(three.runs.root / os.fsdecode(b"\xff\xfe run"))
    done = three.make()
    require_harmless(three)
    assert done.written == 3
    assert three.make().kept == 3


def test_no_two_runs_share_a_page() -> None:
    made = [names.stem(run) for run in (*FOLDERS, FIRST, names.stem("a b"), "a b", "A")]
    assert len(set(made)) == len(made)


def test_a_script_holds_nothing_that_ends_it_wherever_it_is_put() -> None:
    text = call("f", HOSTILE, {HOSTILE: [HOSTILE, 1.5, None]})
    assert text.isascii()
    assert not re.search(r"[<>\u2028\u2029\x00]|</|<!--", text)
    assert json.loads(text[2:-3].partition(",{")[0]) == HOSTILE


def test_what_is_private_leaves_on_no_page(three: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_words, "private", {"secret-machine"})
    labels.note(three.runs.store.folder(FIRST), "harmless")
    edited(
        three.runs.store.folder(FIRST) / "run.json",
        note="on secret-machine at 203.0.113.9:22042, /home/somebody/keys/id, token=abcdefgh12345678",
        tags=["secret-machine"],
        host="secret-machine",
    )
    three.runs.store.folder(SECOND).rename(three.runs.root / "run of secret-machine")
    three.make()
    for name, said in three.read().items():
        for word in (b"secret-machine", b"203.0.113.9", b"somebody", b"abcdefgh12345678"):
            assert word not in said, (name, word)
        assert str(three.runs.root).encode() not in said, name
    assert len(loaded(three)["runs"]) == 3


def test_a_run_that_strangers_may_not_name_is_in_no_command() -> None:
    text = data([Entry("on-203.0.113.9", "ok")])
    assert "203.0.113.9" not in text
    assert "null" in text


def test_a_runs_name_that_a_shell_would_read_is_quoted_for_it() -> None:
    assert "'a b;rm'" in data([Entry("a b;rm", "ok")])


def test_a_link_in_the_place_of_a_page_is_not_followed(three: Kept, tmp_path: Path) -> None:
    three.make()
    outside = tmp_path / "outside.html"
    outside.write_text("mine")
    page = three.site / "runs" / f"{FIRST}.html"
    page.unlink()
    page.symlink_to(outside)
    three.make()
    assert outside.read_text() == "mine"
    assert not page.is_symlink()
