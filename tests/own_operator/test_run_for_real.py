"""A user's own operator through the real command line on this machine."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from remote_payload.contract import codec
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.cli.comparing import AGAIN, MADE, store
from tests.cli.conftest import REPOSITORY, Outcome, Project
from tests.own_operator.conftest import GOOD, Write

pytest.importorskip("torch")

QUICK = ("--rounds", "6", "--bench-budget", "1")
BROKEN = {
    "hangs while it is imported": (
        GOOD + "while True: pass\n",
        1,
        "op.py: reading it had not ended within 2 s; --case-limit gives it more",
    ),
    "crashes in its reference": (
        "import os, signal\n"
        + GOOD.replace("return torch.softmax", "os.kill(os.getpid(), signal.SIGSEGV) #"),
        1,
        "op.py: its inputs and reference on M=32 N=64 fp16 ended its process: the process was "
        "killed by SIGSEGV",
    ),
    "imports what the host lacks": (
        "import no_such_package\n" + GOOD,
        4,
        "op.py:1: it imports no_such_package, which the host's Python lacks",
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
    text, code, expected = BROKEN[broken]
    limit = ("--case-limit", "2") if "hangs" in broken else ()
    outcome = project.orchestrator("check", "--operator", str(op(text)), *limit)
    result = told(project, outcome)
    assert outcome.code == code, outcome.err
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
    case = ("--case", "M=64,N=128..256x2", "--dtype", "fp16,bf16")
    made = project.orchestrator(
        *project_of, "bench", "--operator", "five.py", *case, *QUICK, "--json"
    )
    assert made.code == 0, made.err
    result = codec.decode(Result, made.json["result"])
    assert result.operator.baseline == "reference"
    assert [one.case.label for one in result.cases] == [
        "M=64 N=128 fp16", "M=64 N=256 fp16", "M=64 N=128 bf16", "M=64 N=256 bf16",
    ]  # fmt: skip
    assert result.request.cases == tuple(one.case for one in result.cases)
    assert all(record.samples_us for record in result.bench)
    path.unlink()  # the report needs neither the file nor what it imports
    again = project.orchestrator(*project_of, "report", "latest", "--json")
    assert again.code == 0, again.err
    for run_id in (MADE, AGAIN):
        own = replace(result.request, run_id=run_id, snapshot="0" * 64)
        store(project.root, run_id, replace(result, request=own))
    compared = project.orchestrator(*project_of, "compare", MADE, AGAIN)
    assert "| mine | M=64 N=256 bf16 |" in compared.out, compared.err
    listed = project.orchestrator(*project_of, "runs")
    assert result.request.run_id in listed.out
    attached = project.orchestrator(*project_of, "attach", result.request.run_id)
    assert attached.code == 0, attached.err


@pytest.mark.parametrize(
    ("target", "providers"),
    [
        ("softmax.py", {"two_passes", "reference"}),
        ("norms.py:AddLayerNorm", {"native", "by_hand"}),
    ],
)
def test_the_examples_pass(project: Project, target: str, providers: set[str]) -> None:
    file = REPOSITORY / "examples" / target
    outcome = project.orchestrator(
        "check", "--operator", str(file), "--dtype", "fp16,bf16,fp32", "--json"
    )
    assert outcome.code == 0, outcome.err
    result = codec.decode(Result, outcome.json["result"])
    assert {record.provider for record in result.checks} == providers
    assert {record.status for record in result.checks} == {Status.OK}
    assert {record.case.dtype.value for record in result.checks} == {"fp16", "bf16", "fp32"}


def test_an_entry_of_kernels_yaml_runs_with_its_providers_of_which_the_wrong_one_is_refused(
    project: Project,
) -> None:
    (project.root / "ops").mkdir()
    scaled = (
        GOOD.replace("def reference(x):", "def reference(x, eps):") + "scalars = {'eps': 1.0}\n"
    )
    (project.root / "ops" / "layer.py").write_text(scaled)
    (project.root / "mine.py").write_text(
        "import torch\n"
        "def layer(x, eps): return torch.softmax(x, -1)\n"
        "def wrong(x, eps): return torch.softmax(x, -1) * (1 + eps / 50)\n"
    )
    (project.root / "kernels.yaml").write_text(
        "operators:\n  mylayer:\n    file: ops/layer.py\n    providers:\n"
        "      mine: mine.py:layer\n      off: mine.py:wrong\n      other: mine.py:layer\n"
    )
    asked = ("--operator", "mylayer", "--providers", "mine,off")
    outcome = project.orchestrator("check", *asked, "--json")
    assert outcome.code == 1, outcome.err
    result = codec.decode(Result, outcome.json["result"])
    assert {record.provider: record.status for record in result.checks} == {
        "mine": Status.OK,
        "off": Status.FAILED,
    }
    assert "elements are outside the tolerance" in result.reason
    assert result.request.operator == "layer.py"
