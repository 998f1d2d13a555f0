"""What measured ceilings are worth: rates, shares of the documented peak, and doubts about them."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.performance.device import Device
from orchestrator.performance.objection import BEYOND_REASON, device_of
from orchestrator.performance.stats import Summary, summarize, usable
from orchestrator.readers.cutlass_csv import GemmRow
from remote_payload.contract.dtypes import DType
from remote_payload.contract.records import CeilingRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status

# What the GEMM of an element type is called among ceilings; E5M2 has none.
GEMMS = {
    DType.FP16: "gemm-fp16",
    DType.BF16: "gemm-bf16",
    DType.FP8_E4M3: "gemm-fp8",
    DType.FP32: "gemm-fp32",
}
# FP8 runs at twice the dense FP16 rate on every device here that has it, by the data sheets that
# device.py names.
FP8_TIMES = 2


@dataclass(frozen=True)
class Peak:
    """Per second. documented: what percentages refer to; limit: beyond it no clock explains it."""

    documented: float
    limit: float


@dataclass(frozen=True)
class Ceiling:
    """One ceiling. summary: None without usable samples. peak: None where none is known.

    doubt: why the number may be off; refuted: the doubt is that it cannot be.
    """

    record: CeilingRecord
    summary: Summary | None
    peak: Peak | None
    doubt: str = ""
    refuted: bool = False

    @property
    def rate(self) -> float | None:
        """Units of the record per second, from the median."""
        if self.summary is None:
            return None
        return self.record.work_per_call / self.summary.median_us * 1e6

    @property
    def trusted_rate(self) -> float | None:
        """The rate, if all samples were taken and nothing refutes them."""
        return self.rate if self.record.status is Status.OK and not self.refuted else None


def ceilings(result: Result) -> tuple[Ceiling, ...]:
    """Every ceiling of a run, in the order measured."""
    device = device_of(result)
    return tuple(_ceiling(record, device) for record in result.ceilings)


def gemm_of(result: Result, dtype: DType) -> Ceiling | None:
    """The GEMM that an operator on `dtype` stands beside; None if none can be trusted."""
    found = (one for one in ceilings(result) if one.record.name == GEMMS.get(dtype))
    return next((one for one in found if one.trusted_rate is not None), None)


def peak_of(name: str, device: Device) -> Peak | None:
    """The documented peak of what a ceiling is called; None for what has none."""
    if name == "copy":
        most = max(device.memory_gbs, device.memory_ceiling_gbs)
        return Peak(device.memory_gbs * 1e9, most * 1e9)
    if name == "exp":
        per_mhz = device.sm_count * device.exponentials_per_clock * 1e6
        return Peak(per_mhz * device.peak_mhz, per_mhz * device.max_mhz)
    times = {"gemm-fp16": 1, "gemm-bf16": 1, "gemm-fp8": FP8_TIMES}.get(name)
    if times is None or (times == FP8_TIMES and not device.fp8):
        return None
    return Peak(device.tensor_tflops * 1e12 * times, device.tensor_ceiling_tflops * 1e12 * times)


def doubt_of(rate: float, peak: Peak | None) -> tuple[str, bool]:
    """Why a rate cannot be (True) or hardly can be (False); an empty text if it can."""
    if peak is None or rate <= peak.documented:
        return "", False
    if rate > peak.limit:
        return "above what the GPU can do at its highest clock: no measurement", True
    return "above the documented peak, which only a higher clock explains", False


def row_doubt(row: GemmRow, device: Device | None) -> tuple[str, bool]:
    """As doubt_of, for a row of the CUTLASS profiler."""
    name = {"f16": "gemm-fp16", "bf16": "gemm-bf16", "e4m3": "gemm-fp8"}.get(row.element)
    if device is None or name is None:
        return "", False
    return doubt_of(row.rate_tflops * 1e12, peak_of(name, device))


def _ceiling(record: CeilingRecord, device: Device | None) -> Ceiling:
    summary = summarize(record.samples_us) if _sane(record) else None
    peak = peak_of(record.name, device) if device else None
    blank = Ceiling(record, summary, peak)
    if record.status is Status.OK and summary is None:
        return Ceiling(record, None, peak, "it claims success without a usable sample", True)
    doubt, refuted = doubt_of(blank.rate, peak) if blank.rate is not None else ("", False)
    return Ceiling(record, summary, peak, doubt, refuted)


def _sane(record: CeilingRecord) -> bool:
    """Whether a rate can be made of it: times above zero, and an amount of work some GPU can do."""
    if not usable(record.samples_us):
        return False
    return 0 < record.work_per_call / min(record.samples_us) * 1e6 < BEYOND_REASON
