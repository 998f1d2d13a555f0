"""A user's own operator through the real command line on this machine."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest

from remote_payload.contract import codec
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.cli.comparing import AGAIN, MADE, store
from tests.cli.conftest import REPOSITORY, Outcome, Project
from tests.own_operator.conftest import GOOD, Write

pytest.importorskip("torch")

QUICK = ("--rounds", "2", "--starts", "2", "--bench-budget", "1")
BROKEN = {
    "hangs while it is imported": (
        GOOD + "import time\ntime.sleep(600)\n",
        "op.py: reading it had not ended within 2 s; --case-limit gives it more",
    ),
    "crashes in its reference": (
        "import os, signal\n"
        + GOOD.replace("return torch.softmax", "os.kill(os.getpid(), signal.SIGSEGV) #"),
        "op.py: its inputs and reference on M=32 N=64 fp16 ended its process: the process was "
        "killed by SIGSEGV",
    ),
}


def told(project: Project, outcome: Outcome) -> Result:
    """The newest run's result, whose report was written too."""
    (newest,) = sorted((project.root / "runs").iterdir())[-1:]
    assert (newest / "report.md").is_file(), outcome.err
    return codec.loads(Result, (newest / "result.json").read_text("utf-8"))


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_file_ends_its_run_and_nothing_else(
    project: Project, op: Write, broken: str
) -> None:
    text, expected = BROKEN[broken]
    limit = ("--case-limit", "2") if "hangs" in broken else ()
    outcome = project.orchestrator("check", "--operator", str(op(text)), *limit)
    result = told(project, outcome)
    assert outcome.code == 1, outcome.err
    assert expected in result.reason
    assert expected in outcome.out + outcome.err
    assert result.status is Status.FAILED
    assert [stage.status for stage in result.stages] == [Status.SKIPPED]


def five_lines() -> str:
    """The example of the page."""
    page = (REPOSITORY / "docs" / "operators.md").read_text("utf-8")
    found = re.search(r"<!-- five\.py -->\n```python\n(.*?)```", page, re.DOTALL)
    assert found is not None
    assert len(found[1].splitlines()) == 5
    return found[1]


def test_the_five_lines_of_the_page_are_checked_timed_and_compared(
    project: Project, op: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = op(five_lines(), "five.py")
    op("import torch\ndef softmax(x): return torch.softmax(x, -1) * 1.02\n", "fast.py")
    monkeypatch.chdir(path.parent)
    project_of = (
        "--inventory",
        str(project.root / "inventory.yaml"),
        "--runs",
        str(project.root / "runs"),
    )
    case = ("--case", "M=64,N=128..256x2", "--dtype", "bf16")
    made = project.orchestrator(
        *project_of, "bench", "--operator", "five.py", *case, *QUICK, "--json"
    )
    assert made.code == 0, made.err
    result = codec.decode(Result, made.json["result"])
    assert result.operator.baseline == "reference"
    assert [one.case.label for one in result.cases] == [
        "M=64 N=128 bf16",
        "M=64 N=256 bf16",
    ]
    assert result.request.cases == tuple(one.case for one in result.cases)
    assert all(record.samples_us for record in result.bench)
    path.unlink()  # the report needs neither the file nor what it imports
    again = project.orchestrator(*project_of, "report", "latest", "--json")
    assert again.code == 0, again.err
    for run_id in (MADE, AGAIN):
        own = replace(result.request, run_id=run_id, snapshot="0" * 64)
        store(project.root, run_id, replace(result, request=own))
    compared = project.orchestrator(*project_of, "compare", MADE, AGAIN, "--format", "csv")
    assert "mine,64,256,bf16," in compared.out, compared.err
    listed = project.orchestrator(*project_of, "runs")
    assert result.request.run_id in listed.out
    attached = project.orchestrator(*project_of, "attach", result.request.run_id)
    assert attached.code == 0, attached.err


def test_an_example_passes_in_every_dtype(project: Project) -> None:
    file = REPOSITORY / "examples" / "softmax.py"
    asked = ("--operator", str(file), "--dtype", "fp16,bf16,fp32")
    outcome = project.orchestrator("check", *asked, "--json")
    assert outcome.code == 0, outcome.err
    result = codec.decode(Result, outcome.json["result"])
    assert {record.provider for record in result.checks} == {"two_passes", "reference"}
    assert {record.status for record in result.checks} == {Status.OK}
    assert {record.case.dtype.value for record in result.checks} == {"fp16", "bf16", "fp32"}


def test_an_entry_of_kernels_yaml_runs_with_its_providers_of_which_the_wrong_one_is_refused(
    project: Project,
) -> None:
    """The other example, whose operator has several outputs and a scalar."""
    (project.root / "ops").mkdir()
    shutil.copy(REPOSITORY / "examples" / "norms.py", project.root / "ops" / "norms.py")
    (project.root / "mine.py").write_text(
        "import torch\n"
        "def no_mean(x, residual, weight, eps):\n"
        "    total = x + residual\n"
        "    wide = total.float()\n"
        "    rstd = torch.rsqrt(wide.square().mean(-1) + eps)\n"
        "    return (wide * rstd[:, None] * weight).to(x.dtype), total, rstd\n"
    )
    (project.root / "kernels.yaml").write_text(
        "operators:\n  mylayer:\n    file: ops/norms.py\n    name: AddLayerNorm\n"
        "    providers:\n      rms: mine.py:no_mean\n      not_asked_for: mine.py:no_mean\n"
    )
    asked = ("--operator", "mylayer", "--providers", "by_hand,native,rms")
    outcome = project.orchestrator("check", *asked, "--json")
    assert outcome.code == 1, outcome.err
    result = codec.decode(Result, outcome.json["result"])
    assert {record.provider: record.status for record in result.checks} == {
        "by_hand": Status.OK,
        "native": Status.OK,
        "rms": Status.FAILED,
    }
    assert "first of normed at [0, " in result.reason
    assert result.request.operator == "norms.py:AddLayerNorm"
    assert result.operator.baseline == "native"
