"""What a task comes to on a host: its cases, its draws, and who judges."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from remote_payload.contract.request import Provider
from remote_payload.contract.words import Status
from remote_payload.operators.user.described import Asked
from remote_payload.operators.user.stated import BadOperator

torch = pytest.importorskip("torch")

from remote_payload.operators.adapted import tensors  # noqa: E402
from remote_payload.operators.gpumode.adapter import Adapter, fresh  # noqa: E402
from tests.laid_out import SEED  # noqa: E402
from tests.problems_gpumode.tasks import SAMPLES, Host, travelled  # noqa: E402

HOSTILE = SAMPLES.parent / "hostile" / "gpumode"
REFERENCE = Provider("reference")
CASES = 'tests:\n  - {"n": 3, "seed": 1}\nbenchmarks:\n  - {"n": 5, "seed": 2}\n'
INPUT = (
    "import torch\n"
    "def generate_input(n, seed):\n"
    "    g = torch.Generator(device='cuda').manual_seed(seed)\n"
    "    return torch.randn(n, generator=g, device='cuda')\n"
)
KERNEL = "def ref_kernel(data): return data + 1\n"
CHECK = (
    "def check_implementation(data, output):\n"
    "    return bool(torch.equal(output, data + 1)), 'off'\n"
)


def made(folder: Path, source: str, cases: str = CASES, **submissions: str) -> Host:
    """A task of that reference, travelled."""
    task = folder / "checkout" / "problems" / "sample"
    task.mkdir(parents=True)
    (task / "task.yml").write_text(cases)
    (task / "reference.py").write_text(source)
    paths = []
    for name, text in submissions.items():
        paths.append(folder / f"{name}.py")
        paths[-1].write_text(text)
    return travelled(task, folder / "host", paths)


def half(host: Host) -> Adapter:
    """Its half that needs torch."""
    found = tensors.half(host.own.target, host.setting.root, "cpu")
    assert isinstance(found, Adapter)
    return found


def test_that_tests_are_checked_and_benchmarks_are_timed_as_well(tmp_path: Path) -> None:
    host = travelled(SAMPLES / "rowsum", tmp_path)
    assert [case.size("seed") for case in host.cases] == [4201, 4202, 4203, 911]
    assert [case.size("seed") for case in host.described.untimed] == [4201, 4202, 4203]


def test_that_a_test_which_is_a_benchmark_too_is_one_case_and_timed(tmp_path: Path) -> None:
    cases = CASES.replace('"n": 3, "seed": 1', '"n": 5, "seed": 2')
    host = made(tmp_path, INPUT + KERNEL + CHECK, cases)
    assert len(host.cases) == 1
    assert host.described.untimed == ()


def test_that_tests_are_timed_where_there_is_no_benchmark(tmp_path: Path) -> None:
    host = made(tmp_path, INPUT + KERNEL + CHECK, CASES[: CASES.index("benchmarks")])
    assert [case.size("n") for case in host.cases] == [3]
    assert host.described.untimed == ()


def test_that_a_rehearsal_leaves_out_what_is_large(tmp_path: Path) -> None:
    cases = "tests:\n  - {n: 3, seed: 1}\n  - {n: 9000000, seed: 1}\n  - {n: 9, seed: 1}\n"
    cases += "benchmarks:\n  - {n: 4096, seed: 2}\n  - {n: 5, seed: 2}\n"
    host = made(tmp_path, INPUT + KERNEL + CHECK, cases)
    assert [case.size("n") for case in host.cases] == [3, 9, 5]


def test_that_a_case_of_the_users_own_takes_the_rest_from_the_first_test(tmp_path: Path) -> None:
    asked = Asked(sweeps=((("spread", ("0.25",)), ("rows", (2, 6))),))
    host = travelled(SAMPLES / "quantise_rows", tmp_path, asked=asked)
    labels = [case.label for case in host.cases]
    assert labels == [f"rows={n} cols=48 seed=111 bf16 spread=0.25" for n in (2, 6)]
    assert [record.status for record in host.check(REFERENCE)] == [Status.OK, Status.OK]
    assert host.described.untimed == ()


def test_that_a_case_has_the_dtype_of_its_own_tensors(tmp_path: Path) -> None:
    host = travelled(SAMPLES / "scaled_product", tmp_path)
    assert [case.dtype.value for case in host.cases] == ["fp16", "bf16", "bf16"]


def test_that_no_public_seed_reaches_generate_input(tmp_path: Path) -> None:
    source = "SEEN = []\n" + INPUT.replace("    g =", "    SEEN.append(seed)\n    g =")
    host = made(tmp_path, source + KERNEL + CHECK)
    seen: list[int] = half(host)._module.SEEN
    assert seen
    assert not {1, 2} & set(seen)
    assert all(0 <= seed < 2**31 for seed in seen)
    assert fresh(SEED, 1) != fresh(SEED, 2) != fresh(SEED + 1, 2)


def test_that_every_process_draws_the_same(tmp_path: Path) -> None:
    host = made(tmp_path, INPUT + KERNEL + CHECK)
    one, other = half(host), Adapter(half(host).problem, half(host).folder, tmp_path, "cpu")
    for first, second in zip(one.make(host.cases[0], 7), other.make(host.cases[0], 7), strict=True):
        assert torch.equal(first, second)


ODD = "    n = n + seed % 2\n    g ="
NEVER = "    n = n + seed % 1009\n    g ="


def test_that_shapes_which_follow_the_seed_are_drawn_until_they_fit(tmp_path: Path) -> None:
    host = made(tmp_path, INPUT.replace("    g =", ODD) + KERNEL + CHECK)
    assert [record.status for record in host.check(REFERENCE)] == [Status.OK, Status.OK]


def test_that_shapes_which_never_fit_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(BadOperator, match="other shapes for each seed on n=3 seed=1 fp32"):
        made(tmp_path, INPUT.replace("    g =", NEVER) + KERNEL + CHECK)


def test_that_without_a_check_our_own_tolerance_decides(tmp_path: Path) -> None:
    right = "def custom_kernel(data): return 1 + data\n"
    host = made(tmp_path, INPUT + KERNEL, right=right, wrong=right.replace("1 +", "1.001 +"))
    assert [record.status for record in host.check(host.candidate("right"))] == [Status.OK] * 2
    last = host.check(host.candidate("wrong"))[-1]
    assert "elements are outside the tolerance" in last.reason
    assert last.ruling is None


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("True, 'fine'", True),
        ("False, 'off'", False),
        ("''", True),
        ("'off'", False),
        ("True", True),
        ("torch.tensor(False), ''", False),
        ("None", False),
        ("0", False),
        ("'', True", False),
        ("True, '', 7", False),
        ("1 / 0", False),
        ("False, 'off ' * 10**6", False),
    ],
)
def test_that_only_a_clear_yes_is_right(said: str, right: bool, tmp_path: Path) -> None:
    source = INPUT + KERNEL + f"def check_implementation(data, output): return {said}\n"
    last = made(tmp_path, source).check(REFERENCE)[-1]
    assert last.ruling is not None
    assert last.ruling.right is right
    assert (last.status is Status.OK) is right
    assert len(last.reason) < 400
    assert "\n" not in last.reason


def test_that_the_check_sees_data_and_answers_of_the_forms_that_the_task_has(
    tmp_path: Path,
) -> None:
    source = (
        "import torch\nfrom typing import NamedTuple\n"
        "class Data(NamedTuple):\n    x: torch.Tensor\n    by: list\n"
        "def generate_input(n, seed):\n"
        "    torch.manual_seed(seed)\n    return Data(torch.randn(n), [2, 'x', None])\n"
        "def ref_kernel(data): return {'b': data.x * data.by[0], 'a': (data.x, None)}\n"
        "def check_implementation(data, output):\n"
        "    assert type(data) is Data and data.by == [2, 'x', None]\n"
        "    assert list(output) == ['b', 'a'] and output['a'][1] is None\n"
        "    return torch.equal(output['b'], 2 * data.x), 'other'\n"
    )
    kernel = (
        "def custom_kernel(data):\n"
        "    x = data.x.clone()\n    data.by.clear()\n    return {'a': [x], 'b': x + x}\n"
    )
    host = made(tmp_path, source, other_order=kernel, other_key=kernel.replace("'b':", "'c':"))
    assert [record.status for record in host.check(host.candidate("other_order"))] == [
        Status.OK
    ] * 2
    last = host.check(host.candidate("other_key"))[-1]
    assert last.reason == "returned a.0, c, expected b, a.0"


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("def ref_kernel(data): pass\n", "ref_kernel: expected tensors, got NoneType"),
        ("def ref_kernel(data): return data, 7\n", "ref_kernel: expected tensors, got Tensor, int"),
        ("def ref_kernel(data): return data[:0]\n", "got one without elements, [0]"),
        ("ref_kernel = 7\n", "reference.py: there is no function ref_kernel"),
        ("def ref_kernel(data): raise SystemExit(0)\n", "which ends the program"),
        ("import no_such_package\n", "reference.py imports no_such_package"),
    ],
)
def test_that_what_a_reference_does_wrong_is_told(
    kernel: str, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(BadOperator) as raised:
        made(tmp_path, INPUT + kernel + CHECK)
    assert expected in str(raised.value)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def generate_input(n): pass\n", "generate_input raised TypeError: "),
        (
            "def generate_input(n, seed): return n\n",
            "generate_input returned int, without a tensor",
        ),
        ("def other(n, seed): pass\n", "reference.py: there is no function generate_input"),
    ],
)
def test_that_what_draws_nothing_is_told(source: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(BadOperator) as raised:
        made(tmp_path, source + KERNEL)
    assert expected in str(raised.value)


def test_that_a_dtype_of_the_command_line_is_no_tasks(tmp_path: Path) -> None:
    dtypes: Any = ("fp16",)
    with pytest.raises(BadOperator, match="--dtype: what its tensors are of, generate_input says"):
        travelled(SAMPLES / "rowsum", tmp_path, asked=Asked(dtypes=dtypes))


def test_that_a_module_of_the_tasks_comes_before_a_package_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "installed"
    installed.mkdir()
    for name in ("task", "utils"):
        (installed / f"{name}.py").write_text("raise ImportError('somebody elses')\n")
    monkeypatch.syspath_prepend(str(installed))
    for name in ("task", "utils"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    right = SAMPLES / "rowsum" / "solutions" / "right.py"
    host = travelled(SAMPLES / "rowsum", tmp_path / "host", [right])
    assert host.check(host.candidate("right"))[-1].status is Status.OK


def test_that_a_submission_may_make_tensors_on_the_gpu_while_it_is_imported(tmp_path: Path) -> None:
    text = "import torch\nONE = torch.ones(1, device='cuda')\n"
    text += "def custom_kernel(data): return data + ONE\n"
    host = made(tmp_path, INPUT + KERNEL + CHECK, early=text)
    last = host.check(host.candidate("early"))[-1]
    assert last.status is Status.OK, last.reason
    assert last.implementation.endswith("device='cuda' redirected to the CPU")


def test_that_the_harmless_one_of_the_hostile_passes(tmp_path: Path) -> None:
    right = HOSTILE / "plain" / "solutions" / "right.py"
    host = travelled(HOSTILE / "plain", tmp_path, [right])
    assert {one.status for one in host.check(host.candidate("right"))} == {Status.OK}
