"""import-ncu --json: strict JSON, safe and discreet, whatever stands in the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli.verbs.import_ncu import import_ncu
from orchestrator.workflows.publishing import import_ncu as workflow


@pytest.mark.parametrize("odd", ["\u00a0", "\x7f", "\x9b2J", "\u202e", "\x1b[31m", '"', "\\", "\t"])
@pytest.mark.parametrize("place", ["Kernel", "Metric", "Unit", "Value"])
def test_json_on_a_terminal_is_json_and_safe_whatever_the_file_names(
    odd: str, place: str, tmp_path: Path
) -> None:
    names = {"Kernel": "k", "Metric": "a__b.avg", "Unit": "%", "Value": "5.4"}
    names[place] = f"x{odd}y"
    row = ",".join('"{}"'.format(one.replace('"', '""')) for one in ("0", *names.values()))
    header = '"ID","Kernel Name","Metric Name","Metric Unit","Metric Value"'
    path = tmp_path / "odd.csv"
    path.write_text(f"{header}\n{row}\n", encoding="utf-8")
    printed = CliRunner().invoke(import_ncu, [str(path), "--json"]).stdout
    assert printed.isascii()
    assert json.dumps(f"x{odd}y")[1:-1] in printed
    (launch,) = json.loads(printed)["launches"]
    ((name, metric),) = launch["metrics"].items()
    held = {"Kernel": launch["kernel"], "Metric": name, "Unit": metric["unit"]}
    assert f"x{odd}y" in held.get(place, metric.get("said", ""))


def test_a_number_that_our_unit_cannot_hold_is_none_and_stands_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_text(
        '"ID","Kernel Name","Device","CC","Invocations","Section Name","Metric Name",'
        '"Metric Unit","Minimum","Maximum","Average"\n'
        '"0","k","0","9.0","2","S","a__b.sum","second","1","1e305","1e305"\n'
        '"0","k","0","9.0","2","S","a__c.sum","second","1","1e305","2"\n'
    )
    printed = CliRunner().invoke(import_ncu, [str(path), "--json"])
    assert printed.exit_code == 0, printed.output
    metrics = json.loads(printed.stdout, parse_constant=pytest.fail)["launches"][0]["metrics"]
    assert metrics["a__b.sum"] == {"value": None, "unit": "second", "said": "1e305"}
    assert metrics["a__c.sum"] == {"value": 2 * 10**9, "unit": "ns"}


def test_json_hides_what_is_private_in_names_and_units_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        '"ID","Kernel Name","Metric Name","Metric Unit","Metric Value"\n'
        '"0","k","ssh root@203.0.113.7 -p 22042","token=abcdefgh12345","1"\n'
        '"0","k","y__t","203.0.113.7","1"\n'
    )
    text = workflow.document(workflow.import_file(path))
    assert json.loads(text)
    assert not [word for word in ("203.0.113.7", "22042", "abcdefgh12345") if word in text]
