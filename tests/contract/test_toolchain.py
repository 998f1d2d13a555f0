"""Words for compilers: which are taken, which are refused and how, and what stands behind what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from remote_payload.contract import codec
from remote_payload.contract.codec import CodecError
from remote_payload.contract.plans import BuildPlan, CheckPlan
from remote_payload.contract.request import Provider
from remote_payload.contract.tools.toolchain import BadFlag, Toolchain, require, require_flag
from remote_payload.run import intake
from tests.payload.running import a_request


@pytest.mark.parametrize(
    "flag",
    ["-O3", "--use_fast_math", "-maxrregcount=64", "-Xptxas=-v,-O1", "-DN=4", "-I/opt/include",
     "-lcublas", "-opt-info=inline", "--ptxas-options=-O1", "-std=c++20", "-include=/opt/a.h"],
)  # fmt: skip
def test_what_says_how_to_compile_is_taken(flag: str) -> None:
    require_flag(flag)


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("-o", "-o is not taken: what is made, and where"),
        ("-ofile", "is not taken: what is made, and where"),
        ("--output-file=x", "--output-file is not taken"),
        ("-c", "-c is not taken"),
        ("--options-file=x", "--options-file is not taken"),
        ("-keep", "-keep is not taken"),
        ("-gencode=arch=compute_90", "-gencode is not taken as a flag; say it by --arch"),
        ("-ccbin=/usr/bin/g++", "say it by host_compiler"),
        ("64", "'64' is no flag of nvcc: a value is joined to its flag"),
        ("-D N", "'-D N' is no flag"),
        ("@file", "'@file' is no flag"),
        ("-Xcompiler", "-Xcompiler needs its value joined to it"),
        ("-Xcompiler=-O2,-o,x", "-o is not taken: it writes or reads what no key sees"),
        ("-Xlinker=@file", "@file is not taken"),
        ("-I../elsewhere", "-I: expected a path on the host or beside the source"),
        ("--include-path=", "--include-path: expected a path"),
    ],
)
def test_what_says_where_to_write_or_cannot_be_a_flag_is_refused(flag: str, words: str) -> None:
    with pytest.raises(BadFlag) as said:
        require_flag(flag)
    assert words in str(said.value)


@pytest.mark.parametrize(
    ("toolchain", "words"),
    [
        (Toolchain(defines=("1X",)), "defines: expected NAME or NAME=value, got '1X'"),
        (Toolchain(include=("a/../../b",)), "include: expected a path"),
        (Toolchain(host_compiler="g++"), "host_compiler: expected an absolute path"),
        (Toolchain(cuda_home="/opt/../x"), "cuda_home: expected an absolute path"),
    ],
)
def test_every_field_is_looked_at(toolchain: Toolchain, words: str) -> None:
    require(Toolchain(("-O3",), ("/opt/include", "providers/a"), ("A", "B=x y", "F(x)=x")))
    with pytest.raises(BadFlag) as said:
        require(toolchain)
    assert words in str(said.value)


def test_the_nearer_word_stands_behind_and_a_single_one_wins() -> None:
    one = Toolchain(("-O1",), ("/one",), ("A=1",), "/usr/bin/one")
    other = Toolchain(("-O2",), ("/other",), ("A=2",), "/usr/bin/other", "/opt/cuda")
    both = one.over(other)
    assert both.flags == ("-O2", "-O1")
    assert (both.host_compiler, both.cuda_home) == ("/usr/bin/one", "/opt/cuda")
    assert both.words == (
        *("-ccbin", "/usr/bin/one", "-I", "/one", "-I", "/other", "-DA=2", "-DA=1"),
        *("-O2", "-O1"),
    )


def test_a_provider_of_before_is_read_as_one_without_words() -> None:
    old = codec.loads(Provider, '{"name": "mine", "target": "a.py:f", "required": true}')
    assert old == Provider("mine", "a.py:f", True)
    assert old.toolchain.words == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"build": BuildPlan(toolchain=Toolchain(("-o",)))}, "build.toolchain: -o is not taken"),
        (
            {"providers": (Provider("sdpa", toolchain=Toolchain(("-c",))),)},
            "providers[0].toolchain: -c is not taken",
        ),
        ({"check": CheckPlan(compile_limit_s=0.0)}, "check.compile_limit_s: expected more than 0"),
    ],
)
def test_a_request_with_words_that_are_refused_is_not_carried_out(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    (tmp_path / "request.json").write_text(codec.dumps(replace(a_request(), **changes)))
    with pytest.raises(CodecError) as said:
        intake.read(tmp_path / "request.json")
    assert words in str(said.value)
