"""All bounds of one timing, by whatever is known of the machine."""

from __future__ import annotations

from orchestrator.performance.bounds.bound import Bound
from orchestrator.performance.bounds.cpus import of_cpus
from orchestrator.performance.bounds.gpus import of_device, of_other
from orchestrator.performance.bounds.measured import of_ceilings
from orchestrator.performance.objection import device_of, on_gpu
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result


def bounds(result: Result, record: BenchRecord) -> tuple[Bound, ...]:
    """By the documented peaks of the whole GPU; or else by the ceilings measured in the run, and by
    the GPU that a slice belongs to, the fastest GPU we know, or what CPUs can do at all. Empty
    where the work or the machine is unknown."""
    facts, device = result.facts(record.case), device_of(result)
    if device is not None:
        return of_device(facts, device, record.method)
    if result.machine is None:
        return ()
    measured = of_ceilings(result, record)
    if on_gpu(result):
        return (*measured, *of_other(facts, result.machine, record.method))
    return (*measured, *of_cpus(facts, result.machine.cpu_count, result.machine.cpu))
