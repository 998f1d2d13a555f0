"""Hopper."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.devices.device import L2_BYTES_PER_CLOCK, MIB, Device

# mma.sync reaches two thirds of wgmma's rate: sm__ops_path_tensor_op_hmma_src_fp16_dst_fp32 has a
# peak of 311,296 per clock on an H100 PCIe, ..._hgmma_src_fp16 one of 466,944 (ncu 2025.1).
_HOPPER_MMA_SYNC = 2 / 3

_H100 = "https://www.nvidia.com/en-us/data-center/h100/"
_H200 = "https://www.nvidia.com/en-us/data-center/h200/"
_GH200 = "https://resources.nvidia.com/en-us-grace-cpu/grace-hopper-superchip"

_H100_SXM = Device(
    model="H100 SXM",
    gpu_names=("NVIDIA H100 80GB HBM3",),
    source=_H100,
    tensor_tflops=989.4,
    tensor_flop_per_clock=4096,
    sm_count=132,
    peak_mhz=1830,
    max_mhz=1980,
    memory_gbs=3352,
    l2_bytes=50 * MIB,
    fp32_tflops=66.9,
    fp32_mhz=1980,
    mma_sync_share=_HOPPER_MMA_SYNC,
    l2_bytes_per_clock=L2_BYTES_PER_CLOCK,
)

HOPPER = (
    _H100_SXM,
    replace(
        _H100_SXM,
        model="H100 PCIe",
        gpu_names=("NVIDIA H100 PCIe",),
        tensor_tflops=756.5,
        sm_count=114,
        peak_mhz=1620,
        max_mhz=1755,
        memory_gbs=2039,
        fp32_tflops=51.2,
        fp32_mhz=1755,
    ),
    # The data sheet's 60 TFLOPS of FP32 are 132 SMs · 256 · 1785 MHz.
    replace(
        _H100_SXM,
        model="H100 NVL",
        gpu_names=("NVIDIA H100 NVL",),
        tensor_tflops=835.5,
        peak_mhz=1545,
        max_mhz=1785,
        memory_gbs=3938,
        fp32_tflops=60.3,
        fp32_mhz=1785,
        unconfirmed="835.5 TFLOPS and the highest clock of 1785 MHz",
    ),
    # 3201 MHz · 6144 bit · 2 = 4917 GB/s, above the 4.8 TB/s of the data sheet. L2: the full GH100
    # has 60 MB (Hopper whitepaper), taken so that no measurement is doubted without cause.
    replace(
        _H100_SXM,
        model="H200 SXM",
        gpu_names=("NVIDIA H200",),
        source=_H200,
        memory_gbs=4800,
        memory_ceiling_gbs=4917,
        l2_bytes=60 * MIB,
        unconfirmed="an L2 of 60 MB",
    ),
    # The same chip but for NVLink and FP64 (philisun.com).
    replace(_H100_SXM, model="H800 SXM", gpu_names=("NVIDIA H800",)),
    # To Nsight Compute one of these had 132 SMs, 1980 MHz and 60 MiB.
    replace(
        _H100_SXM,
        model="GH200 96 GB",
        gpu_names=("NVIDIA GH200 480GB",),
        source=_GH200,
        memory_gbs=4000,
        memory_ceiling_gbs=4022,
        l2_bytes=60 * MIB,
        unconfirmed="4 TB/s",
    ),
    replace(
        _H100_SXM,
        model="GH200 144 GB",
        gpu_names=("NVIDIA GH200 144G HBM3e",),
        source=_GH200,
        memory_gbs=4900,
        memory_ceiling_gbs=5000,
        l2_bytes=60 * MIB,
        unconfirmed="4.9 TB/s",
    ),
)
