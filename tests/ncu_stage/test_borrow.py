"""Counters taken on another host, for the report of a run whose own host gives none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.workflows.borrow import split
from orchestrator.workflows.plan import Wish, plan
from orchestrator.workflows.profile import Order
from remote_payload.contract.words import Stage
from tests.cli.conftest import Project
from tests.cli.quick import quick_payload
from tests.ncu_stage.stand_in import RAW
from tests.report.reading import part

DOCTOR = Path(__file__).parents[1] / "fixtures" / "doctor"
# What lets a host pass for one whose GPU has counters, as far as a look at it goes.
LENDS = {
    "PATH": f"{DOCTOR / 'h100'}:/usr/local/bin:/usr/bin:/bin",
    "PYTHONPATH": str(DOCTOR / "torch_cuda"),
}

# A host of GPU model NAME (from its environment) whose ncu stage brings one hand-made page.
PAYLOAD = f"""
import os
from remote_payload.contract.machine import Machine
from remote_payload.contract.records import NcuRecord, NcuReport
from remote_payload.contract.result import StageReport
from remote_payload.contract.words import Stage

here = Machine("digest", "os", "SYNTHETIC CPU", 1, None, "3.11", gpu=os.environ["NAME"])
ncu = None
if Stage.NCU in request.stages:
    name = "artifacts/ncu/page.csv"
    page = Path(sys.argv[2]).parent / name
    page.parent.mkdir(parents=True)
    page.write_bytes(Path({str(RAW)!r}).read_bytes())
    done = NcuRecord("sdpa", request.cases[0], Status.OK, exit_code=0, artifacts=(name,))
    ncu = NcuReport("Version 2025.1.0.0 (build 35237751)", (done,))
stages = (StageReport(Stage.BUILD, Status.OK),)
answer(machine=here, ncu=ncu, stages=stages)
"""


def two_hosts(project: Project, here: str, there: str) -> None:
    folder, lender = project.root.parent, json.dumps({"NAME": there, **LENDS})
    project.inventory(
        "default: rented\nhosts:\n"
        f"  rented:\n    transport: local\n    workspace: {folder}/a\n    env: {{NAME: {here}}}\n"
        f"  owned:\n    transport: local\n    workspace: {folder}/b\n    env: {lender}\n"
    )
    quick_payload(project.root, PAYLOAD)


def test_an_order_is_split_into_times_and_counters_that_are_a_must(tmp_path: Path) -> None:
    stages = (Stage.BUILD, Stage.CHECK, Stage.BENCH, Stage.NCU)
    order = Order(tmp_path, "profile", "orchestrator profile", plan(Wish(stages), tmp_path))
    timed, counted = (one.plan.request for one in split(order))
    assert timed == replace(order.plan.request, stages=stages[:3])
    assert counted.stages == (Stage.BUILD, Stage.CHECK, Stage.NCU)
    assert counted.ncu.required
    assert [case.size("H") for case in counted.cases] == [96]


def test_counters_of_another_host_of_the_same_model_enter_the_report_and_stay_there(
    project: Project,
) -> None:
    two_hosts(project, "H100", "H100")
    outcome = project.orchestrator("profile", "--heads", "8,96", "--ncu-host", "owned")
    assert outcome.code == 0, outcome.err
    report = Path(outcome.out.splitlines()[-1])
    told = report.read_text()
    assert "Counters of 1 profiled call. Taken on another machine: run " in told
    assert "| sdpa | B=16 H=96 S=512 D=64 fp16 | 2 |" in told
    assert "Stage ncu: not asked for." in told
    runs = [row["run"] for row in project.orchestrator("runs", "--json").json]
    lent = next(name for name in runs if name.endswith("-owned-ncu"))
    # What was borrowed is kept: neither the other run nor a host is needed again.
    assert project.orchestrator("runs", "rm", lent, "--yes").code == 0
    assert project.orchestrator("report", report.parent.name).code == 0
    assert report.read_text() == told


def test_that_counters_that_are_not_what_was_lent_do_not_enter_the_report(project: Project) -> None:
    two_hosts(project, "H100", "H100")
    outcome = project.orchestrator("profile", "--heads", "96", "--ncu-host", "owned")
    report = Path(outcome.out.splitlines()[-1])
    page = report.parent / "lent" / "artifacts" / "ncu" / "page.csv"
    assert project.orchestrator("runs", "show", report.parent.name, "--json").json["changed"] == []

    def counters() -> str:
        assert project.orchestrator("report", report.parent.name).code == 0
        told = report.read_text()
        return part(told, "Hardware counters") + part(told, "Not measured: ")

    assert "| sdpa |" in counters()
    whole = page.read_bytes()
    page.write_bytes(whole + b"\n")
    told = counters()
    assert "Not measured: not what came home: page.csv." in told
    assert "- Hardware counters: not what came home: page.csv, on another machine: run " in told
    page.write_bytes(whole)
    result = report.parent / "lent" / "result.json"
    result.write_bytes(result.read_bytes() + b"\n")
    assert "does not fit this one: result.json is not what came home (" in counters()
    card = report.parent / "lent" / "run.json"
    card.write_bytes(card.read_bytes().replace(b'"owned"', b'"other"'))
    result.write_bytes(result.read_bytes()[:-1])
    assert "does not fit this one: result.json is not what was lent." in counters()


def test_counters_of_another_model_of_gpu_are_refused(project: Project) -> None:
    two_hosts(project, "H100", "A100")
    outcome = project.orchestrator("profile", "--ncu-host", "owned")
    assert outcome.code == 1
    assert "no counters from owned" in outcome.err
    told = Path(outcome.out.splitlines()[-1]).read_text()
    assert "does not fit this one: A100 there, H100 here." in told
    assert "| sdpa |" not in told


@pytest.mark.parametrize("more", [("--dry-run",), ("--no-ncu",), ("--ncu-host", "nobody")])
def test_the_other_host_is_part_of_a_dry_run_and_of_the_checks_before_a_run(
    project: Project, more: tuple[str, ...]
) -> None:
    two_hosts(project, "H100", "H100")
    outcome = project.orchestrator("profile", "--ncu-host", "owned", *more)
    if more == ("--dry-run",):
        assert outcome.code == 0
        assert "/a" in outcome.out
        assert "/b" in outcome.out
    else:
        assert outcome.code == 2
        assert not (project.root / "runs").exists()
