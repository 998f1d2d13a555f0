"""What only running an operator's file tells: in a worker, with the file and the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remote_payload.contract import codec
from remote_payload.contract.dtypes import DType
from remote_payload.operators.setting import Setting
from remote_payload.operators.user.described import Asked
from remote_payload.operators.user.stated import BadOperator
from remote_payload.run.own_operator import _answer
from tests.own_operator.conftest import AXES, GOOD, INPUTS, REFERENCE, Write

torch = pytest.importorskip("torch")

from remote_payload.operators.problem import Problem, operator_of  # noqa: E402
from remote_payload.operators.user import describe, tensors  # noqa: E402

HEAD = "import torch\n"


def answer(path: Path, part: str = "", asked: Asked = Asked()) -> Any:  # noqa: B008
    """What the worker says of the file: its first case, or what is wrong."""
    tensors._half.cache_clear()
    target, root = f"{path.name}{part}", str(path.parent)
    found = _answer(path.name, describe.found, target, root, "cpu", asked)
    if isinstance(found, BadOperator):
        return found
    return _answer(path.name, describe.case_of, target, root, "cpu", found.cpu[0], 42)


WRONG = {
    "a list of no tensors": (
        HEAD + AXES + "def inputs(M, N): return [M, N]\n" + REFERENCE,
        "op.py:3: inputs: expected a tensor, or a list or dict of tensors, got int for x",
    ),
    "inputs that raise": (
        HEAD + AXES + "def inputs(M, N):\n    return torch.randn(M, -N)\n" + REFERENCE,
        "op.py:4: inputs raised RuntimeError: ",
    ),
    "nothing in a tensor": (
        HEAD + AXES + "def inputs(M): return torch.randn(M, 0)\n" + REFERENCE,
        "op.py:3: inputs: x of [32, 0] has no elements",
    ),
    "more inputs than the reference takes": (
        HEAD + AXES + "def inputs(M): return torch.randn(M), torch.randn(M)\n" + REFERENCE,
        "op.py:4: reference: it takes x; inputs gives x, x1",
    ),
    "inputs by other names": (
        HEAD + AXES + "def inputs(M): return {'y': torch.randn(M)}\n" + REFERENCE,
        "op.py:4: reference: it takes x; inputs gives y",
    ),
    "a scalar that the reference does not take": (
        GOOD + "scalars = {'eps': 1e-6}\n",
        "op.py:4: reference: it does not take the scalar eps",
    ),
    "a reference that raises": (
        HEAD + AXES + INPUTS + "def reference(x):\n    y = x @ x\n    return y\n",
        "op.py:5: reference raised RuntimeError: ",
    ),
    "a reference that gives no tensor": (
        HEAD + AXES + INPUTS + "def reference(x): return x.sum().item()\n",
        "op.py:4: reference: expected a tensor, or several in a tuple, got float",
    ),
    "a reference that gives nothing": (
        HEAD + AXES + INPUTS + "def reference(x): return ()\n",
        "op.py:4: reference: expected a tensor, or several in a tuple, got nothing",
    ),
    "other outputs than named": (
        GOOD + "outputs = ['y', 'lse']\n",
        "op.py:5: outputs: it names 2, and the reference gives 1",
    ),
    "whole numbers where fractions are named": (
        HEAD + AXES + INPUTS + "def reference(x): return x.argmax(-1)\noutputs = {'y': 'fp32'}\n",
        "op.py:5: outputs: y is to be float32, and the reference gives torch.int64",
    ),
    "a truth that is not finite": (
        HEAD + AXES + INPUTS + "def reference(x): return torch.log(x * 0)\n",
        "op.py:4: reference: 2048 of 2048 elements are not finite on M=32 N=64 fp16",
    ),
    "work of words": (
        GOOD + "def work(M): return {'flop': 'many'}\n",
        "op.py:5: work: flop: expected a number from 0 on, got 'many'",
    ),
    "a tolerance that says too little": (
        GOOD + "def tolerance(M): return M\n",
        'op.py:5: tolerance: expected {"rtol": 1e-3, "atol": 1e-5}, got 32',
    ),
    "a file that ends its process": (
        GOOD + "import sys\nsys.exit(3)\n",
        "op.py:6: importing it raised SystemExit(3), which ends the program",
    ),
    "a name that nothing binds": (
        GOOD + "axes['K'] = SIZE\n",
        "op.py:5: importing it raised NameError: ",
    ),
    "axes that only running it tells": (
        HEAD + "axes = {name: 1.5 for name in 'MN'}\n" + INPUTS + REFERENCE,
        "op.py:2: axes: M: expected a whole number",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_a_file_does_wrong_is_told_with_its_line(op: Write, wrong: str) -> None:
    text, expected = WRONG[wrong]
    said = answer(op(text))
    assert isinstance(said, BadOperator)
    assert expected in str(said)
    assert not said.unfit


def test_a_package_that_the_host_lacks_is_the_hosts_lack(op: Write) -> None:
    said = answer(op("import no_such_package\n" + GOOD, "lacks.py"))
    assert isinstance(said, BadOperator)
    assert said.unfit
    assert str(said).startswith("lacks.py:1: it imports no_such_package, which the host's Python")


def test_a_case_of_another_kind_than_the_file_shows_is_refused(op: Write) -> None:
    path = op(
        HEAD + "axes = {'M': 3, 'act': ['gelu', 'relu'], 'bias': False}\n"
        "def inputs(M, act, bias): return torch.randn(M)\ndef reference(x): return x\n",
        "kinds.py",
    )
    for sweep, expected in (
        ({"act": (1,)}, "--case: act: expected a word, such as gelu, got 1"),
        ({"M": ("big",)}, "--case: M: expected a number, such as 3, got big"),
        ({"bias": (4,)}, "--case: bias: expected yes or no, such as False, got 4"),
        ({"K": (4,)}, "--case: K: kinds.py has no such axis; it has M, act, bias"),
    ):
        said = answer(path, asked=Asked(sweeps=(tuple(sweep.items()),)))
        assert expected in str(said)


def test_words_and_switches_are_axes_too(op: Write) -> None:
    path = op(
        HEAD + "axes = {'M': 3, 'act': ['gelu', 'relu'], 'bias': False}\n"
        "def inputs(M, act, bias): return torch.randn(M + bias)\ndef reference(x): return x\n",
        "words.py",
    )
    asked = Asked(sweeps=((("bias", (False, True)), ("act", ("silu",))),))
    found = describe.found("words.py", str(path.parent), "cpu", asked)
    assert [case.label for case in found.gpu] == [
        "M=3 fp32 act=silu",
        "M=3 fp32 act=silu bias",
    ]
    one = describe.case_of("words.py", str(path.parent), "cpu", found.gpu[1], 1)
    assert one.inputs[0].size == (4,)


def test_a_list_sweeps_and_what_is_narrowed_takes_one(op: Write) -> None:
    path = op(GOOD.replace('"M": 32', '"M": [32, 64]'), "lists.py")
    found = describe.found(
        "lists.py", str(path.parent), "cpu", Asked(dtypes=(DType.FP16, DType.BF16))
    )
    assert [case.label for case in found.gpu] == [
        "M=32 N=64 fp16", "M=64 N=64 fp16", "M=32 N=64 bf16", "M=64 N=64 bf16",
    ]  # fmt: skip
    narrow = describe.found("lists.py", str(path.parent), "cpu", Asked(narrow=True))
    assert [case.label for case in narrow.gpu] == ["M=64 N=64 fp16"]


def test_products_are_counted_and_bytes_are_those_of_inputs_and_outputs(op: Write) -> None:
    text = (
        "import torch\naxes = {'M': 8, 'K': 32}\n"
        "def inputs(M, K, dtype): return torch.randn(M, K, dtype=dtype), torch.randn(K, 4, dtype=dtype)\n"
        "def reference(a, b): return a @ b\n"
    )
    work = answer(op(text, "gemm.py")).facts.work
    assert (work.flop, work.matrix, work.counted) == (2 * 8 * 32 * 4, True, True)
    assert (work.traffic_bytes, work.written_bytes) == (2 * (8 * 32 + 32 * 4 + 8 * 4), 2 * 8 * 4)


def test_inputs_are_the_same_for_all_processes_and_others_for_another_seed(op: Write) -> None:
    text = GOOD.replace("dtype=dtype", "dtype=dtype, generator=generator").replace(
        "N, dtype)", "N, dtype, generator)"
    )
    with_generator, without = op(text, "with.py"), op(GOOD, "without.py")
    for path in (with_generator, without):
        half = tensors.half(path.name, str(path.parent))
        case = describe.found(path.name, str(path.parent), "cpu", Asked()).gpu[0]
        first, again, other = half.make(case, 1), half.make(case, 1), half.make(case, 2)
        assert torch.equal(first[0], again[0])
        assert not torch.equal(first[0], other[0])


def test_the_reference_works_in_fp64_unless_the_file_wants_it_otherwise(op: Write) -> None:
    seen = {}
    for precision in ("fp64", "fp32", "given"):
        path = op(GOOD + f"precision = {precision!r}\n", f"{precision}.py")
        half = tensors.half(path.name, str(path.parent))
        case = describe.found(path.name, str(path.parent), "cpu", Asked()).gpu[0]
        seen[precision] = half.returned(case, half.make(case, 1))[0].dtype
    assert seen == {"fp64": torch.float64, "fp32": torch.float32, "given": torch.float16}


def test_inputs_that_no_seed_changes_are_noticed(op: Write) -> None:
    assert not answer(op(GOOD, "drawn.py")).frozen
    assert answer(op(GOOD.replace("torch.randn", "torch.ones"), "ones.py")).frozen


def test_what_was_found_out_survives_the_way_to_a_program_that_is_profiled(op: Write) -> None:
    path = op(GOOD.replace("{", "{'act': 'gelu', 'bias': True, "), "way.py")
    found = describe.found("way.py", str(path.parent), "cpu", Asked())
    one = describe.case_of("way.py", str(path.parent), "cpu", found.gpu[0], 1)
    own = found.described.with_case(one)
    setting = Setting("cpu", str(path.parent), 1, operator="way.py", own=own)
    read = codec.loads(Setting, codec.dumps(setting))
    assert read == setting
    problem = Problem(operator_of(read), found.gpu[0], read)
    assert [tuple(tensor.shape) for tensor in problem.drawn()] == [(32, 64)]


@pytest.mark.parametrize("dtype", ["fp16", "bf16", "fp32", "fp64"])
def test_the_usual_tolerance_lets_a_perfect_answer_through_and_an_error_of_5_percent_not(
    op: Write, dtype: str
) -> None:
    path = op(GOOD + "dtypes = ['fp16', 'bf16', 'fp32', 'fp64']\n", f"{dtype}.py")
    found = describe.found(path.name, str(path.parent), "cpu", Asked(dtypes=(DType(dtype),)))
    one = describe.case_of(path.name, str(path.parent), "cpu", found.gpu[0], 1)
    own = found.described.with_case(one)
    setting = Setting("cpu", str(path.parent), 1, operator=path.name, own=own)
    problem = Problem(operator_of(setting), found.gpu[0], setting)
    drawn = problem.drawn()
    perfect = torch.softmax(drawn[0].double(), -1)
    right = problem.measure((perfect.to(drawn[0].dtype),), drawn)
    wrong = problem.measure(((perfect * 1.05).to(drawn[0].dtype),), drawn)
    assert right.mismatches == 0
    assert wrong.mismatches > wrong.elements / 4
