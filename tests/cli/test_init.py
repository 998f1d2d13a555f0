"""init: what it writes works, nothing that is there is changed, and what is open is asked."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.cli.verbs.init.computation import KINDS, OPERATORS
from orchestrator.errors import ExitCode
from orchestrator.store.kernels import reading as kernels
from orchestrator.workflows.operator_choice import choose
from tests.cli.conftest import REPOSITORY, Outcome
from tests.ssh.terminal import on_terminal

LAYERS = """
import torch
from half import HALF

def scaled(x, weight, eps=1e-6, flip=False, *, how="plain", hook=None):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * weight * HALF

def any_number(*tensors): return tensors
"""
SIZES = ("--input", "x=M,N", "--input", "weight=N")


class Here:
    """An empty folder that one stands in."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root, capsys

    def __call__(self, *words: str) -> Outcome:
        self._capsys.readouterr()
        code = run(words)
        seen = self._capsys.readouterr()
        return Outcome(int(code), seen.out, seen.err)

    def files(self) -> dict[str, str]:
        """All that is there but what git keeps."""
        found = (path for path in self.root.rglob("*") if path.is_file())
        names = {path.relative_to(self.root).as_posix(): path for path in found}
        return {n: p.read_text() for n, p in names.items() if not n.startswith((".git/", "runs/"))}


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Here:
    root = tmp_path / "mine"
    root.mkdir()
    monkeypatch.chdir(root)
    return Here(root, capsys)


@pytest.fixture
def layers(here: Here) -> str:
    """A function of the user's own, which imports from beside itself."""
    (here.root / "lib").mkdir()
    (here.root / "lib" / "layers.py").write_text(LAYERS)
    (here.root / "lib" / "half.py").write_text("HALF = 0.5\n")
    return "lib/layers.py"


def require_read(here: Here, name: str, kind: str) -> None:
    """What was written is an operator and a provider to whoever reads it before a run."""
    entry = kernels.find(here.root).entries[name]
    (mine,) = entry.providers
    assert mine.target.endswith(f"{name}{KINDS[kind][0][0]}:{name}")
    choice = choose(name, here.root)
    assert choice.own is not None
    assert choice.axes
    for path, text in here.files().items():
        assert "{{" not in text, path
        assert "{%" not in text, path
        assert text.endswith("\n"), path
        if path.endswith(".py"):
            ast.parse(text)


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_every_operator_is_written_as_announced_and_can_be_read(
    here: Here, kind: str, operator: str
) -> None:
    words = ("--kind", kind, "--operator", operator)
    announced = here("init", *words, "--dry-run")
    assert announced.code == ExitCode.OK, announced.err
    assert here.files() == {}
    made = here("init", *words)
    assert made.code == ExitCode.OK, made.err
    listed = {line.removeprefix("wrote ") for line in made.out.splitlines()}
    assert listed == {line.removeprefix("would write ") for line in announced.out.splitlines()}
    assert listed == set(here.files())
    require_read(here, f"my_{operator}", kind)
    step = f"next: orchestrator profile --host local --operator my_{operator}"
    assert made.err.splitlines()[-1] == step


@pytest.mark.parametrize(
    ("kind", "operator", "code", "said"),
    [
        ("torch", "rmsnorm", ExitCode.OK, "mine"),
        ("triton", "gemm", ExitCode.UNFIT, "mine on M=128 N=128 K=128 fp16: "),
        ("cuda", "add", ExitCode.UNFIT, "mine on N=4096 fp16: "),
    ],
)
def test_the_next_command_gives_a_report_whatever_the_kind(
    here: Here, kind: str, operator: str, code: ExitCode, said: str
) -> None:
    """Without a GPU, maybe without Triton: what cannot run is named, and the reference is timed.
    A kernel in Python runs in tests/packaging/test_first_kernel.py."""
    pytest.importorskip("torch")
    made = here("init", "--kind", kind, "--operator", operator)
    next_step = made.err.splitlines()[-1].removeprefix("next: orchestrator ").split()
    axes = {axis.symbol: min(axis.cpu_size, 4096) for axis in OPERATORS[operator].axes}
    case = ",".join(f"{symbol}={size}" for symbol, size in axes.items())
    done = here(
        *next_step, "--case", case, "--device", "cpu", "--starts", "2", "--bench-budget", "1"
    )
    assert done.code == code, done.err
    assert said in done.out + done.err
    report = Path(done.out.splitlines()[-1])
    assert report.parents[1] == here.root / "runs"
    passed = {"mine", "reference"} if code == ExitCode.OK else {"reference"}
    rows = [line.split(" | ") for line in report.read_text().splitlines() if " | ok | " in line]
    assert {row[0].removeprefix("| ") for row in rows if "my_" in row[1]} == passed


