"""The table of documented peaks, checked for agreement with itself."""

from __future__ import annotations

import pytest

from orchestrator.performance.device import DEVICES, Device, find
from orchestrator.readers.ncu.read import read_file
from tests.ncu.places import needs_samples, samples

# What FP32 accumulation halves: GeForce cards, and the L40 by its data sheet.
HALF_RATE = ("RTX 3090", "RTX 4090", "RTX 5080", "RTX 5090", "L40")
HALF_LANES = ("A100", "A800", "A30", "V100", "T4")


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.model)
def test_documented_peaks_follow_from_sms_and_clock(device: Device) -> None:
    full_rate = device.sm_count * device.tensor_flop_per_clock * device.peak_mhz / 1e6
    rate = full_rate / 2 if device.model in HALF_RATE else full_rate
    assert device.tensor_tflops == pytest.approx(rate, rel=0.005)


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.model)
def test_no_ceiling_lies_below_its_documented_peak(device: Device) -> None:
    assert device.tensor_ceiling_tflops >= device.tensor_tflops
    assert device.max_mhz >= device.peak_mhz
    assert device.source.startswith("https://")


def test_every_gpu_name_belongs_to_one_device() -> None:
    names = [name for device in DEVICES for name in device.gpu_names]
    assert len(names) == len(set(names))


def test_h100_variants_are_told_apart_by_the_name_nvidia_smi_prints() -> None:
    found = [
        find(name) for name in ("NVIDIA H100 80GB HBM3", "NVIDIA H100 PCIe", "NVIDIA H100 NVL")
    ]
    assert [device.model for device in found if device] == ["H100 SXM", "H100 PCIe", "H100 NVL"]


@pytest.mark.parametrize("name", [None, "", "NVIDIA GeForce 256", "H100", "Apple M3"])
def test_an_unknown_gpu_has_no_roof(name: str | None) -> None:
    assert find(name) is None


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.model)
def test_documented_fp32_rates_follow_from_sms_and_clock(device: Device) -> None:
    lanes = 64 if device.model.startswith(HALF_LANES) else 128
    clock_mhz = device.fp32_mhz or device.peak_mhz
    assert device.fp32_tflops == pytest.approx(device.sm_count * lanes * 2 * clock_mhz / 1e6, 0.005)


def test_at_its_own_peak_clock_a_device_keeps_its_rates() -> None:
    for device in DEVICES:
        assert device.at(device.peak_mhz).tensor_tflops == device.tensor_tflops
        assert device.at(device.peak_mhz).l2_gbs == device.l2_gbs


@needs_samples
def test_what_real_gpus_said_of_themselves_stands_in_the_table() -> None:
    seen = set()
    for path in samples("ncu-csv/b200*", "derived-csv/*"):
        one = read_file(path).captures.kernels[0]
        device = find(one.text("device__attribute_display_name"))
        if device is None:
            continue
        seen.add(device.model)
        fact = {
            name: one.number(f"device__attribute_{name}")
            for name in ("multiprocessor_count", "max_gpu_frequency_khz", "l2_cache_size")
        }
        assert fact["multiprocessor_count"] == device.sm_count
        assert fact["max_gpu_frequency_khz"] == device.max_mhz * 1000
        assert fact["l2_cache_size"] == pytest.approx(device.l2_bytes, rel=0.01)
    assert seen == {"B200", "GH200 96 GB", "H100 PCIe"}


@needs_samples
def test_mma_sync_has_two_thirds_of_the_peak_that_ncu_gave_wgmma_on_an_h100() -> None:
    (path,) = samples("derived-csv/h100pcie*")
    one = read_file(path).captures.kernels[0]
    wgmma, mma = (
        one.number(f"sm__ops_path_tensor_op_{name}_sparsity_off.sum.peak_sustained")
        for name in ("hgmma_src_fp16", "hmma_src_fp16_dst_fp32")
    )
    device = find("NVIDIA H100 PCIe")
    assert device is not None
    assert wgmma == device.sm_count * device.tensor_flop_per_clock
    assert mma is not None
    assert wgmma is not None
    assert mma / wgmma == pytest.approx(device.mma_sync_share, rel=1e-4)
