from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from orchestrator.errors import UsageError
from orchestrator.workflows.own import Beside
from orchestrator.workflows.problems import flashinfer
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.words import Fault, Status
from tests.laid_out import LaidOut, apart

SET = Path(__file__).parents[1] / "problems" / "flashinfer"
DEFINITIONS = {path.stem: path for path in sorted(SET.glob("definitions/*/*.json"))}
SOLUTIONS = {path: path.parent.name for path in sorted(SET.glob("solutions/*/*/*.json"))}
# Of the wrong ones: in which way, and some words of why.
WRONG = {
    "affine_scalars/wrong_compile": (Fault.COMPILE, "does not compile: "),
    "affine_scalars/wrong_export": (Fault.COMPILE, "binds no function 'run'"),
    "affine_scalars/wrong_one_seed": (Fault.VALUES, "are off by more than 0.01"),
    "argmax_rows_c40/wrong_index": (Fault.VALUES, "elements of index are off"),
    "argmax_rows_c40/wrong_one_output": (Fault.FORM, "returned 1 outputs, expected 2"),
    "biased_scale/wrong_order": (Fault.VALUES, "elements of y are off"),
    "dequantised_sum_d32/wrong_dtype": (Fault.DTYPE, "expected torch.float8_e4m3fn"),
    "dequantised_sum_d32/wrong_low_precision": (Fault.VALUES, "elements of sum are off"),
    "gemm_n32_k48/wrong_entry_function": (Fault.COMPILE, "has no function 'run'"),
    "gemm_n32_k48/wrong_infinite": (Fault.VALUES, "C holds what is not finite"),
    "gemm_n32_k48/wrong_low_precision": (Fault.VALUES, "elements of C are off"),
    "gemm_n32_k48/wrong_nan": (Fault.VALUES, "C holds what is not finite"),
    "gemm_n32_k48/wrong_shape": (Fault.SHAPE, "returned shape [32, 1], expected [1, 32]"),
    "gqa_paged_decode_h4_kv2_d16_ps4/wrong_base": (Fault.VALUES, "elements of lse are off"),
    "gqa_paged_decode_h4_kv2_d16_ps4/wrong_pages": (Fault.VALUES, "elements of output are off"),
    "integer_kinds/wrong_dtype": (Fault.DTYPE, "expected torch.bool"),
    "integer_kinds/wrong_int32": (Fault.VALUES, "elements of sums are off"),
    "largest_magnitude/wrong_kind": (Fault.VALUES, "elements of most are off"),
    "moe_topk2_e4_h16_i8/wrong_one_expert": (Fault.VALUES, "0.95 have to match"),
    "ragged_mean_d16/wrong_empty": (Fault.VALUES, "means holds what is not finite"),
    "ragged_mean_d16/wrong_raises": (Fault.RAISED, "only one segment is supported"),
    "rmsnorm_d64/wrong_dtype": (Fault.DTYPE, "expected torch.bfloat16"),
    "rmsnorm_d64/wrong_mutates": (Fault.INPUTS, "changed its input input"),
    "rmsnorm_d64/wrong_stale": (Fault.VALUES, "its second call, on other inputs"),
    "rmsnorm_d64/wrong_style": (Fault.RAISED, "takes 3 positional arguments but 4"),
    "rmsnorm_d64/wrong_untouched": (Fault.VALUES, "by the rule of FlashInfer Trace"),
    "rope_d16/wrong_in_place": (Fault.INPUTS, "changed its input k"),
    "top_k_sampling_v32/wrong_all_tokens": (Fault.VALUES, "samples may not be drawn"),
    "top_k_sampling_v32/wrong_likeliest": (Fault.VALUES, "from what they should be"),
    "top_k_sampling_v32/wrong_uniform": (Fault.VALUES, "from what they should be"),
    "total_with_offset/wrong_order": (Fault.DTYPE, "expected torch.float32"),
    "total_with_offset/wrong_shape": (Fault.SHAPE, "returned shape [1], expected []"),
}
# What is read and found wrong before anything travels.
REFUSED = {
    "affine_scalars/wrong_language": "spec.language: expected one of python, triton, cpp, cuda",
    "gemm_n32_k48/wrong_definition": "gemm_n32_k4800 is what it solves, not gemm_n32_k48",
    "gemm_n32_k48/wrong_entry_file": "spec.entry_point: there is no source 'kernel.py'",
    "gemm_n32_k48/wrong_entry_form": "spec.entry_point: expected file::function",
    "gemm_n32_k48/wrong_json": "not valid JSON",
}
# No process of its own ends these here; test_on_a_host lets one run into its limit. The sizes of
# its workloads are all that wrong_public_workloads knows, and more is never asked.
ELSEWHERE = {"moe_topk2_e4_h16_i8/wrong_hangs", "affine_scalars/wrong_public_workloads"}


