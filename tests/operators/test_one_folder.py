"""An operator is one folder: added to a copy of the tree, it is checked, timed and reported."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.operators.test_what_they_say import NAMES
from tests.payload.running import ROOT

pytest.importorskip("torch")

PARTS = ("orchestrator", "remote_payload", "templates", "csrc", "benchmarks/baselines")
DEFINITION = '''\
"""Half of every element."""

from __future__ import annotations

from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Gate, ProviderFacts, Role, Tolerance, Work
from remote_payload.operators.base import Axis, Input, Operator, Output


def _work(case):
    moved = case.size("N") * case.dtype.size_bytes
    return Work(case.size("N"), 2 * moved, moved, matrix=False)


OPERATOR = Operator(
    name="halving",
    title="halving",
    axes=(Axis("N", "length", "elements"),),
    dtypes=(DType.FP32,),
    providers=(ProviderFacts("torch", "PyTorch, a product", Role.BASELINE),),
    default_providers=("torch",),
    gpu_sweep={"N": (1 << 24,)},
    cpu_sweep={"N": (1024, 4096)},
    inputs=lambda case: (Input("x", (case.size("N"),)),),
    outputs=lambda case: (Output("out", (case.size("N"),)),),
    work=_work,
    tolerance=lambda case: Tolerance((Gate(0.0, 1e-45),)),
    tensors="remote_payload.operators.halving.tensors",
    reference="half of every element in fp64",
)
'''
TENSORS = '''\
"""The half that needs torch."""

from __future__ import annotations

from remote_payload.operators import torch_provider
from remote_payload.operators.base import Block


def load(name, setting):
    return torch_provider.eager(lambda x: x * 0.5, "a product")


def reference(case, x):
    yield Block(0, x.double() / 2)
'''
MINE = """\
def halved(x):
    return x / 2


def a_third(x):
    return x / 3
"""


def digests(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in PARTS
        for path in sorted((root / part).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def ran(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line of the copy, whose files are imported and travel."""
    hidden = {"CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "orchestrator", *arguments],
        cwd=root,
        env={**os.environ, **hidden},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_folder_is_all_it_takes_to_check_to_time_and_to_report_an_operator(
    tmp_path: Path,
) -> None:
    root = tmp_path / "tree"
    for part in PARTS:
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "inventory.yaml").write_text(
        f"default: local\nhosts:\n  local:\n    transport: local\n    workspace: {tmp_path}/work\n"
    )
    before = digests(root)
    folder = root / "remote_payload" / "operators" / "halving"
    folder.mkdir()
    files = {"__init__.py": '"""Halving."""\n', "definition.py": DEFINITION, "tensors.py": TENSORS}
    for name, text in files.items():
        (folder / name).write_text(text)
    (root / "mine.py").write_text(MINE)

    quick = ("--rounds", "2", "--starts", "2", "--bench-budget", "1")
    mine = ("--provider", "mine=mine.py:halved", "--provider", "third=mine.py:a_third")
    done = ran(root, "bench", "--operator", "halving", *mine, *quick)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("FAILED: third on N=1024 fp32: 1024 of 1024 elements are outside")
    shown = ran(root, "report", "latest").stdout.splitlines()
    assert shown[0] == done.stdout.splitlines()[0]
    report = Path(shown[-1]).read_text()
    assert report.startswith("# FAILED on ")
    assert "halving, " in report.partition("What\N{NO-BREAK SPACE}ran?")[2].partition("\n")[0]
    assert "| mine | N=4096 fp32 |" in report
    assert "Speed-up against torch" in report
    assert "| GB/s |" in report
    assert "\n## Times warm (back to back): fp32\n" in report
    assert " mine, µs |" in report
    assert "Reference: half of every element in fp64;" in report

    added = {f"remote_payload/operators/halving/{name}" for name in files}
    after = digests(root)
    assert set(after) - set(before) == added
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("name", NAMES)
def test_no_stage_no_report_and_no_figure_knows_an_operator_by_its_name(name: str) -> None:
    rooms = [f"remote_payload/{room}" for room in ("stages", "run", "providers", "contract")]
    rooms += [f"orchestrator/{r}" for r in ("report", "performance", "doctor", "workflows", "cli")]
    knowing = [
        str(path.relative_to(ROOT))
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        # What init writes is the user's own, whatever ours is called.
        if "init" not in path.parts
        and (f'"{name}"' in path.read_text() or f"operators.{name}" in path.read_text())
    ]
    assert knowing == []
