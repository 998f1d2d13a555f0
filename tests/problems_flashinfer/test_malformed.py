from __future__ import annotations

import time
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.workflows.own import Beside
from remote_payload.contract.words import Status
from remote_payload.operators.user.stated import BadOperator
from tests.laid_out import LaidOut

HOSTILE = Path(__file__).parents[1] / "problems" / "hostile" / "flashinfer"
SOUND = HOSTILE / "definitions" / "behaviour" / "plain.json"
# Odd, and nothing that keeps anybody from running it.
ODD_AND_TAKEN = {
    "axis_huge", "byte_order_mark", "constraint_attributes", "constraint_code",
    "constraint_false", "constraint_never_ends", "constraint_power", "constraint_unknown_name",
    "dtype_four_bits", "no_inputs", "utf16",
    "dependencies_option", "dependencies_text", "entry_dunder", "hardware_empty", "hardware_text",
    "missing_author", "missing_spec_target_hardware", "path_home",
    "path_option", "path_other_case", "shadows_configuration",
    "shadows_startup", "shadows_torch",
    "axis_zero", "bare", "blank_lines", "carriage_returns", "is_a_trace", "missing_input",
    "uuid_up", "name_up",
}  # fmt: skip
MALFORMED = sorted(path for path in (HOSTILE / "malformed").rglob("*.json*") if path.is_file())


def given(path: Path) -> tuple[Path, Beside]:
    """The definition, and what is beside it."""
    part = path.relative_to(HOSTILE / "malformed").parts[0]
    if part == "solutions":
        return SOUND, Beside(solutions=(path,))
    return (SOUND, Beside(workloads=path)) if part == "workloads" else (path, Beside())


def refusal(tmp_path: Path, definition: Path, beside: Beside) -> str:
    """Why it is not run, at home or where it would be; empty if it is."""
    try:
        LaidOut.of(tmp_path, definition, beside).found()
    except UsageError as exc:
        return exc.message if exc.hint else "no hint"
    except BadOperator as exc:
        return str(exc)
    return ""


@pytest.mark.parametrize("path", MALFORMED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_is_malformed_gets_one_clear_error_at_once_or_is_harmless(
    tmp_path: Path, path: Path
) -> None:
    began = time.monotonic()
    why = refusal(tmp_path, *given(path))
    assert time.monotonic() - began < 5
    if path.stem in ODD_AND_TAKEN or path.stem.startswith("blob_") or not why:
        # Files of tensors are read with the tensors; the next test does.
        assert path.parent.name == "definitions" or not why
        assert path.stem in ODD_AND_TAKEN or path.stem.startswith("blob_")
        return
    assert path.name in why or "its inputs are not here: " in why or "../evil" in why
    assert "\n" not in why
    assert len(why) < 400


# Files that are read; what is not finite is wrong by the rule of FlashInfer Trace.
SOUND_BLOBS = {
    "blob_right": Status.OK,
    "blob_data_longer": Status.OK,
    "blob_overlapping": Status.OK,
    "blob_holds_nan": Status.FAILED,
}
BLOBS = sorted((HOSTILE / "malformed" / "workloads").glob("blob_*.jsonl"))


@pytest.mark.parametrize("path", BLOBS, ids=lambda path: path.stem)
def test_a_file_of_tensors_that_is_none_is_told_and_never_unpickled(
    tmp_path: Path, path: Path
) -> None:
    problem = LaidOut.of(tmp_path, SOUND, Beside(workloads=path))
    if path.stem in SOUND_BLOBS:
        assert problem.check("reference").status is SOUND_BLOBS[path.stem]
        return
    with pytest.raises(BadOperator) as caught:
        problem.setting(problem.found().gpu[0])
    assert (
        "no file of safetensors" in str(caught.value)
        or "x: expected" in str(caught.value)
        or ("there is no tensor" in str(caught.value))
    )
