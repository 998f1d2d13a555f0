"""Every example of docs/providers.md, from a folder that is not the project, through the command."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Outcome
from tests.providers.places import EXAMPLES, REPOSITORY, needs_ninja, needs_nvcc

SIZES = ("--host", "local", "--batch", "1", "--heads", "2", "--seq", "80", "--dim", "16")
CASE = (*SIZES, "--arch", "sm_90a", "--providers", "sdpa")
DOCUMENT = REPOSITORY / "docs" / "providers.md"


def records(outcome: Outcome) -> dict[str, Any]:
    assert outcome.out, outcome.err
    return {one["provider"]: one for one in outcome.json["result"]["checks"]}


def check(elsewhere: Callable[..., Outcome], *targets: str, more: tuple[str, ...] = ()) -> Outcome:
    options = [word for target in targets for word in ("--provider", target)]
    return elsewhere("check", *CASE, *options, *more, "--json")


@needs_ninja
def test_functions_a_folder_and_an_extension_out_of_files_are_checked(
    elsewhere: Callable[..., Outcome],
) -> None:
    outcome = check(
        elsewhere,
        "function=function.py:attention",
        "fills=fills_outputs.py:attention",
        "files=extension.py:attention",
        "folder=folder/:mine.py:attention",
        more=("--causal",),
    )
    found = records(outcome)
    assert {one["status"] for one in found.values()} == {"ok"}, outcome.out
    assert outcome.code == 0
    assert found["fills"]["implementation"].endswith(", fills its outputs")
    assert found["folder"]["implementation"].startswith("providers/folder/mine.py:attention, file")


@needs_nvcc
def test_where_no_gpu_is_a_cu_file_is_compiled_and_what_a_triton_file_lacks_is_said(
    elsewhere: Callable[..., Outcome],
) -> None:
    outcome = check(
        elsewhere,
        "plain=attention.cu:attention",
        "folder=folder/:kernels/attention.cu:attention",
        "jit=triton_kernel.py:attention",
        more=("--nvcc-flag=-maxrregcount=64",),
    )
    found = records(outcome)
    for name in ("plain", "folder"):
        assert found[name]["status"] == "skipped"
        said = r"compiled, not run: no GPU here \(nvcc \S+ for sm_90a with -maxrregcount=64\)"
        assert re.fullmatch(said, found[name]["reason"])
    assert found["sdpa"]["status"] == "ok"
    if importlib.util.find_spec("triton") is None:
        assert found["jit"]["reason"].startswith("not present: triton; install it there: ")
    assert outcome.code == 4, "what was asked for was not checked"
    assert "Traceback" not in outcome.out + outcome.err
    command = outcome.json["result"]["build"]["compilations"][0]["command"]
    assert " -maxrregcount=64 " in command, "csrc's own build takes the flag too"
    assert ", with -maxrregcount=64" in Path(outcome.json["report"]).read_text()


@pytest.mark.slow
@needs_ninja
def test_an_inline_extension_is_compiled_once_and_found_again(
    elsewhere: Callable[..., Outcome], tmp_path: Path
) -> None:
    assert records(check(elsewhere, "mine=inline.py:attention"))["mine"]["status"] == "ok"
    (kept,) = (tmp_path / "work" / "builds").glob("torch-*")
    made = {path.name: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert set(made) == {"attention_inline.so", "inputs.json"}
    (Path("inline.py")).write_text("# another snapshot\n" + Path("inline.py").read_text())
    again = check(elsewhere, "mine=inline.py:attention", more=("--causal",))
    assert records(again)["mine"]["status"] == "ok"
    assert [kept] == list((tmp_path / "work" / "builds").glob("torch-*"))
    assert made == {path.name: path.stat().st_mtime_ns for path in kept.iterdir()}


def test_a_flag_that_says_where_to_write_is_refused_before_anything_is_done(
    elsewhere: Callable[..., Outcome],
) -> None:
    outcome = elsewhere("check", *CASE, "--nvcc-flag=-o/tmp/x")
    assert outcome.code == 2
    assert "is not taken: what is made, and where, is not for a flag to say" in outcome.err


def test_the_page_holds_every_example_as_it_is() -> None:
    text = DOCUMENT.read_text()
    shown = ("function.py", "fills_outputs.py", "triton_kernel.py", "inline.py", "extension.py")
    for name in (*shown, "attention.cu"):
        assert (EXAMPLES / name).read_text().strip() in text, f"{name} differs in {DOCUMENT.name}"
