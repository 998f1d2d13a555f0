"""Torch extensions: kept under builds, ended when they hang, told in the compiler's words."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from remote_payload.contract.plans import CheckPlan
from remote_payload.contract.request import Provider
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.contract.words import Status
from tests.payload.running import TINY, gone_within
from tests.providers.places import EXAMPLES, checked, needs_ninja, needs_nvcc, snapshot
from tests.toolkit import program

FILES = ("extension.py", "attention.cpp", "online.h", "function.py")
MINE = Provider("mine", "providers/mine/extension.py:attention", True)
PLAIN = Provider("plain", "providers/mine/function.py:attention", True)


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
    header = (EXAMPLES / "online.h").read_text() + "// edited\n"
    assert len(made(examples(tmp_path / "c", **{"online.h": header}))) == 2


@needs_ninja
def test_an_endless_compile_is_ended_and_other_providers_go_on(tmp_path: Path) -> None:
    toolchain = Toolchain(host_compiler=hanging_compiler(tmp_path, 60))
    slow = Provider("slow", MINE.target, True, toolchain)
    plan = CheckPlan(case_limit_s=60.0, compile_limit_s=2.0)
    done = checked(tmp_path, examples(tmp_path), slow, PLAIN, check=plan)
    record = done.check("slow")
    assert record.status is Status.TIMEOUT
    said = "attention_files was not compiled within 2 s; its compilers were ended"
    assert record.reason == said
    assert done.check("plain").status is Status.OK
    assert gone_within(5.0, tmp_path)
    assert not list((tmp_path / "builds").glob("torch-*"))


@needs_ninja
def test_the_time_of_a_compile_does_not_count_against_the_case(tmp_path: Path) -> None:
    toolchain = Toolchain(host_compiler=hanging_compiler(tmp_path, 12))
    slow = Provider("slow", MINE.target, True, toolchain)
    plan = CheckPlan(case_limit_s=10.0, compile_limit_s=100.0)
    done = checked(tmp_path, examples(tmp_path), slow, check=plan)
    assert done.check("slow").status is Status.OK, done.log
    assert "check slow: compiling the extension attention_files took " in done.log


@needs_ninja
def test_a_compile_error_is_told_in_the_compilers_first_words_and_once(tmp_path: Path) -> None:
    text = (EXAMPLES / "attention.cpp").read_text().replace("Online online;", "")
    other = TINY.at("S", 32)
    root = examples(tmp_path, **{"attention.cpp": text})
    done = checked(tmp_path, root, MINE, PLAIN, cases=(TINY, other))
    said = r"attention_files does not compile: providers/mine/attention\.cpp:\d+:\d+: error: "
    said += ".online. was not declared in this scope"
    for case in (TINY, other):
        record = done.check("mine", case)
        assert record.status is Status.FAILED
        assert re.match(said, record.reason), record.reason
    assert done.log.count("FAILED: ") == 1, "compiled for one case of two"


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


INLINE = """
from torch.utils.cpp_extension import load_inline

def attention(q, k, v, causal, scale):
    made = load_inline("lazy", "int answer() { return 42; }", is_python_module=False,
                       no_implicit_headers=True)
    raise NotImplementedError(made.rpartition("/")[2])
"""
CUDA = """
from torch.utils.cpp_extension import load_inline

KERNEL = '__global__ void one(float *p) { p[threadIdx.x] = WORD; }'
made = load_inline("cuda_inline", "", cuda_sources=[KERNEL], no_implicit_headers=True)

def attention(q, k, v, causal, scale):
    return made.attention(q, k, v)
"""


@needs_ninja
def test_what_is_compiled_at_the_first_call_is_kept_too(tmp_path: Path) -> None:
    root = snapshot(tmp_path, {"providers/mine/lazy.py": INLINE})
    record = checked(tmp_path, root, Provider("mine", "providers/mine/lazy.py:attention")).check(
        "mine"
    )
    assert record.reason == "NotImplementedError: lazy.so"
    (kept,) = (tmp_path / "builds").glob("torch-*")
    assert (kept / "lazy.so").is_file()


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
    record = done.check("wrong")
    assert record.status is Status.FAILED
    assert record.reason.endswith('error: identifier "WORD" is undefined')
