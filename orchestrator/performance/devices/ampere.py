"""Ampere, and what came before it with tensor cores: Volta and Turing. None of them takes FP8."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.devices.device import L2_BYTES_PER_CLOCK, MIB, Device

_A100 = "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/a100/pdf/nvidia-a100-datasheet-nvidia-us-2188504-web.pdf"
_A30 = "https://www.nvidia.com/en-us/data-center/products/a30-gpu/"
_A10 = "https://www.nvidia.com/en-us/data-center/products/a10-gpu/"
_A40 = "https://www.nvidia.com/en-us/data-center/a40/"
_A6000 = "https://www.nvidia.com/en-us/design-visualization/rtx-a6000/"
_GA102 = (
    "https://www.nvidia.com/content/PDF/nvidia-ampere-ga-102-gpu-architecture-whitepaper-v2.pdf"
)
_V100 = "https://www.nvidia.com/en-us/data-center/v100/"
_T4 = "https://www.nvidia.com/en-us/data-center/tesla-t4/"

_A100_SXM = Device(
    model="A100 SXM 80 GB",
    gpu_names=("NVIDIA A100-SXM4-80GB",),
    source=_A100,
    tensor_tflops=312,
    tensor_flop_per_clock=2048,
    sm_count=108,
    peak_mhz=1410,
    max_mhz=1410,
    memory_gbs=2039,
    l2_bytes=40 * MIB,
    fp32_tflops=19.5,
    l2_bytes_per_clock=L2_BYTES_PER_CLOCK,
    fp8=False,
)

# Read in a reprint of the data sheet: 149.7 dense with FP32 accumulation (ecer.com); SMs, clocks,
# L2 and memory at gpu.spicedreamphone.com.
_A40_CARD = Device(
    model="A40",
    gpu_names=("NVIDIA A40",),
    source=_A40,
    tensor_tflops=149.7,
    tensor_flop_per_clock=1024,
    sm_count=84,
    peak_mhz=1740,
    max_mhz=1755,
    memory_gbs=696,
    l2_bytes=6 * MIB,
    fp32_tflops=37.4,
    fp8=False,
    unconfirmed="the highest clock of 1755 MHz",
)

_V100_SXM = Device(
    model="V100 SXM2",
    gpu_names=("Tesla V100-SXM2-16GB", "Tesla V100-SXM2-32GB"),
    source=_V100,
    tensor_tflops=125,
    tensor_flop_per_clock=1024,
    sm_count=80,
    peak_mhz=1530,
    max_mhz=1530,
    memory_gbs=900,
    l2_bytes=6 * MIB,
    fp32_tflops=15.7,
    fp8=False,
    unconfirmed="an L2 of 6 MB",
)

AMPERE = (
    _A100_SXM,
    replace(
        _A100_SXM,
        model="A100 SXM 40 GB",
        gpu_names=("NVIDIA A100-SXM4-40GB",),
        memory_gbs=1555,
    ),
    replace(
        _A100_SXM,
        model="A100 PCIe 80 GB",
        gpu_names=("NVIDIA A100 80GB PCIe",),
        memory_gbs=1935,
    ),
    replace(
        _A100_SXM,
        model="A100 PCIe 40 GB",
        gpu_names=("NVIDIA A100-PCIE-40GB",),
        memory_gbs=1555,
    ),
    # The same chip but for its NVLink (hmc-tech.com).
    replace(_A100_SXM, model="A800 SXM 80 GB", gpu_names=("NVIDIA A800-SXM4-80GB",)),
    replace(
        _A100_SXM,
        model="A800 PCIe 80 GB",
        gpu_names=("NVIDIA A800 80GB PCIe",),
        memory_gbs=1935,
    ),
    replace(
        _A100_SXM,
        model="A30",
        gpu_names=("NVIDIA A30",),
        source=_A30,
        tensor_tflops=165,
        sm_count=56,
        peak_mhz=1440,
        max_mhz=1440,
        memory_gbs=933,
        l2_bytes=24 * MIB,
        fp32_tflops=10.3,
        l2_bytes_per_clock=0,
        unconfirmed="165 TFLOPS at 1440 MHz and an L2 of 24 MB",
    ),
    _A40_CARD,
    # SMs, clock, L2 and memory at sysrqmts.com; 125 TFLOPS are 72 SMs · 1024 · 1695 MHz.
    replace(
        _A40_CARD,
        model="A10",
        gpu_names=("NVIDIA A10",),
        source=_A10,
        tensor_tflops=125,
        sm_count=72,
        peak_mhz=1695,
        max_mhz=1695,
        memory_gbs=600.2,
        fp32_tflops=31.2,
        unconfirmed="125 TFLOPS",
    ),
    # SMs, clock, L2 and memory at sysrqmts.com; 154.8 TFLOPS are 84 SMs · 1024 · 1800 MHz.
    replace(
        _A40_CARD,
        model="RTX A6000",
        gpu_names=("NVIDIA RTX A6000",),
        source=_A6000,
        tensor_tflops=154.8,
        peak_mhz=1800,
        max_mhz=2100,
        memory_gbs=768,
        fp32_tflops=38.7,
        unconfirmed="154.8 TFLOPS and the highest clock of 2100 MHz",
    ),
    # FP16 accumulation doubles the tensor rate of GeForce cards, as on the RTX 4090.
    replace(
        _A40_CARD,
        model="RTX 3090",
        gpu_names=("NVIDIA GeForce RTX 3090",),
        source=_GA102,
        tensor_tflops=71.2,
        sm_count=82,
        peak_mhz=1695,
        max_mhz=2100,
        memory_gbs=936.2,
        fp32_tflops=35.6,
        unconfirmed="71.2 TFLOPS and the highest clock of 2100 MHz",
    ),
    _V100_SXM,
    replace(
        _V100_SXM,
        model="T4",
        gpu_names=("Tesla T4",),
        source=_T4,
        tensor_tflops=65,
        sm_count=40,
        peak_mhz=1590,
        max_mhz=1590,
        memory_gbs=320,
        l2_bytes=4 * MIB,
        fp32_tflops=8.14,
        unconfirmed="",
    ),
)