# The headers of torch take a compiler half a minute each time: one of them is enough for every day.
SLOW = {"affine_scalars/cpp_torch_filling", "affine_scalars/wrong_compile"}


def label(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def each(paths: Iterable[Path]) -> list[ParameterSet]:
    """As parameters, by their labels."""
    return [
        pytest.param(path, id=label(path), marks=pytest.mark.slow if label(path) in SLOW else ())
        for path in paths
    ]


def laid_out(root: Path, name: str, *solutions: Path) -> LaidOut:
    return LaidOut.of(root, DEFINITIONS[name], Beside(solutions=solutions))


def checked(root: Path, path: Path, language: str) -> CheckRecord:
    """A solution on the first workload; what is compiled, in a process of its own."""
    problem = laid_out(root, SOLUTIONS[path], path)
    name = problem.own.providers[0].name
    return apart(problem.check, name) if language in ("cpp", "cuda") else problem.check(name)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_every_definition_is_read_and_its_reference_passes_as_its_own_candidate(
    tmp_path: Path, name: str
) -> None:
    problem = laid_out(tmp_path, name)
    for case in problem.found().gpu:
        record = problem.check("reference", case)
        assert (record.status, record.reason) == (Status.OK, "")
        assert record.ruling is not None
        assert (record.ruling.by, record.ruling.right) == ("FlashInfer Trace", True)


@pytest.mark.parametrize("path", each(p for p in SOLUTIONS if not p.stem.startswith("wrong")))
def test_every_right_solution_passes_whatever_its_language_and_style(
    tmp_path: Path, path: Path
) -> None:
    language = json.loads(path.read_text())["spec"]["language"]
    record = checked(tmp_path, path, language)
    if language in ("triton", "cuda") and record.status is Status.SKIPPED:
        assert record.compiled or record.reason.startswith("not present: triton")
    else:
        assert (record.status, record.reason) == (Status.OK, "")


@pytest.mark.parametrize("path", each(p for p in SOLUTIONS if label(p) in WRONG))
def test_every_wrong_solution_is_refused_in_its_own_way(tmp_path: Path, path: Path) -> None:
    record = checked(tmp_path, path, json.loads(path.read_text())["spec"]["language"])
    fault, words = WRONG[label(path)]
    assert (record.status, record.fault) == (Status.FAILED, fault), record.reason
    assert words in record.reason


@pytest.mark.parametrize("path", each(p for p in SOLUTIONS if label(p) in REFUSED))
def test_a_solution_that_cannot_be_one_is_refused_at_home(tmp_path: Path, path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        laid_out(tmp_path, SOLUTIONS[path], path)
    assert REFUSED[label(path)] in caught.value.message
    assert path.name in caught.value.message


def test_no_wrong_solution_is_forgotten() -> None:
    wrong = {label(path) for path in SOLUTIONS if path.stem.startswith("wrong")}
    assert wrong == {*WRONG, *REFUSED, *ELSEWHERE}


def test_a_workload_whose_file_is_a_pointer_is_left_out_and_told(tmp_path: Path) -> None:
    found = laid_out(tmp_path, "rope_d16").found()
    assert len(found.gpu) == 1
    (refused,) = found.refused
    assert refused.label == "ebdbe943"
    assert refused.why.startswith("its inputs are not here: positions: ./blob/")
    assert refused.why.endswith("is a Git LFS pointer; git lfs pull brings the file")


def test_their_tolerances_may_be_overridden_by_op_type_and_by_definition(tmp_path: Path) -> None:
    rules = tmp_path / "eval.yaml"
    rules.write_text(
        "op_type_config:\n  gemm: {atol: 100, rtol: 100}\n"
        "definition_config:\n  gemm_n32_k48: {rtol: 0.5}\n"
    )
    path = next(p for p in SOLUTIONS if label(p) == "gemm_n32_k48/wrong_low_precision")
    beside = Beside(rules=rules, solutions=(path,))
    problem = LaidOut.of(tmp_path, DEFINITIONS["gemm_n32_k48"], beside)
    record = problem.check(problem.own.providers[0].name)
    assert record.status is Status.OK
    assert record.error is not None
    assert record.error.mismatches > 0  # by our tolerance, which does not decide here
    rules.write_text("definition_config:\n  gemm_n32_k48: {atol: much}\n")
    with pytest.raises(UsageError, match=r"eval.yaml: atol: expected a number from 0 on"):
        LaidOut.of(tmp_path, DEFINITIONS["gemm_n32_k48"], beside)


def test_a_set_is_found_from_wherever_its_definition_lies() -> None:
    assert flashinfer.set_of(DEFINITIONS["rope_d16"]) == SET
