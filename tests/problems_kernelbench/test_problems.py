"""What a problem's file is read as, and what it comes to on a host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import UsageError
from orchestrator.workflows.own import Beside
from orchestrator.workflows.problems import problems, recognise
from remote_payload.contract.dtypes import DType
from remote_payload.contract.words import Fault, Status
from remote_payload.operators.adapted import tensors
from remote_payload.operators.base import BadCase
from remote_payload.operators.kernelbench import reading
from remote_payload.operators.user.described import Asked
from remote_payload.operators.user.stated import BadOperator
from tests.laid_out import SEED, LaidOut
from tests.problems_kernelbench.conftest import PROBLEMS

torch = pytest.importorskip("torch")

HEAD = "import torch\nimport torch.nn as nn\n"
DOUBLE = """class Model(nn.Module):
    def forward(self, x):
        return x * 2
"""
ENDS = """def get_inputs():
    return [torch.rand(rows, cols)]
def get_init_inputs():
    return []
"""
PLAIN = HEAD + DOUBLE + "rows, cols = 4, 8 * 2\n" + ENDS


def new(body: str) -> str:
    return f"{HEAD}class ModelNew(nn.Module):\n    def forward(self, x):\n        {body}\n"


def test_that_whole_numbers_and_switches_of_the_top_level_are_axes() -> None:
    text = """
