"""Equal bits: the same code, an answer that is another's, or an answer that leaves no choice."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.objection import Severity
from orchestrator.performance.objections.every import objections
from remote_payload.contract.dtypes import DType
from remote_payload.contract.result import Result
from tests.model.objections.objecting import CASE, doubt, only, result_of
from tests.report import synthetic


def alike(times: dict[str, float], **host: float) -> Result:
    """Providers that all gave the same bits, each in its time; host: what enqueueing took it."""
    records = []
    for name, time_us in times.items():
        record = synthetic.bench(name, CASE, synthetic.samples(time_us))
        waited = synthetic.samples(host[name]) if name in host else ()
        records.append(replace(record, host_us=waited))
    checks = tuple(synthetic.check(name, CASE, output_digest="same") for name in times)
    return replace(result_of(*records), checks=checks)


def test_the_same_bits_at_many_times_the_speed_are_doubted() -> None:
    text = doubt(alike({"sdpa": 1370.0, "sparsek": 300.0}))
    assert (
        text
        == "bit-identical output as sdpa, 4.58 × as fast: is that answer computed, or that one's?"
    )


def test_the_same_code_with_something_beside_it_is_a_note() -> None:
    found = only(alike({"sdpa": 370.0, "wrapper": 3700.0}))
    assert found.severity is Severity.NOTE
    assert found.about.startswith("sdpa")


def test_backends_of_torch_may_have_equal_bits_at_any_speed() -> None:
    assert objections(alike({"sdpa": 370.0, "sdpa-math": 3700.0})) == ()


def test_a_kernel_that_waits_for_its_host_is_the_same_code_at_another_pace() -> None:
    found = objections(alike({"sdpa": 1600.0, "sparsek": 300.0}, sdpa=1590.0))
    assert all("bit-identical" not in one.text for one in found)


def test_where_an_answer_leaves_no_choice_equal_bits_tell_nothing() -> None:
    result = alike({"sdpa": 1370.0, "sparsek": 300.0})
    plain = tuple(
        replace(one, work=replace(one.work, matrix=False) if one.work else None)
        for one in result.cases
    )
    assert objections(replace(result, cases=plain)) == ()
    equal = replace(alike({"sdpa": 300.1, "sparsek": 300.0}), cases=plain)
    assert only(equal).severity is Severity.NOTE


def test_whole_numbers_have_the_same_bits_whoever_adds_them() -> None:
    whole = replace(CASE, dtype=DType.INT32)
    records = [
        synthetic.bench(name, whole, synthetic.samples(us))
        for name, us in (("sdpa", 1370.0), ("sparsek", 300.0))
    ]
    checks = tuple(synthetic.check(r.provider, whole, output_digest="same") for r in records)
    result = replace(result_of(*records), checks=checks)
    assert all("bit-identical" not in one.text for one in objections(result))
