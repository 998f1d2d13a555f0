"""`orchestrator site`, typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.errors import ExitCode
from orchestrator.store.runs import labels
from tests.index.kept import settle
from tests.site.made import FIRST, SECOND, Kept


def site(kept: Kept, *words: str) -> int:
    settle()
    return run(["--runs", str(kept.runs.root), "site", *words])


def test_it_says_what_it_did_where_the_site_is_and_how_to_open_it(
    three: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site(three, str(three.site)) == ExitCode.OK
    told = capsys.readouterr()
    assert "3 runs: 3 pages made, 0 kept, 0 gone" in told.out
    assert told.out.splitlines()[-1] == str(three.site / "index.html")
    assert told.err.splitlines()[-1].endswith(
        f"open {(three.site / 'index.html').as_uri()} in a browser"
    )


def test_a_script_gets_it_in_figures(three: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    (three.runs.store.folder(SECOND) / "result.json").write_text("{half")
    site(three, str(three.site), "--json")
    said = json.loads(capsys.readouterr().out)
    assert (said["runs"], said["written"], said["kept"], said["removed"]) == (3, 3, 0, 0)
    assert [*said["unreadable"]] == [SECOND]
    files = [path for path in three.site.rglob("*") if path.is_file()]
    assert said["bytes"] == sum(path.stat().st_size for path in files)
    site(three, str(three.site), "--json")
    again = json.loads(capsys.readouterr().out)
    assert (again["written"], again["kept"], again["bytes"]) == (0, 3, said["bytes"])


def test_a_run_without_a_report_is_told_of(three: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    (three.runs.store.folder(SECOND) / "result.json").write_text("{half")
    assert site(three, str(three.site)) == ExitCode.OK
    assert f"{SECOND} has a page that says why it has no report" in capsys.readouterr().err


def test_filters_are_those_of_a_list(three: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    three.tag(FIRST, "paper")
    site(three, str(three.site), "--tag", "paper", "--json")
    assert json.loads(capsys.readouterr().out)["runs"] == 1
    site(three, str(three.site), "--verb", "profile", "--json")
    assert json.loads(capsys.readouterr().out)["removed"] == 1


def test_a_folder_that_is_no_site_is_refused_with_what_to_do(
    three: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    assert site(three, str(tmp_path / "full")) == ExitCode.USAGE
    told = capsys.readouterr()
    assert told.out == ""
    assert "hint: Choose a new folder, or an empty one" in told.err


def test_a_folder_that_cannot_be_made_is_this_machines_refusal(
    three: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site(three, "/proc/self/site") == ExitCode.USAGE
    assert "error:" in capsys.readouterr().err


INVENTORY = """\
hosts:
  h100:
    transport: ssh
    address: ${NOBODY_SET_THIS}
    user: root
    identity_file: /keys/of-the-lab
    env: {API_TOKEN: tulip-bulb-4711, LANGUAGE: english}
"""


def test_what_a_host_that_cannot_be_used_now_keeps_private_is_on_no_page(
    three: Kept, tmp_path: Path
) -> None:
    """A variable of its address is not set, as after a pod has gone."""
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(INVENTORY)
    note = "english tulip-bulb-4711"
    labels.note(three.runs.store.folder(FIRST), note)
    settle()
    words = ["--inventory", str(inventory), "--runs", str(three.runs.root)]
    assert run([*words, "site", str(three.site)]) == ExitCode.OK
    pages = [path.read_text("utf-8") for path in three.site.rglob("*") if path.is_file()]
    assert any("english" in page for page in pages)
    assert not any("tulip-bulb-4711" in page for page in pages)


def test_an_inventory_that_cannot_be_read_ends_it_as_nobody_knows_what_is_private(
    three: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(INVENTORY.replace("user:", "users:"))
    words = ["--inventory", str(inventory), "--runs", str(three.runs.root)]
    assert run([*words, "site", str(three.site)]) == ExitCode.USAGE
    assert "write user in place of users" in capsys.readouterr().err
    assert not three.site.exists()