@pytest.mark.parametrize("kind", KINDS)
def test_like_a_function_of_ones_own_imports_it_and_copies_nothing(
    here: Here, layers: str, kind: str
) -> None:
    before = here.files()
    made = here("init", "--kind", kind, "--like", f"{layers}:scaled", *SIZES)
    assert made.code == ExitCode.OK, made.err
    after = here.files()
    assert {path: after[path] for path in before} == before
    text = after["lib/my_scaled_operator.py"]
    assert "from layers import scaled\n" in text
    assert "scaled(x, weight, eps=eps, flip=flip, how=how)" in text
    assert "torch.rsqrt" not in "".join(after[path] for path in set(after) - set(before))
    require_read(here, "my_scaled", kind)
    assert ("still to be written" in made.err) == (kind != "python")


def test_a_reference_that_imports_from_beside_itself_is_checked_for_real(
    here: Here, layers: str
) -> None:
    pytest.importorskip("torch")
    here("init", "--kind", "python", "--like", f"{layers}:scaled", *SIZES)
    done = here("check", "--operator", "my_scaled", "--case", "M=8,N=16")
    assert done.code == ExitCode.OK, done.err
    assert "mine passed 1 of 1 check" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--like", "lib/layers.py"), "names no function of a file"),
        (("--like", "lib/layers.py:other"), "defines no function other"),
        (("--like", "lib/layers.py:any_number"), "any number of arguments"),
        (("--like", "lib/layers.py:scaled", "--input", "x=M,N"), "what sizes has weight of scaled"),
        (("--like", "lib/layers.py:scaled", "--input", "y=M"), "scaled has no parameter y"),
        (("--like", "lib/layers.py:scaled", "--input", "x=M*2"), "'x=M*2' is no name with sizes"),
        (("--like", "lib/layers.py:scaled", *SIZES, "elsewhere"), "lies outside of the project"),
        (("--like", "lib/gone.py:f"), "lib/gone.py cannot be read: No such file"),
        (("--like", "lib/inner.py:f"), "line 1 of lib/inner.py imports from the package around it"),
        (("--like", "lib/layers.py:scaled", "--operator", "add"), "both say what is computed"),
        (("--input", "x=M"), "--input is about the function"),
        (("--name", "softmax"), "softmax is an operator of ours"),
        (("--name", "a-b"), "'a-b' is no name of a function"),
    ],
)
def test_what_cannot_begin_a_project_is_told_and_nothing_is_written(
    here: Here, layers: str, words: tuple[str, ...], said: str
) -> None:
    (here.root / "lib" / "inner.py").write_text("from . import layers\ndef f(x): return x\n")
    before = here.files()
    done = here("init", *words)
    assert done.code == ExitCode.USAGE
    assert said in done.err
    assert "hint: " in done.err
    assert here.files() == before


def test_nothing_that_is_there_is_overwritten_not_even_a_link_to_nothing(here: Here) -> None:
    (here.root / "kernels").mkdir()
    (here.root / "kernels" / "my_softmax.py").symlink_to("nothing")
    (here.root / "kernels.yaml").write_text("mine")
    done = here("init")
    assert done.code == ExitCode.USAGE
    assert "already: kernels/my_softmax.py, kernels.yaml in" in done.err
    assert here.files() == {"kernels.yaml": "mine"}
    other = here("init", "other place")
    assert other.code == ExitCode.OK, other.err
    assert other.err.splitlines()[-1].startswith("next: cd 'other place' && orchestrator profile")


def test_an_inventory_above_stays_the_one_that_counts(here: Here) -> None:
    (here.root / "inventory.yaml").write_text("hosts:\n  pod: {transport: ssh, address: a}\n")
    done = here("init", "inner")
    assert done.code == ExitCode.OK
    assert f"hosts are those of {here.root / 'inventory.yaml'}" in done.err
    assert not (here.root / "inner" / "inventory.yaml").exists()


@pytest.mark.parametrize(("rules", "noted"), [("", True), ("runs/\n", False)])
def test_in_a_repository_that_does_not_ignore_runs_one_hears_so(
    here: Here, rules: str, noted: bool
) -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    (here.root / ".gitignore").write_text(rules)
    done = here("init")
    assert done.code == ExitCode.OK, done.err
    assert ("git does not ignore runs/ here" in done.err) is noted
    assert (here.root / ".gitignore").read_text() == rules


def test_on_a_terminal_what_was_left_open_is_asked(here: Here, layers: str) -> None:
    line = f"{sys.executable} -m orchestrator init"
    environment = {"PYTHONPATH": str(REPOSITORY)}
    with on_terminal(("sh", "-c", f"{line} one"), here.root, environment) as terminal:
        terminal.read_until("[python]: ")
        terminal.type("tritn")
        terminal.read_until("Please answer python, triton, cuda, torch [python]: ")
        terminal.type("triton")
        terminal.read_until("[softmax]: ")
        terminal.type("")
        assert terminal.exit_status(10) == 0, terminal.shown
    assert "import triton" in (here.root / "one/kernels/my_softmax.py").read_text()
    line += f" --kind python --like {layers}:scaled --input x=M,N"
    with on_terminal(("sh", "-c", line), here.root, environment) as terminal:
        terminal.read_until("What sizes has weight? Such as M,N: ")
        terminal.type("N")
        assert terminal.exit_status(10) == 0, terminal.shown
    assert '"weight": draw(N)' in (here.root / "lib/my_scaled_operator.py").read_text()