a = 4096 * 2
b = c = -3
d, (e, f) = 2 ** 5, (1 << 3, True)
g: int = 7
h = a // 2          # computed of another, which it follows
i = 1.5
k = (3, 3)
m = 5
m += 1              # not what it was
n = 2
if a: n = 3
for o in range(3): pass
p = 9 ** 9 ** 9
q = 2
def q(): pass
r = 1 // 0
class Model: pass
def get_inputs(): s = 3
def get_init_inputs(): pass
"""
    axes = reading.from_text(text, "x.py").axes
    assert axes == {"a": 8192, "b": -3, "c": -3, "d": 32, "g": 7}


@pytest.mark.parametrize("file", sorted(PROBLEMS.glob("level*/*.py")), ids=lambda p: p.stem)
def test_that_a_problem_is_recognised_and_read_at_home(file: Path) -> None:
    assert recognise.format_of(file) == "kernelbench"
    own = problems.own("kernelbench", file, Beside())
    assert (own.name, own.format) == (file.stem, "kernelbench")
    assert own.said.providers == ("torch-compile",)


def test_that_a_file_that_is_no_problem_is_told_with_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "half.py"
    path.write_text(HEAD + DOUBLE)
    with pytest.raises(UsageError, match=r"half.py:1: there is no function get_inputs in it"):
        problems.own("kernelbench", path, Beside())
    path.write_text(PLAIN)
    with pytest.raises(UsageError, match="expected a Python file with a class ModelNew"):
        problems.own("kernelbench", path, Beside(submissions=(tmp_path / "new.cu",)))
    with pytest.raises(UsageError, match="--solution does not go with half"):
        problems.own("kernelbench", path, Beside(solutions=(tmp_path / "new.json",)))


def test_that_a_case_states_the_sizes_that_differ_and_what_is_computed_follows(
    problem: Any,
) -> None:
    text = HEAD + DOUBLE + "rows = 4\nwide = rows * 2\ncols = 3\nflip = True\n"
    host: LaidOut = problem(text + ENDS.replace("cols)]", "wide)]"))
    assert [case.label for case in host.found().cpu] == ["fp32"]
    one, case = host.first()
    assert one.of(case).inputs[0].size == (4, 8)
    assert one.of(case).inputs[0].name == "x"
    sweep = (("rows", (4, 6)), ("flip", (False,)))
    found = host.found(Asked(sweeps=(sweep,), dtypes=(DType.FP16,)))
    assert [case.label for case in found.cpu] == ["fp16 flip=false", "rows=6 fp16 flip=false"]
    one, case = host.first(Asked(sweeps=((("rows", (6,)),),), dtypes=(DType.BF16,)))
    assert (case.label, one.of(case).inputs[0].size) == ("rows=6 bf16", (6, 12))
    assert one.of(case).outputs[0].dtype == "bfloat16"
    with pytest.raises(BadCase, match="1_mine has no such axis"):
        host.found(Asked(sweeps=((("depth", (4,)),),)))


def test_that_a_sized_problem_finds_its_neighbours_and_counts_work(
    problem: Any, tmp_path: Path
) -> None:
    (tmp_path / "of the user").mkdir()
    (tmp_path / "of the user" / "beside.py").write_text("def twice(x): return x + x\n")
    text = HEAD.replace("\n", "\nfrom beside import twice\n", 1) + DOUBLE.replace(
        "x * 2", "twice(x) @ x.T"
    )
    host: LaidOut = problem(text + "rows, cols = 4, 16\n" + ENDS)
    one, case = host.first(Asked(sweeps=((("rows", (8,)),),)))
    work = one.of(case).facts.work
    assert work is not None
    assert (work.flop, work.traffic_bytes) == (2 * 8 * 8 * 16, 4 * (8 * 16 + 8 * 8))


def test_that_five_draws_are_looked_at_and_each_call_is_told(problem: Any) -> None:
    late = "ModelNew.calls += 1; return x * (2 if ModelNew.calls < {} else 3)"
    text = new(late).replace("    def", "    calls = 0\n    def")
    host: LaidOut = problem(PLAIN, fifth=text.format(5), sixth=text.format(6))
    fifth, sixth = host.check("fifth"), host.check("sixth")
    assert fifth.reason.startswith("its fifth call, on other inputs: by the rule of KernelBench")
    assert sixth.reason.startswith("its sixth call, on the first inputs again: ")


def test_that_whoever_changes_an_input_that_model_leaves_alone_is_refused(problem: Any) -> None:
    host: LaidOut = problem(PLAIN, writes=new("return x.mul_(2)"))
    record = host.check("writes")
    assert (record.fault, record.reason) == (Fault.INPUTS, "changed its input x")


def test_that_nan_is_wrong_also_where_model_has_it(problem: Any) -> None:
    text = PLAIN.replace("x * 2", "torch.log(x - 2)")
    record = problem(text).check("reference")
    assert record.status is Status.FAILED
    assert "64 of 64 elements of out are off" in record.reason
    assert "64 of them are NaN" in record.reason


@pytest.mark.parametrize(("dtype", "off"), [("fp32", 3e-4), ("fp64", 3e-4), ("bf16", 3e-2)])
def test_that_the_tolerance_goes_by_precision(problem: Any, dtype: str, off: float) -> None:
    asked = Asked(dtypes=(DType(dtype),))
    text = PLAIN.replace("x * 2", "x + 1")
    near, far = (new(f"return x + 1 + {off * share}") for share in (0.3, 1.7))
    host: LaidOut = problem(text, near=near, far=far)
    assert host.check("near", asked=asked).status is Status.OK
    assert "off by more than" in host.check("far", asked=asked).reason


def test_that_numbers_lists_and_dicts_come_out_as_tensors(problem: Any) -> None:
    text = PLAIN.replace("return x * 2", "return {'b': [x * 2, None], 'a': 3, 'c': True}")
    host: LaidOut = problem(text, right=new("return {'c': True, 'a': 3, 'b': (x + x,)}"))
    one, case = host.first()
    assert [form.dtype for form in one.of(case).outputs] == ["int64", "float32", "bool"]
    assert host.check("right").status is Status.OK


@pytest.mark.parametrize(
    ("old", "now", "words", "unfit"),
    [
        ("import torch\n", "import torch, no_such_package\n", "needs no_such_package, which", True),
        ("x * 2", "x @ torch.empty(1 << 50)", "reference finds no memory for that here", True),
        ("x * 2", "torch.cuda.Stream() and x", "reference needs a GPU: ", True),
        ("[torch.rand(rows, cols)]", "torch.rand(rows)", "get_inputs: expected a list", False),
        ("[torch.rand(rows, cols)]", "1 / 0", "get_inputs raised ZeroDivisionError", False),
        ("return []", "return [1]", "constructing Model raised TypeError: ", False),
        ("x * 2", "None", "reference: it gives nothing that could be compared", False),
        ("(nn.Module)", "", "Model is no class that derives from torch.nn.Module", False),
    ],
)
def test_that_what_model_lacks_is_told_and_whose_lack_it_is(
    problem: Any, old: str, now: str, words: str, unfit: bool
) -> None:
    assert old in PLAIN
    host: LaidOut = problem(PLAIN.replace(old, now))
    with pytest.raises(BadOperator) as told:
        host.first()
    assert words in str(told.value)
    assert told.value.unfit is unfit


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEAD + "def ModelNew(x): return x\n", "ModelNew is no class that derives from"),
        (HEAD + "class ModelNew(nn.Module): pass\n", "ModelNew has no forward"),
        (HEAD + "1 / 0\n", "could not be loaded: ZeroDivisionError"),
    ],
)
def test_that_a_file_without_a_proper_modelnew_is_told_when_it_is_loaded(
    problem: Any, text: str, reason: str
) -> None:
    record = problem(PLAIN, mine=text).check("mine")
    assert (record.status, record.fault) == (Status.FAILED, Fault.COMPILE)
    assert reason in record.reason


def test_that_no_more_inputs_are_held_than_are_needed(problem: Any) -> None:
    host: LaidOut = problem(PLAIN)
    one, case = host.first()
    half = tensors.half(one.facts.target, str(host.root), "cpu")
    first = half.make(case, SEED)
    assert half.seeded_scalars(case, SEED)["inputs"].filled(first)[0] is first[0]
    assert half._drawn is None
