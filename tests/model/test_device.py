"""The table of documented peaks, checked for agreement with itself."""

from __future__ import annotations

import pytest

from orchestrator.model.device import DEVICES, Device, find


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.model)
def test_documented_peaks_follow_from_sms_and_clock(device: Device) -> None:
    full_rate = device.sm_count * device.tensor_flop_per_clock * device.peak_mhz / 1e6
    rate = full_rate / 2 if device.model == "RTX 4090" else full_rate
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
