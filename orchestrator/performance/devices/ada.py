"""Ada Lovelace."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.devices.device import MIB, Device

_ADA = "https://images.nvidia.com/aem-dam/Solutions/Data-Center/l4/nvidia-ada-gpu-architecture-whitepaper-v2.1.pdf"
_L40S = "https://resources.nvidia.com/en-us-l40s/l40s-datasheet-28413"
_L4 = "https://www.nvidia.com/en-us/data-center/l4/"
_L40 = "https://www.nvidia.com/en-us/data-center/l40/"
_ADA_6000 = "https://www.nvidia.com/en-us/design-visualization/rtx-6000/"

_L40S_CARD = Device(
    model="L40S",
    gpu_names=("NVIDIA L40S",),
    source=_L40S,
    tensor_tflops=362.05,
    tensor_flop_per_clock=1024,
    sm_count=142,
    peak_mhz=2490,
    max_mhz=2520,
    memory_gbs=864,
    l2_bytes=96 * MIB,
    fp32_tflops=91.6,
    fp32_mhz=2520,
    unconfirmed="an L2 of 96 MB (some pages say 48)",
)

ADA = (
    _L40S_CARD,
    replace(
        _L40S_CARD,
        model="L4",
        gpu_names=("NVIDIA L4",),
        source=_L4,
        tensor_tflops=121,
        sm_count=58,
        peak_mhz=2040,
        max_mhz=2040,
        memory_gbs=300,
        l2_bytes=48 * MIB,
        fp32_tflops=30.3,
        fp32_mhz=2040,
        unconfirmed="121 TFLOPS at 2040 MHz",
    ),
    # FP16 accumulation doubles the tensor rate of GeForce cards (whitepaper, appendix A), hence
    # 1024 FLOP per clock beside a documented 165.2 TFLOPS at 512. Boards clock up to 3105 MHz.
    replace(
        _L40S_CARD,
        model="RTX 4090",
        gpu_names=("NVIDIA GeForce RTX 4090",),
        source=_ADA,
        tensor_tflops=165.2,
        sm_count=128,
        peak_mhz=2520,
        max_mhz=3105,
        memory_gbs=1008,
        l2_bytes=72 * MIB,
        fp32_tflops=82.6,
        unconfirmed="the highest clock of 3105 MHz",
    ),
    # 1457 TFLOPS of FP8 with sparsity are four times 142 SMs · 1024 · 2505 MHz.
    replace(
        _L40S_CARD,
        model="RTX 6000 Ada",
        gpu_names=("NVIDIA RTX 6000 Ada Generation",),
        source=_ADA_6000,
        tensor_tflops=364.2,
        peak_mhz=2505,
        max_mhz=3105,
        memory_gbs=960,
        fp32_tflops=91.1,
        fp32_mhz=2505,
        unconfirmed="364.2 TFLOPS, the highest clock of 3105 MHz and an L2 of 96 MB",
    ),
    # Half of the L40S's tensor rate by its data sheet, with the same chip: who doubts only what the
    # chip cannot do takes the whole.
    replace(
        _L40S_CARD,
        model="L40",
        gpu_names=("NVIDIA L40",),
        source=_L40,
        tensor_tflops=181.05,
        peak_mhz=2490,
        max_mhz=2520,
        fp32_tflops=90.5,
        fp32_mhz=2490,
        unconfirmed="181.05 TFLOPS and an L2 of 96 MB",
    ),
)
