"""Results to object to: hand-made timings on a GPU or a CPU, each with a check that passed."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.objection import Objection, Severity
from orchestrator.performance.objections.every import objections
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Device
from tests.report import synthetic

CASE = synthetic.case()


def result_of(
    *records: BenchRecord, gpu: str = synthetic.H100, sm_count: int | None = 132
) -> Result:
    """A GPU result whose every record has a passed check."""
    cases = dict.fromkeys((record.provider, record.case) for record in records)
    return synthetic.described(
        replace(
            synthetic.gpu_result(),
            machine=synthetic.gpu_machine(gpu=gpu, sm_count=sm_count),
            bench=records,
            checks=tuple(synthetic.check(*case) for case in cases),
        )
    )


def cpu_result_of(*records: BenchRecord) -> Result:
    """The same of a CPU, of which there are eight."""
    request = synthetic.request(device=Device.CPU)
    return replace(
        result_of(*records), request=request, machine=synthetic.cpu_machine(), build=None
    )


def only(result: Result) -> Objection:
    """The one objection there is."""
    found = objections(result)
    assert len(found) == 1, found
    return found[0]


def error(result: Result) -> str:
    """The text of the one objection there is that refutes."""
    (found,) = (one for one in objections(result) if one.severity is Severity.ERROR)
    return found.text


def doubt(result: Result) -> str:
    """The text of the one objection there is, which doubts."""
    found = only(result)
    assert found.severity is Severity.DOUBT, found
    return found.text


def doubts_of_one(result: Result) -> tuple[str, ...]:
    """What is doubted of single timings, and not of the whole run."""
    found = [one for one in objections(result) if one.severity is Severity.DOUBT]
    return tuple(one.text for one in found if one.about != "the whole run")
