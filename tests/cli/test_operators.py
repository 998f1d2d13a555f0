"""RMSNorm and its like from the command line to the report, here and over a real sshd."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from remote_payload.contract import codec
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status
from remote_payload.operators import registry
from tests.cli.conftest import Project
from tests.report.test_rmsnorm import FOREIGN
from tests.ssh.server import SshServer

pytest.importorskip("torch")

USAGE = 2


def result_of(folder: Path) -> Result:
    return codec.loads(Result, (folder / "result.json").read_text())


def test_rmsnorm_is_profiled_over_ssh_and_its_report_speaks_of_nothing_else(
    project: Project, sshd: SshServer
) -> None:
    project.add_ssh_host(sshd)
    arguments = ("--operator", "rmsnorm", "--providers", "torch", "--case", "T=1,64,D=512")
    swept = (
        "--dtype",
        "fp16,bf16",
        "--rounds",
        "2",
        "--starts",
        "2",
        "--bench-budget",
        "2",
        "--no-ncu",
    )
    done = project.orchestrator("profile", *arguments, *swept)
    assert done.code == 0, done.err
    (report,) = project.root.glob("runs/*/report.md")
    text = report.read_text()
    assert re.match(r"# (OK|UNSTEADY) on .*: torch takes .* µs on T=64 D=512 fp16", text)
    assert f"ran? | RMSNorm, {report.parent.name}, " in text
    assert done.out.startswith(("OK: torch takes ", "UNSTEADY: torch takes "))
    assert " µs on T=64 D=512 fp16 (back_to_back)" in done.out
    assert "Reference: RMSNorm in fp64 on the same inputs" in text
    assert "| Starts × rounds | GB/s | Of the binding roof |" in text
    told = ("GEMM", "no target is set", "Roofline")
    lines = [line for line in text.splitlines() if not any(one in line for one in told)]
    assert [line for line in lines if re.search(FOREIGN, line)] == []
    result = result_of(report.parent)
    rmsnorm = registry.find("rmsnorm")
    assert result.operator == rmsnorm.facts
    assert [one.case.label for one in result.cases] == [
        f"T={tokens} D=512 {dtype}" for dtype in ("fp16", "bf16") for tokens in (1, 64)
    ]
    assert result.cases == tuple(rmsnorm.facts_of(one.case) for one in result.cases)
    ran = [stage.stage for stage in result.stages if stage.status is Status.OK]
    assert Stage.BUILD not in [stage.stage for stage in result.stages]
    assert ran[:2] == [Stage.CHECK, Stage.BENCH]


def test_an_axis_of_words_is_swept_and_stands_in_labels_in_json_and_in_the_report(
    project: Project,
) -> None:
    case = ("--operator", "gemm_bias", "--case", "M=8,N=16,K=32,activation=gelu,silu")
    done = project.orchestrator("check", *case, "--providers", "torch", "--json")
    assert done.code == 0, done.err
    asked = done.json["result"]["request"]["cases"]
    assert [one["axes"][-1] for one in asked] == [["activation", "gelu"], ["activation", "silu"]]
    assert done.json["verdict"] == "OK: 2 checks passed; nothing was timed."
    report = Path(done.json["report"]).read_text()
    assert "| M=8 N=16 K=32 fp16 activation=silu | ok |" in report


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("profile", "--prove"), "--prove is about the kernel in csrc/"),
        (("bench", "--providers", "sdpa"), "rmsnorm has torch, torch-compile, triton"),
        (("check", "--heads", "8"), "those of rmsnorm are given by --case: T (tokens), D (hidden)"),
        (("check", "--case", "S=8"), "S is no axis; expected some of T, D"),
        (("check", "--case", "T=0"), "tokens: expected 1 or more, got 0"),
        (("check", "--dtype", "fp64"), "--dtype: rmsnorm takes fp16, bf16, fp32, got fp64"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_rmsnorm_has_not_got_is_a_usage_error_before_anything_is_written(
    project: Project, arguments: tuple[str, ...], words: str
) -> None:
    before = project.files()
    outcome = project.orchestrator(arguments[0], "--operator", "rmsnorm", *arguments[1:])
    assert outcome.code == USAGE
    assert words in " ".join(outcome.err.split())
    assert project.files() == before
