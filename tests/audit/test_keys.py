"""What keys mean, however people write them; and the machine that a file names."""

from __future__ import annotations

import pytest

from orchestrator.audit.machine import machine
from orchestrator.audit.recognising import axes
from orchestrator.audit.recognising.keys import meaning
from orchestrator.audit.rules.grid import step_of
from orchestrator.audit.values import Quantity, Role
from orchestrator.performance.device import DEVICES

MEANINGS = {
    "p50_ms": (Quantity.TIME, 1e3, "", "p50"),
    "sdpa_p99.9_us": (Quantity.TIME, 1.0, "sdpa", "p99.9"),
    "Time (ms)": (Quantity.TIME, 1e3, "", ""),
    "meanTimeMs": (Quantity.TIME, 1e3, "", "mean"),
    "ns/iter": (Quantity.TIME, 1e-3, "", ""),
    "elapsed_s": (Quantity.TIME, 1e6, "", ""),
    "reference_latency_ms": (Quantity.TIME, 1e3, "reference", ""),
    "performance.std_dev_ms": (Quantity.SPREAD, 1e3, "", ""),
    "tflops_p50": (Quantity.FLOP_RATE, 1e12, "", "p50"),
    "throughput_gflops": (Quantity.FLOP_RATE, 1e9, "", ""),
    "Triton (TFLOP/s)": (Quantity.FLOP_RATE, 1e12, "triton", ""),
    "memory_bandwidth_gb_s": (Quantity.BYTE_RATE, 1e9, "", ""),
    "GiB/s": (Quantity.BYTE_RATE, 2.0**30, "", ""),
    "bytes_per_second": (Quantity.BYTE_RATE, 1.0, "", ""),
}
NOTHING = (
    *("S", "H", "num_heads", "max_len", "total_tokens", "block_size", "max_abs_error", "tok_s"),
    *("timestamp", "warmup_ms", "timeout_s", "peak_memory_gb", "gpu_util", "correlation"),
    *("clock_mhz", "power_w", "speedup_pct", "name"),
)


@pytest.mark.parametrize("key", MEANINGS)
def test_that_a_key_says_what_whose_and_in_which_unit(key: str) -> None:
    found = meaning(key)
    assert found is not None
    assert found.unit is not None
    assert (found.quantity, found.unit.factor, found.who, found.statistic) == MEANINGS[key]


@pytest.mark.parametrize("key", NOTHING)
def test_that_a_key_of_something_else_means_nothing(key: str) -> None:
    assert meaning(key) is None


def test_that_targets_peaks_and_speed_ups_say_of_what() -> None:
    found = [meaning(key) for key in ("target_ms", "peak_gbps", "speedup_vs_torch", "% of peak")]
    assert [one.role for one in found if one] == [
        Role.TARGET,
        Role.PEAK,
        Role.MEASURED,
        Role.MEASURED,
    ]
    assert found[2] is not None
    assert found[2].against == "torch"


def test_that_shapes_in_one_word_are_read_and_names_that_end_with_a_number_are_not() -> None:
    told = dict(axes.in_words("b2_hq32_hkv8_seqlen4096_head_dim128_causal_bf16"))
    assert told.pop("dtype").value == "bf16"  # type: ignore[union-attr]
    assert told == {"B": 2, "H": 32, "Hkv": 8, "S": 4096, "D": 128, "causal": True}
    assert list(axes.in_words("kernel_v3")) == []


def test_that_a_gpu_is_found_by_what_the_file_says_and_then_by_its_name() -> None:
    assert machine("NVIDIA H100 PCIe", "l4.csv").device.model == "H100 PCIe"
    assert machine("", "h200_results.csv").words.startswith("H200 SXM, as the file's name says")
    assert machine("", "l40s.csv").device.model == "L40S"
    family = machine("H100", "x.csv")
    assert family.device.memory_gbs == 3938
    assert "which is not told, the highest of H100 SXM, H100 PCIe, H100 NVL" in family.words


@pytest.mark.parametrize("said", ["", "NVIDIA GB300", "something else"])
def test_that_an_unknown_gpu_is_bound_by_the_largest_known_and_says_so(said: str) -> None:
    found = machine(said, "results.csv")
    assert not found.known
    assert "bounds are those of the largest GPU known here" in found.words
    assert "TFLOPS dense FP16" in found.words
    peaks = [machine(one.gpu_names[0], "results.csv") for one in DEVICES]
    assert all(found.sm_gbs >= one.sm_gbs for one in peaks)
    assert all(found.device.memory_gbs >= one.device.memory_gbs for one in peaks)


def test_that_the_step_of_a_grid_is_found_through_noise_of_floats() -> None:
    assert step_of([1.024 * n * (1 + 1e-7 * n) for n in (5, 7, 8, 12)]) == pytest.approx(
        1.024, rel=1e-5
    )
    assert step_of([5.123, 5.4417, 6.0091, 7.7713, 8.1237]) is None
    assert step_of([1.0, 2.0, 3.0]) is None
