"""CONTRIBUTING's page "How to add …" is true: each is added to a copy of the tree, and works.

An operator has a test of its own, in tests/operators/test_one_folder.py.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.adding.changes import CHANGES
from tests.operators.test_one_folder import PARTS, ran
from tests.payload.running import ROOT

pytest.importorskip("torch")

RAW = ROOT / "tests" / "ncu" / "fixtures" / "raw_two_kernels.csv"
RUN = ("census", "--operator", "copy", "--case", "N=1024", "--json")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with every change made to it."""
    folder = tmp_path_factory.mktemp("adding")
    root = folder / "tree"
    for part in PARTS:
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    for change in CHANGES.values():
        change.make(root)
    (root / "inventory.yaml").write_text(
        "default: local\nhosts:\n  local:\n    transport: local\n    launcher: at_once\n"
        f"    workspace: {folder}/work\n"
    )
    return root


@pytest.fixture(scope="module")
def made(tree: Path) -> dict[str, Any]:
    """A run by the new verb, through the new launcher, of the new provider on the new dtype."""
    done = ran(tree, *RUN, "--providers", "torch,twice", "--dtype", "fp32,fp8_fnuz")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_an_added_verb_is_a_command_with_its_own_help(tree: Path) -> None:
    assert re.search(r"check .*\n +census +Count who passes\.\n +bench", ran(tree, "--help").stdout)
    assert "orchestrator census" in ran(tree, "census", "--help").stdout


def test_an_added_stage_runs_is_told_of_and_reported(tree: Path, made: dict[str, Any]) -> None:
    stages = {stage["stage"]: stage for stage in made["result"]["stages"]}
    assert stages["census"]["status"] == "ok"
    assert stages["census"]["facts"] == [["passed", "4"]]
    assert "| census | passed | 4 |" in Path(made["report"]).read_text("utf-8")


def test_an_added_provider_and_an_added_dtype_are_checked_and_labelled(
    made: dict[str, Any],
) -> None:
    found = {(c["provider"], c["case"]["dtype"], c["status"]) for c in made["result"]["checks"]}
    both = ("fp32", "fp8_fnuz")
    assert found == {(name, dtype, "ok") for name in ("torch", "twice") for dtype in both}
    assert "N=1024 fp8_fnuz" in Path(made["report"]).read_text("utf-8")


def test_an_added_launcher_started_the_job(tree: Path, made: dict[str, Any]) -> None:
    assert (tree.parent / "work" / "at-once" / made["run"] / "result.json").is_file()
    assert not (tree.parent / "work" / "jobs").exists()


def test_an_added_metric_is_named_on_the_page_of_counters(tree: Path, tmp_path: Path) -> None:
    # What profiled programs said before the table stays where it is.
    said, start, text = RAW.read_text("utf-8").partition('"ID"')
    rows = list(csv.reader(io.StringIO(start + text)))
    column = rows[0].index("lts__t_sector_hit_rate.pct")
    rows[0][column], rows[1][column] = "lts__t_sectors_op_read.sum", "sector"
    with (tmp_path / "raw.csv").open("w", encoding="utf-8", newline="") as file:
        file.write(said)
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    page = ran(tree, "import-ncu", str(tmp_path / "raw.csv"))
    assert "\nSectors read  " in page.stdout, page.stderr


@pytest.mark.parametrize("what", CHANGES)
def test_the_page_names_every_place_that_a_change_takes(what: str) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| {what} |"))
    assert int(row.split("|")[2]) == len(CHANGES[what].places)
    for place in CHANGES[what].places:
        known = place.replace("census", "NAME").replace("at_once", "NAME").replace("copy", "NAME")
        assert f"`{known}`" in row, known
