"""Odd but legal problems, and candidates that put their work off, of each format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.workflows.own import Beside
from remote_payload.contract.words import Fault, Status
from remote_payload.operators.base import BadCase
from remote_payload.operators.user.described import Asked
from remote_payload.operators.user.stated import BadOperator
from tests.laid_out import LaidOut

pytest.importorskip("torch")

MODEL = """
import torch
class Model(torch.nn.Module):
    def forward(self, x): return {"y": [x * 2]}
def get_inputs(): return [torch.rand(SIZE)]
def get_init_inputs(): return []
"""
TASK = "tests: [{n: 8, seed: 1}]\n"
REFERENCE = """
import torch
class Fields(dict):
    def __getattr__(self, name): return self[name]
def generate_input(n, seed):
    torch.manual_seed(seed)
    return Fields(x=torch.rand(n))
def ref_kernel(data): return {"y": data.x * 2}
"""
# Each gives at once what computes only when somebody looks: after the clock has stopped.
LATE = """
import torch
class Late(torch.Tensor):
    def clone(self): return self.x * 2
    detach = clone
class Items(dict):
    def items(self): return self.late().items()
    def __iter__(self): return iter(self.late())
    def __getitem__(self, key): return self.late()[key]
class Parts(list):
    def __iter__(self): return iter(self.late())
def tensor(x):
    made = torch.zeros_like(x).as_subclass(Late)
    made.x = x
    return {"y": made}
def dictionary(x):
    made = Items(y=torch.zeros_like(x))
    made.late = lambda: {"y": x * 2}
    return made
def parts(x):
    made = Parts([torch.zeros_like(x)])
    made.late = lambda: [x * 2]
    return {"y": made}
"""


def kernelbench(root: Path, size: str = "8", candidate: str = "") -> LaidOut:
    problem, new = root / "1_Twice.py", root / "new.py"
    problem.write_text(MODEL.replace("SIZE", size))
    new.write_text(candidate or MODEL.replace("Model", "ModelNew"))
    return LaidOut.of(root / "host", problem, Beside(submissions=(new,)))


def gpumode(root: Path, candidate: str) -> LaidOut:
    task = root / "twice"
    task.mkdir()
    (task / "task.yml").write_text(TASK)
    (task / "reference.py").write_text(REFERENCE)
    new = root / "new.py"
    new.write_text(candidate)
    return LaidOut.of(root / "host", task, Beside(submissions=(new,)))


def flashinfer(root: Path, returned: str, solution: str, fills: bool = False) -> LaidOut:
    """A definition with workloads of 3 and of 5 rows."""
    spec = {"shape": ["n"], "dtype": "float32"}
    definition: dict[str, Any] = {"name": "twice", "op_type": "odd", "axes": {"n": {"type": "var"}}}
    definition |= {"inputs": {"x": spec}, "outputs": {"y": spec}}
    definition["reference"] = f"import torch\ndef run(x):\n    return {returned}\n"
    random = {"x": {"type": "random"}}
    lines = [{"uuid": f"{n}" * 8 + "-aa", "axes": {"n": n}, "inputs": random} for n in (3, 5)]
    path, workloads, new = (root / name for name in ("twice.json", "lines.jsonl", "new.json"))
    path.write_text(json.dumps(definition))
    workloads.write_text("\n".join(map(json.dumps, lines)))
    how = {"language": "python", "entry_point": "new.py::run", "destination_passing_style": fills}
    source = {"path": "new.py", "content": f"import torch\ndef run(x, *out):\n    {solution}\n"}
    whole = {"name": "new", "definition": "twice", "spec": how, "sources": [source]}
    new.write_text(json.dumps(whole))
    return LaidOut.of(root / "host", path, Beside(workloads=workloads, solutions=(new,)))


@pytest.mark.parametrize("way", ["tensor", "dictionary", "parts"])
def test_what_is_computed_when_somebody_looks_is_no_output(tmp_path: Path, way: str) -> None:
    model = f"class ModelNew(torch.nn.Module):\n    def forward(self, x): return {way}(x)\n"
    record = kernelbench(tmp_path, candidate=LATE + model).check("new")
    assert record.status is Status.FAILED
    assert record.fault is (Fault.FORM if way == "tensor" else Fault.VALUES), record.reason


@pytest.mark.parametrize("way", ["tensor", "dictionary"])
def test_no_more_is_it_in_a_task(tmp_path: Path, way: str) -> None:
    kernel = f"{LATE}\ndef custom_kernel(data): return {way}(data.x)\n"
    record = gpumode(tmp_path, kernel).check("new")
    assert record.status is Status.FAILED
    assert record.fault is (Fault.FORM if way == "tensor" else Fault.VALUES), record.reason


def test_data_keep_their_own_kind_of_dict(tmp_path: Path) -> None:
    problem = gpumode(tmp_path, "def custom_kernel(data): return {'y': data.x + data.x}\n")
    assert problem.check("reference").status is Status.OK
    assert problem.check("new").status is Status.OK


def test_inputs_of_another_shape_for_each_seed_are_told_as_the_problems_own(
    tmp_path: Path,
) -> None:
    problem = kernelbench(tmp_path, "int(torch.randint(3, 99999, ()))")
    with pytest.raises(BadOperator, match="its inputs have other shapes for each seed"):
        problem.check("new")


def test_an_output_that_nobody_fills_is_never_right_by_luck(tmp_path: Path) -> None:
    record = flashinfer(tmp_path, "torch.zeros_like(x)", "pass", fills=True).check("new")
    assert record.reason == "by the rule of FlashInfer Trace: y holds what is not finite"
    assert record.deterministic


def test_where_the_reference_is_not_finite_nothing_is_said_to_agree(tmp_path: Path) -> None:
    some, none = tmp_path / "some", tmp_path / "none"
    some.mkdir()
    none.mkdir()
    first = "torch.where(torch.arange(len(x)) < 1, torch.inf, x)"
    record = flashinfer(some, first, "return x").check("new")
    assert record.status is Status.OK
    assert record.ruling is not None
    assert record.ruling.words.endswith("; 1 not compared, as the reference is not finite there")
    record = flashinfer(none, "x / 0", "return x").check("new")
    assert record.status is Status.FAILED
    assert "the reference gives nothing finite in y" in record.reason


def test_a_case_that_names_a_workload_has_its_axes(tmp_path: Path) -> None:
    problem = flashinfer(tmp_path, "x * 2", "return x * 2")
    named = ("workload", ("55555555",))
    (case,) = problem.found(Asked((((named),),))).gpu
    assert case.label == "n=5 fp32 workload=55555555"
    assert problem.check("new", case).status is Status.OK
    (other,) = problem.found(Asked(((("n", (7,)),),))).gpu
    assert other.label == "n=7 fp32"
    with pytest.raises(BadCase, match="there is no '4'; there are 33333333, 55555555"):
        problem.found(Asked(((("workload", ("4",)),),)))
    with pytest.raises(BadCase, match="the workload 55555555 has 5; leave out one of them"):
        problem.found(Asked(((named, ("n", (6,))),)))
