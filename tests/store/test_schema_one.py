"""Runs of before operators: they read as they were, and what is damaged is called as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import RunError
from orchestrator.store.runs.run_store import REQUEST, RESULT, RunStore
from remote_payload.contract import codec
from remote_payload.contract.facts import Gate, Tolerance
from remote_payload.operators.attention.targets import ORIGINAL
from tests.cli.comparing import MADE, store
from tests.report import synthetic
from tests.store.schema_one import as_written_then, on_few_lines


@pytest.fixture
def old_run(tmp_path: Path) -> Path:
    """The folder of a run whose files are of schema 1."""
    result = synthetic.gpu_result()
    store(tmp_path, MADE, result)
    folder = tmp_path / "runs" / MADE
    (folder / REQUEST).write_text(codec.dumps(result.request))
    as_written_then(folder)
    assert '"shapes"' in (folder / REQUEST).read_text()
    return folder


def test_a_run_of_schema_1_reads_as_the_same_run_of_today(old_run: Path) -> None:
    runs, today = RunStore(old_run.parent), synthetic.gpu_result()
    then = replace(today.operator, targets=ORIGINAL)  # which a goal has joined since
    assert runs.load(old_run).result == replace(today, operator=then)
    assert runs.request(old_run) == today.request


def test_the_tolerance_that_a_run_of_schema_1_asked_for_is_the_one_it_is_told_by(
    old_run: Path,
) -> None:
    document = json.loads((old_run / RESULT).read_text())
    document["request"]["check"]["rtol"] = 0.25
    (old_run / RESULT).write_text(json.dumps(document))
    result = RunStore(old_run.parent).load(old_run).result
    assert result is not None
    wanted = Tolerance((Gate(0.25, 2e-3),))
    assert result.cases == tuple(
        replace(facts, tolerance=wanted) for facts in synthetic.gpu_result().cases
    )


MANY = 2**31 - 1


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"heads": 96', '"heads": 0', "shape.heads: 0, expected at least 1"),
        ('"heads": 96', f'"heads": {2**63}', "shape.heads: 9.22337e+18, expected at most"),
        ('"heads": 96', '"heads": 96, "heads": 8', "'heads' is given twice"),
        ('"heads": 96', '"heads": "96"', "shape.heads: expected int, got str"),
        ('"heads": 96', '"heads": true', "shape.heads: expected int, got bool"),
        ('"heads": 96', '"head": 96', "shape.head: unknown key; known: batch, causal,"),
        ('"heads": 96, ', "", "shape.heads: missing"),
        ('"causal": false', '"causal": 0', "shape.causal: expected bool, got int"),
        ('"dtype": "fp16"', '"dtype": "fp17"', "shape.dtype: expected one of 'fp16'"),
        ('"shape": {', '"shape": 7, "x": {', "bench[0].shape: expected an object, got int"),
        ('"shape": {', '"case": {', "bench[0].case: unknown key in a file of schema 1"),
        ('"shapes": [{', '"cases": [{', "request.cases: unknown key in a file of schema 1"),
        ('"cpu_shapes": []', '"cpu_shapes": 7', "request.cpu_shapes: expected a list, got int"),
        ('"rtol": 0.001', '"rtol": "x"', "request.check.rtol: expected a number, got str"),
        ('"rtol": 0.001', '"rtol": -1', "request.check.rtol: -1, expected at least 0"),
        ('"seed": 42', '"seed": "x"', "request.seed: expected int, got str"),
        ('"schema": 1', '"schema": 0', "schema: 0, expected at least 1"),
        ('"schema": 1, "seed": 42', '"schema": 7, "seed": 42', "request.schema: 7, expected 1"),
        ('"seed": 42', f'"{"x" * 5000}": {{"shape": 7}}', f"request.{'x' * 60}….shape: expected"),
    ],
)
def test_what_cannot_be_in_a_file_of_schema_1_is_named_as_that_file_calls_it(
    old_run: Path, old: str, new: str, complaint: str
) -> None:
    text = on_few_lines((old_run / RESULT).read_text())
    assert old in text
    (old_run / RESULT).write_text(text.replace(old, new))
    assert complaint in refused(old_run)


def test_a_request_of_schema_1_is_looked_at_as_closely(old_run: Path) -> None:
    text = (old_run / REQUEST).read_text()
    for old, new in (('"heads": 96', '"heads": 0'), ('"rtol": 0.001', '"rtol": -1')):
        (old_run / REQUEST).write_text(text.replace(old, new))
        with pytest.raises(RunError, match=rf"request\.json: .*{new[1:5]}.*expected at least"):
            RunStore(old_run.parent).request(old_run)


def test_a_shape_that_no_tensor_can_have_is_named_by_its_key_of_then(old_run: Path) -> None:
    text = (old_run / RESULT).read_text()
    (old_run / RESULT).write_text(
        text.replace('"seq": 512', f'"seq": {MANY}').replace('"dim": 64', f'"dim": {MANY}')
    )
    assert "request.shapes[0]: B=16 H=8 S=2147483647 D=2147483647 fp16 has more" in refused(old_run)


@pytest.mark.parametrize("depth", [300, 700, 5_000])
def test_a_file_of_schema_1_that_is_nested_without_end_is_damaged_and_no_bug(
    old_run: Path, depth: int
) -> None:
    document = on_few_lines((old_run / RESULT).read_text())
    nested = f'{{"x": {"[" * depth}{"]" * depth}, '
    (old_run / RESULT).write_text(nested + document[1:])
    told = refused(old_run)
    assert "nested too deeply" in told or "x: unknown key" in told


def refused(folder: Path) -> str:
    """What is said of the result in a run's folder."""
    with pytest.raises(RunError) as told:
        RunStore(folder.parent).load(folder)
    assert f"{RESULT}: " in told.value.message
    assert len(told.value.message) < 600
    return told.value.message
