"""Blackwell: data centers, workstations and games."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.devices.device import MIB, Device

_B200 = "https://resources.nvidia.com/en-us-dgx-systems/dgx-b200-datasheet"
_B300 = "https://resources.nvidia.com/en-us-dgx-systems/dgx-b300-datasheet"
_RTX = "https://images.nvidia.com/aem-dam/Solutions/geforce/blackwell/nvidia-rtx-blackwell-gpu-architecture.pdf"
_PRO = "https://www.nvidia.com/en-us/products/workstations/professional-desktop-gpus/rtx-pro-6000/"

# 8 TB/s by the data sheet; the one B200 we have a report from has 3996 MHz · 7680 bit · 2, that
# is 7672 GB/s. FP32 is 148 SMs · 256 · 1965 MHz.
_B200_SXM = Device(
    model="B200",
    gpu_names=("NVIDIA B200",),
    source=_B200,
    tensor_tflops=2250,
    tensor_flop_per_clock=8192,
    sm_count=148,
    peak_mhz=1856,
    max_mhz=1965,
    memory_gbs=8000,
    l2_bytes=126 * MIB,
    fp32_tflops=74.4,
    fp32_mhz=1965,
    mma_sync_share=None,
)

# 838 TFLOPS of FP16 with sparsity and FP16 accumulation (spheron.network), a quarter of it dense
# and with FP32: 170 SMs · 512 · 2407 MHz. FP16 accumulation doubles that on GeForce cards, hence
# 1024.
_RTX_5090 = Device(
    model="RTX 5090",
    gpu_names=("NVIDIA GeForce RTX 5090",),
    source=_RTX,
    tensor_tflops=209.5,
    tensor_flop_per_clock=1024,
    sm_count=170,
    peak_mhz=2407,
    max_mhz=3150,
    memory_gbs=1792,
    l2_bytes=96 * MIB,
    fp32_tflops=104.8,
    unconfirmed="the highest clock of 3150 MHz",
)

BLACKWELL = (
    _B200_SXM,
    # FP16 as B200, 7.7 to 8 TB/s, 10.7 T exponentials/s, twice the B200's (glennklockwood.com,
    # verda.com): SMs that take 32 of them a clock.
    replace(
        _B200_SXM,
        model="B300",
        gpu_names=("NVIDIA B300 SXM6 AC",),
        source=_B300,
        max_mhz=2100,
        exponentials_per_clock=32,
        fp32_tflops=75,
        fp32_mhz=1980,
        unconfirmed="148 SMs, the highest clock of 2100 MHz and an L2 of 126 MB",
    ),
    _RTX_5090,
    # 84 SMs, 2617 MHz, 64 MB and 960 GB/s at fpsbench.com.
    replace(
        _RTX_5090,
        model="RTX 5080",
        gpu_names=("NVIDIA GeForce RTX 5080",),
        tensor_tflops=112.6,
        sm_count=84,
        peak_mhz=2617,
        memory_gbs=960,
        l2_bytes=64 * MIB,
        fp32_tflops=56.3,
        unconfirmed="112.6 TFLOPS and the highest clock of 3150 MHz",
    ),
    # 188 SMs, 128 MB, 1792 GB/s and 125 TFLOPS of FP32 as announced; 4000 TOPS of FP4 with sparsity
    # are eight times 188 SMs · 1024 · 2600 MHz.
    replace(
        _RTX_5090,
        model="RTX PRO 6000 Blackwell",
        gpu_names=(
            "NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
            "NVIDIA RTX PRO 6000 Blackwell Server Edition",
            "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition",
        ),
        source=_PRO,
        tensor_tflops=503.8,
        sm_count=188,
        peak_mhz=2617,
        l2_bytes=128 * MIB,
        fp32_tflops=126,
        unconfirmed="503.8 TFLOPS and the highest clock of 3150 MHz",
    ),
)
