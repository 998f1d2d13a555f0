"""Runs of before there were operators: they render as ever, and what is damaged is named as it
stands in the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import RunError
from orchestrator.report.render import render
from orchestrator.store.runs import run_files
from remote_payload.contract import codec
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Gate
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.operators.attention.definition import attention_case
from remote_payload.operators.attention.targets import ORIGINAL
from tests.report import synthetic

# SYNTHETIC: as a payload of schema 1 wrote them, but for what has a default.
SHAPE = '{"batch": 16, "heads": 96, "seq": 512, "dim": 64, "dtype": "fp16", "causal": false}'
MASKED = '{"batch": 1, "heads": 8, "seq": 512, "dim": 64, "dtype": "fp32", "causal": true}'
REQUEST = f"""
{{"run_id": "20261122-101530-synthetic-bench", "snapshot": "5e1f", "stages": ["check", "bench"],
 "shapes": [{SHAPE}], "cpu_shapes": [{MASKED}],
 "providers": [{{"name": "sdpa", "required": false, "target": null}}],
 "check": {{"rtol": 0.001, "atol": 0.003, "case_limit_s": 120.0}},
 "ncu": {{"shapes": [{SHAPE}]}}, "trace": {{"shapes": []}}, "schema": 1}}
"""
RESULT = f"""
{{"request": {REQUEST}, "status": "ok", "reason": "",
 "started_at": "2026-11-22T10:15:30Z", "finished_at": "2026-11-22T10:18:02Z",
 "stages": [{{"stage": "check", "status": "ok"}}, {{"stage": "bench", "status": "ok"}}],
 "checks": [{{"provider": "sdpa", "shape": {SHAPE}, "status": "ok"}}],
 "bench": [{{"provider": "sdpa", "shape": {SHAPE}, "method": "back_to_back", "status": "ok",
  "samples_us": [368.0, 367.0, 369.0, 368.5, 367.5, 368.25, 367.75, 368.0], "calls": 100}}],
 "schema": 1}}
