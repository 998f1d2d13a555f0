"""What the text of an operator's file tells is told before any host is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Project
from tests.own_operator.conftest import AXES, GOOD, INPUTS, REFERENCE, Write

HEAD = "import torch\n"
WRONG = {
    "no reference": (HEAD + AXES + INPUTS, "op.py:1: there is no reference in it"),
    "no inputs": (HEAD + AXES + REFERENCE, "op.py:1: there is no inputs in it"),
    "no axes": (HEAD + INPUTS + REFERENCE, "op.py:1: there is no axes in it"),
    "no Python": (GOOD + "def f(:\n", "op.py:5: no Python: "),
    "a parameter that is no axis": (
        HEAD + AXES + "def inputs(M, K): return torch.randn(M, K)\n" + REFERENCE,
        "op.py:3: inputs: it takes K, which is no axis; expected some of M, N, dtype, generator",
    ),
    "axes that are a list": (
        HEAD + 'axes = ["M"]\n' + INPUTS + REFERENCE,
        "op.py:2: axes: expected a dict such as",
    ),
    "an axis of a fraction": (
        HEAD + 'axes = {"M": 1.5, "N": 2}\n' + INPUTS + REFERENCE,
        "op.py:2: axes: M: expected a whole number from 0 on",
    ),
    "an axis that is called dtype": (
        HEAD + 'axes = {"dtype": 1}\n' + INPUTS + REFERENCE,
        "op.py:2: axes: 'dtype' cannot be the name of an axis",
    ),
    "an unknown axis for the CPU": (
        GOOD + 'cpu_axes = {"K": 1}\n',
        "op.py:5: cpu_axes: 'K' is none of axes, which are M, N",
    ),
    "an unknown dtype": (
        GOOD + 'dtypes = ["half"]\n',
        "op.py:5: dtypes: expected some of fp16, bf16",
    ),
    "several dtypes, of which inputs hears nothing": (
        HEAD
        + AXES
        + "def inputs(M, N): return torch.randn(M, N)\n"
        + REFERENCE
        + 'dtypes = ["fp16", "bf16"]\n',
        "op.py:5: dtypes: inputs takes no dtype",
    ),
    "a reference that is no function": (
        HEAD + AXES + INPUTS + "reference = 3\n",
        "op.py:4: reference: expected a function, got 3",
    ),
    "a provider with the reference's name": (
        GOOD + "providers = {'reference': reference}\n",
        "op.py:5: providers: 'reference' is the reference run as a provider",
    ),
    "a baseline that is no provider": (
        GOOD + "def mine(x): return x\nproviders = [mine]\nbaseline = 'torch'\n",
        "op.py:7: baseline: expected one of mine, reference, got 'torch'",
    ),
    "half a tolerance": (
        GOOD + 'tolerance = {"rtol": 1e-3}\n',
        'op.py:5: tolerance: expected {"rtol": 1e-3, "atol": 1e-5}',
    ),
    "a tolerance of words": (
        GOOD + 'tolerance = {"rtol": "small", "atol": 0}\n',
        "op.py:5: tolerance: rtol: expected a number from 0 on, got 'small'",
    ),
    "a quotient of an unknown axis": (
        GOOD + 'per = "rows"\n',
        "op.py:5: per: expected an axis that counts (M, N), got 'rows'",
    ),
    "a precision that there is not": (
        GOOD + 'precision = "double"\n',
        "op.py:5: precision: expected 'fp64', 'fp32' or 'given', got 'double'",
    ),
    "work by what is no axis": (
        GOOD + "def work(rows): return {'flop': rows}\n",
        "op.py:5: work: it takes rows, which is no axis",
    ),
    "an output of no dtype": (
        GOOD + 'outputs = {"y": "int7"}\n',
        "op.py:5: outputs: y: expected one of dtype, fp16",
    ),
    "a misspelt name that would be passed over": (
        GOOD + 'tolerence = {"rtol": 1e-3, "atol": 0}\n',
        "op.py:5: tolerence: nothing reads it; write tolerance, or call it something else",
    ),
    "a misspelt function": (
        HEAD + AXES + INPUTS.replace("inputs", "input") + REFERENCE,
        "op.py:1: there is no inputs in it, but input looks like it",
    ),
    "classes of which none is named": (
        HEAD
        + "class Row:\n    axes = {'M': 1}\n    def inputs(M): pass\n    def reference(x): pass\n",
        "op.py:1: there is no reference in it, but in a class; name one, as in ",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_a_file_is_told_with_its_line(
    project: Project, op: Write, wrong: str
) -> None:
    text, expected = WRONG[wrong]
    before = project.files()
    outcome = project.orchestrator("check", "--operator", str(op(text)))
    assert outcome.code == 2
    assert expected in outcome.err
    assert "docs/operators.md" in outcome.err
    assert "Traceback" not in outcome.err
    assert project.files() == before


ASKED = {
    "an axis that it has not": (["--case", "K=3"], "K is no axis; expected some of M, N"),
    "no number": (["--case", "M=big"], "big: expected a number"),
    "attention's own option": (["--heads", "8"], "those of op.py are given by --case: M, N"),
    "a dtype that it does not take": (
        ["--dtype", "fp64"],
        "--dtype fp64: op.py takes fp16, bf16, fp32",
    ),
    "a provider that nobody has": (
        ["--providers", "their"],
        "unknown provider 'their'; known: reference",
    ),
    "a name that hides one of its own": (
        ["--provider", "reference=op.py:f"],
        "--provider reference: op.py has a provider of that name itself",
    ),
    "variants of our kernel": (["--variants", "lean"], "--variants is about our own kernel"),
}


@pytest.mark.parametrize("asked", ASKED)
def test_what_an_operator_cannot_be_asked_is_told_at_home(
    project: Project, op: Write, asked: str
) -> None:
    options, expected = ASKED[asked]
    outcome = project.orchestrator("check", "--operator", str(op(GOOD)), *options)
    assert outcome.code == 2
    assert expected in outcome.err


def test_a_file_that_is_not_there_and_a_word_that_means_nothing_say_what_was_expected(
    project: Project, op: Write
) -> None:
    lost = project.orchestrator("check", "--operator", "lost.py")
    assert lost.code == 2
    assert "lost.py cannot be read: No such file" in lost.err
    unknown = project.orchestrator("check", "--operator", "softmax2")
    assert unknown.code == 2
    assert "ours are attention" in unknown.err
    assert "path.py" in unknown.err
    no_class = project.orchestrator("check", "--operator", f"{op(GOOD)}:Row")
    assert "there is no class 'Row' in it" in no_class.err


def test_what_only_running_the_file_would_tell_is_left_to_the_host(
    project: Project, op: Write
) -> None:
    text = (
        "import torch\nfrom sizes import SIZES\naxes = dict(SIZES)\naxes['N'] = 64\n"
        "def decorated(f): return f\n@decorated\ndef inputs(*a): return None\n"
        "reference, providers = torch.exp, [torch.exp]\n"
    )
    path = op(text)
    op("SIZES = {'M': 3}\n", "sizes.py")
    outcome = project.orchestrator(
        "check", "--operator", str(path), "--case", "anything=3", "--dry-run"
    )
    assert outcome.code == 0, outcome.err


def test_the_file_and_what_it_imports_from_beside_it_travel_and_are_not_run_here(
    project: Project, op: Write, tmp_path: Path
) -> None:
    from orchestrator.workflows.operator_choice import choose

    ran = tmp_path / "ran"
    path = op(f"import sizes\nopen({str(ran)!r}, 'w')\n" + GOOD)
    op("M = 3\n", "sizes.py")
    own = choose(str(path), project.root).own
    assert own is not None
    assert [inside for inside, _ in own.extra] == ["operators/op/op.py", "operators/op/sizes.py"]
    assert (own.name, own.target) == ("op.py", "operators/op/op.py")
    assert not ran.exists()
