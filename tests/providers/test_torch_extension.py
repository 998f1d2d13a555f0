"""Torch extensions: kept under builds, ended when they hang, told in the compiler's words."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from remote_payload.contract.plans import CheckPlan
from remote_payload.contract.request import Provider
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.contract.words import Status
from tests.payload.running import TINY, Finished, gone_within
from tests.providers.places import EXAMPLES, checked, needs_ninja, needs_nvcc, snapshot
from tests.toolkit import program

FILES = ("extension.py", "attention.cpp", "online.h", "function.py")
MINE = Provider("mine", "providers/mine/extension.py:attention", True)
OTHER = TINY.at("S", 32)
PLAIN = Provider("plain", "providers/mine/function.py:attention", True)


INLINE = """
from torch.utils.cpp_extension import load_inline

def attention(q, k, v, causal, scale):
    made = load_inline("lazy", "int answer() { return 42; }", is_python_module=False,
                       no_implicit_headers=True)
    raise NotImplementedError(made.rpartition("/")[2])
"""


def examples(folder: Path, **changed: str) -> Path:
    texts = {f"providers/mine/{name}": (EXAMPLES / name).read_text() for name in FILES}
    return snapshot(folder, {**texts, **{f"providers/mine/{n}": t for n, t in changed.items()}})


def hanging_compiler(folder: Path, seconds: float) -> str:
    """g++ that thinks for a while before it compiles; it answers questions at once."""
    text = f'case " $* " in *" -c "*) sleep {seconds} & wait;; esac; exec g++ "$@"'
    return str(program(folder / "slow" / "g++", text))


@needs_ninja
def test_an_extension_is_found_again_by_what_was_read_and_made_anew_by_an_edit(
    tmp_path: Path,
) -> None:
    def made(root: Path) -> set[str]:
        assert checked(tmp_path, root, MINE).check("mine").status is Status.OK
        return {path.name for path in (tmp_path / "builds").glob("torch-*")}

    first = made(examples(tmp_path / "a"))
    assert len(first) == 1
    assert made(examples(tmp_path / "b")) == first, "the same bytes in another snapshot"
    header = (EXAMPLES / "online.h").read_text() + "struct Edited;\n"
    assert len(made(examples(tmp_path / "c", **{"online.h": header}))) == 2


@dataclass(frozen=True)
class Run:
    """One run with everything that goes wrong in it, and its folder."""

    done: Finished
    folder: Path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A case may take 8 s and a compile 20 s: one takes 9 s, one never ends, one fails."""
    folder = tmp_path_factory.mktemp("extensions")
    broken = (EXAMPLES / "attention.cpp").read_text().replace("Online online;", "")
    root = examples(folder, **{"lazy.py": INLINE})
    for name in FILES:
        text = broken if name.endswith(".cpp") else (EXAMPLES / name).read_text()
        snapshot(folder, {f"providers/broken/{name}": text})

    def thinking(name: str, seconds: float) -> Provider:
        compiler = hanging_compiler(folder / name, seconds)
        return Provider(name, MINE.target, True, Toolchain(host_compiler=compiler))

    done = checked(
        folder,
        root,
        thinking("slow", 9),
        thinking("endless", 90),
        Provider("broken", "providers/broken/extension.py:attention", True),
        Provider("lazy", "providers/mine/lazy.py:attention"),
        PLAIN,
        cases=(TINY, OTHER),
        check=CheckPlan(case_limit_s=8.0, compile_limit_s=20.0),
    )
    return Run(done, folder)


@needs_ninja
def test_the_time_of_a_compile_does_not_count_against_the_case(run: Run) -> None:
    assert run.done.check("slow").status is Status.OK, run.done.log
    assert "check slow: compiling the extension attention_files took " in run.done.log
    assert "slow: compiling the extension attention_files, for 20 s at the most" in run.done.log


@needs_ninja
def test_an_endless_compile_is_ended_and_other_providers_go_on(run: Run) -> None:
    record = run.done.check("endless")
    assert record.status is Status.TIMEOUT
    assert record.reason == "attention_files was not compiled within 20 s; its compilers were ended"
    assert run.done.check("endless", OTHER).reason.startswith("not tried again after the timeout")
    assert run.done.check("plain").status is Status.OK
    assert gone_within(5.0, run.folder)


@needs_ninja
def test_a_compile_error_is_told_in_the_compilers_first_words_and_once(run: Run) -> None:
    said = r"attention_files does not compile: providers/broken/attention\.cpp:\d+:\d+: error: "
    said += ".online. was not declared in this scope"
    for case in (TINY, OTHER):
        record = run.done.check("broken", case)
        assert record.status is Status.FAILED
        assert re.match(said, record.reason), record.reason
    assert run.done.log.count("Error building extension 'attention_files': ") == 1


@needs_ninja
def test_what_is_compiled_at_the_first_call_is_kept_too(run: Run) -> None:
    assert run.done.check("lazy").reason == "NotImplementedError: lazy.so"
    kept = {path.name for path in (run.folder / "builds").glob("torch-*/*.so")}
    assert kept == {"attention_files.so", "lazy.so"}, "and nothing of what failed"
    assert not list((run.folder / "builds").glob("*.partial"))


def test_without_ninja_it_says_what_is_not_present(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("g++", "c++", "which", "sh"):
        if found := shutil.which(name):
            (tmp_path / "bin").mkdir(exist_ok=True)
            (tmp_path / "bin" / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    record = checked(tmp_path, examples(tmp_path), MINE).check("mine")
    assert record.reason.startswith("not present: ninja, with which torch compiles attention_files")


CUDA = """
from torch.utils.cpp_extension import load_inline

KERNEL = '__global__ void one(float *p) { p[threadIdx.x] = WORD; }'
made = load_inline("cuda_inline", "", cuda_sources=[KERNEL], no_implicit_headers=True)

def attention(q, k, v, causal, scale):
    return made.attention(q, k, v)
"""


@needs_nvcc
def test_the_cuda_sources_of_an_extension_are_compiled_where_no_gpu_is(tmp_path: Path) -> None:
    root = snapshot(tmp_path, {"providers/mine/cuda.py": CUDA})
    right = Toolchain(defines=("WORD=1",))
    done = checked(
        tmp_path,
        root,
        Provider("right", "providers/mine/cuda.py:attention", True, right),
        Provider("wrong", "providers/mine/cuda.py:attention", True),
    )
    record = done.check("right")
    assert (record.status, record.compiled) == (Status.SKIPPED, True)
    assert record.reason.startswith("compiled, not run: no GPU here (the CUDA sources of cuda_inl")
    (built,) = done.result.provider_builds
    assert (built.provider, built.compilation.status) == ("right", Status.OK)
    assert "ptxas info" in built.compilation.log
    record = done.check("wrong")
    assert record.status is Status.FAILED
    assert record.reason.endswith('error: identifier "WORD" is undefined')