"""
AIM = attention_case(16, 96, 512, 64, DType.FP16)
ON_CPU = attention_case(1, 8, 512, 64, DType.FP32, causal=True)


def request_of(folder: Path, text: str) -> Request:
    (folder / "request.json").write_text(text)
    return run_files.request(folder)


def result_of(folder: Path, text: str) -> Result:
    (folder / "result.json").write_text(text)
    result = run_files.result(folder)
    assert result is not None
    return result


def damaged(change: Callable[[dict[str, Any]], object]) -> str:
    """The result with one change made to its JSON."""
    document = json.loads(RESULT)
    change(document)
    return json.dumps(document)


def test_shapes_of_a_request_are_cases_of_attention(tmp_path: Path) -> None:
    request = request_of(tmp_path, REQUEST)
    assert (request.operator, request.schema) == ("attention", 2)
    assert (request.cases, request.cpu_cases) == ((AIM,), (ON_CPU,))
    assert (request.ncu.cases, request.trace.cases) == ((AIM,), ())
    assert request.check.case_limit_s == 120


def test_a_result_gets_what_attention_says_of_itself_and_of_its_cases(tmp_path: Path) -> None:
    result = result_of(tmp_path, RESULT)
    assert result.operator == replace(synthetic.ATTENTION.facts, targets=ORIGINAL)
    assert {facts.case for facts in result.cases} == {AIM, ON_CPU}
    assert result.facts(AIM).work == synthetic.ATTENTION.work(AIM)
    assert result.facts(AIM).per == 96
    tolerance = result.facts(AIM).tolerance
    assert tolerance is not None
    assert tolerance.gates == (Gate(0.001, 0.003),), "that of the run, not of today"
    assert result.request == request_of(tmp_path, REQUEST)


def test_an_old_run_renders_with_every_figure(tmp_path: Path) -> None:
    page = render(synthetic.run(result_of(tmp_path, RESULT))).markdown
    # 103.08 GFLOP in 368 us; 368 / 96 us per head.
    for text in ("B=16 H=96 S=512 D=64 fp16", "| 280.1 |", "3.833", "µs/head", "0.003"):
        assert text in page, text


def test_what_was_read_is_written_as_today_and_reads_the_same(tmp_path: Path) -> None:
    result = result_of(tmp_path, RESULT)
    again = codec.dumps(result)
    assert '"shape' not in again
    assert result_of(tmp_path, again) == result


@pytest.mark.parametrize("key", ["batch", "heads", "seq", "dim"])
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("16", "expected int, got str"),
        (True, "expected int, got bool"),
        (1.5, "expected int, got float"),
        (None, "expected int, got "),
        (0, "0, expected at least 1"),
        (-96, "-96, expected at least 1"),
    ],
)
def test_a_damaged_size_is_named_by_its_old_key(
    tmp_path: Path, key: str, value: object, problem: str
) -> None:
    text = damaged(lambda whole: whole["bench"][0]["shape"].update({key: value}))
    with pytest.raises(RunError) as caught:
        result_of(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/result.json: bench[0].shape.{key}: ")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda w: w["checks"][0]["shape"].update(dtype="fp7"), "checks[0].shape.dtype: expected"),
        (lambda w: w["checks"][0]["shape"].update(causal=1), "checks[0].shape.causal: expected"),
        (lambda w: w["checks"][0]["shape"].pop("heads"), "checks[0].shape.heads: missing"),
        (lambda w: w["checks"][0]["shape"].update(kv=3), "checks[0].shape.kv: unknown key"),
        (lambda w: w["checks"][0].update(shape=None), "checks[0].shape: expected an object"),
        (lambda w: w["checks"][0].update(shape=[1]), "checks[0].shape: expected an object"),
        (lambda w: w["request"].update(shapes=3), "request.shapes: expected a list"),
        (lambda w: w["request"].update(shapes=[3]), "request.shapes[0]: expected an object"),
        (lambda w: w["request"]["cpu_shapes"][0].pop("dim"), "request.cpu_shapes[0].dim: missing"),
        (lambda w: w["request"]["ncu"].update(shapes={}), "request.ncu.shapes: expected a list"),
        (lambda w: w["request"]["check"].update(rtol="x"), "request.check.rtol: expected"),
        (lambda w: w["request"]["check"].update(atol=None), "request.check.atol: expected"),
        (lambda w: w["request"].update(schema=2), "request.schema: 2, expected 1"),
        (lambda w: w["request"].pop("stages"), "request.stages: missing"),
        (lambda w: w.pop("request"), "request: missing"),
        (lambda w: w.update(request=[]), "request: expected an object"),
        (lambda w: w.update(operator={}), "operator: unknown key"),
        (lambda w: w["checks"][0].update(case={}), "checks[0].case: unknown key"),
    ],
)
def test_whatever_is_damaged_is_named_by_its_old_key(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], told: str
) -> None:
    with pytest.raises(RunError) as caught:
        result_of(tmp_path, damaged(change))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/result.json: ")
    assert told in message
    assert caught.value.hint.startswith("The file is damaged and was left as it is.")


@pytest.mark.parametrize("schema", [0, -1, True, 1.0, "1", 99])
def test_what_claims_another_schema_is_not_taken_for_an_old_one(
    tmp_path: Path, schema: object
) -> None:
    with pytest.raises(RunError, match=r"result\.json: (schema|request\.shapes): "):
        result_of(tmp_path, damaged(lambda whole: whole.update(schema=schema)))


@pytest.mark.parametrize("depth", [500, 900, 2000])
def test_a_document_nested_without_end_is_refused(tmp_path: Path, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    with pytest.raises(RunError, match=r"result\.json: "):
        result_of(tmp_path, RESULT.replace('"reason": ""', f'"reason": {deep}', 1))
