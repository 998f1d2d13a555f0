"""Whatever a host says, and by whichever way it leaves for others: it passes the one gate."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.report.charts.drawing import in_run, label
from orchestrator.report.charts.scaling import scaling
from orchestrator.report.figures import figures
from orchestrator.report.render import render
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.privacy import kept_words, redaction
from orchestrator.workflows.profile import new_card
from tests.cli.conftest import Project
from tests.cli.quick import quick_payload
from tests.report import synthetic
from tests.ssh.server import SshServer

POD = "k3j5h2gqfzd6s7"
SECRETS = ("203.0.113.7", "22042", "2001:db8::7", POD, "gpu.corp.invalid", "quietbox", "hush-hush")
FACTS = ("550.54.15", "9.1.0.70", "366.7 us", "16x8x512x64", "a.cu:4711: error", "12:30:45")
TOLD = (
    "ssh -p 22042 root@203.0.113.7 and [2001:db8::7]:22042; RUNPOD_TCP_PORT_22=22042; "
    f"https://{POD}-8888.proxy.runpod.net; quietbox and gpu.corp.invalid; HF_TOKEN=hush-hush; "
    "driver 550.54.15, nvidia-cudnn-cu12==9.1.0.70, 366.7 us, 16x8x512x64, a.cu:4711: error, 12:30:45"
)
READERS = (
    ("runs",),
    ("runs", "--json"),
    ("runs", "show", "latest"),
    ("runs", "show", "latest", "--json"),
    ("report", "latest"),
    ("report", "latest", "--json"),
    ("logs", "latest"),
    ("logs", "latest", "-f"),
    ("runs", "--host", "pod", "--json"),
    ("bench", "--host", "pod", "--json"),
)


@pytest.fixture(autouse=True)
def nothing_known_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_words, "private", set())


@pytest.fixture
def talkative(project: Project, sshd: SshServer) -> Project:
    """A host that tells all it knows, beside two machines of the inventory that it knows too."""
    project.add_ssh_host(sshd)
    inventory = (project.root / "inventory.yaml").read_text()
    project.inventory(
        f"{inventory}  other: {{transport: ssh, address: gpu.corp.invalid, user: a, python: python}}\n"
        "  h100: {transport: ssh, address: quietbox, user: a, python: python}\n"
    )
    quick_payload(project.root, f"print({TOLD!r})\nanswer(Status.FAILED, {TOLD!r})\n")
    return project


def left(text: str) -> list[str]:
    return [one for one in SECRETS if re.search(rf"(?<!\d){re.escape(one)}(?!\d)", text)]


def lost(text: str) -> list[str]:
    return [one for one in FACTS if one not in text]


def test_every_way_of_reading_a_run_passes_the_gate_and_loses_nothing(talkative: Project) -> None:
    assert talkative.orchestrator("bench", "--host", "pod").code == 1
    for words in READERS:
        done = talkative.orchestrator(*words)
        assert left(done.out + done.err) == [], words
        if (
            words[-1] not in ("runs", "bench", "pod")
            and "--host" not in words
            and "report" not in words
        ):
            assert lost(done.out) == [], words
    (folder, *_) = sorted((talkative.root / "runs").glob("[!.]*"))
    report = (folder / "report.md").read_text()
    assert left(report) == []
    assert lost(report.replace("&#95;", "_")) == []
    assert left((folder / "run.json").read_text()) == []


def test_json_keeps_the_path_that_a_script_goes_on_with(talkative: Project) -> None:
    kept_words.keep_private(str(talkative.root))
    path = json.loads(talkative.orchestrator("bench", "--host", "pod", "--json").out)["report"]
    assert Path(path).is_file()


def test_json_keeps_the_run_that_a_script_goes_on_with(project: Project) -> None:
    quick_payload(project.root)
    inventory = (project.root / "inventory.yaml").read_text().replace("local:", f"{POD}:", 1)
    project.inventory(inventory.replace("default: local", f"default: {POD}"))
    made = project.orchestrator("check", "--json").json["run"]
    assert f"-{POD}-check" in made
    assert project.orchestrator("report", made, "--json").json["run"] == made
    assert project.orchestrator("runs", "--json").json[0]["run"] == made
    assert project.orchestrator("runs", "--host", POD, "--json").json[0]["run"] == made


def test_what_hosts_are_called_here_and_how_they_are_reached_is_still_shown_to_their_owner(
    talkative: Project,
) -> None:
    shown = talkative.orchestrator("hosts", "show", "h100", "--json").json
    assert (shown["name"], shown["address"]) == ("h100", "quietbox")
    talkative.inventory(
        "hosts:\n  h100: {transport: ssh, address: h100, user: a, python: python}\n"
    )
    talkative.orchestrator("hosts")
    assert redaction.discreet("NVIDIA H100, host h100") == "NVIDIA H100, host h100"


def test_run_json_holds_the_command_without_what_it_said_of_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    host = Host("h100", TransportKind.SSH, "/home/ada/work", "python", address="203.0.113.7")
    typed = "orchestrator bench --host h100 --heads 96 --provider x=/home/ada/a.py:f"
    card = new_card("bench", host, "f" * 64, f"{typed} --note 'ssh -p 22042 root@203.0.113.7'")
    assert card.reproduce == (
        "orchestrator bench --host h100 --heads 96 --provider 'x=<your>/a.py:f' "
        "--note 'ssh -p (hidden) (address)'"
    )
    assert (card.workspace, card.snapshot) == ("<workspace>", "f" * 64)


def test_a_report_and_its_charts_name_no_machine() -> None:
    result = synthetic.gpu_result()
    named = replace(result, reason=TOLD, machine=synthetic.gpu_machine(cpu=TOLD, os=TOLD))
    report = render(synthetic.run(named))
    assert report.charts
    for text in (report.markdown, report.verdict, *(chart.svg for chart in report.charts)):
        assert [one for one in left(text) if one != "quietbox"] == []
    kept_words.keep_private("quietbox")
    assert left(render(synthetic.run(named)).markdown) == []


def test_a_chart_hides_what_a_providers_name_says_of_a_machine() -> None:
    assert label("served by root@203.0.113.7:22042") == "served by (address)"
    result = synthetic.gpu_result()
    name = "at 203.0.113.7:22042"
    bench = tuple(replace(r, provider=name) if r.provider == "sdpa" else r for r in result.bench)
    checks = tuple(replace(c, provider=name) if c.provider == "sdpa" else c for c in result.checks)
    chart = scaling(figures(replace(result, bench=bench, checks=checks)))[0]
    assert "at (address)" in chart.svg
    assert "203.0.113.7" not in chart.svg + chart.description
    assert "203.0.113.7" not in in_run("20261122-203.0.113.7-bench", "a.svg")


def test_counters_that_were_imported_are_as_discreet(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = project.root / "raw.csv"
    page.write_text(
        '"ID","Process ID","Process Name","Host Name","Kernel Name","Context","Stream","Block Size",'
        '"Grid Size","Device","CC","gpu__time_duration.sum"\n'
        '"","","","","","","","","","","","ns"\n'
        '"0","1","python","203.0.113.7","gemm<203.0.113.7:22042>(float)","1","7","(128, 1, 1)",'
        '"(16, 1, 1)","0","9.0","1234"\n'
    )
    for words in (("import-ncu", "raw.csv"), ("import-ncu", "raw.csv", "--json")):
        done = project.orchestrator(*words)
        assert done.code == 0, done.err
        assert left(done.out) == []
        assert "gemm" in done.out


def test_debug_output_hides_ports_and_pods_too(talkative: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", "--debug", "bench", "--host", "pod"],
        cwd=talkative.root,
        capture_output=True,
        text=True,
        env=None,
    )
    assert done.returncode == 1, done.stderr
    assert left(done.stderr) == []
    assert lost(done.stderr) == []
