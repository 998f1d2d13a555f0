"""Documented peaks of the GPUs we know, each with its source; nothing here is measured.

The links name the vendors' own pages, which could not be opened where this was written. max_mhz of
B200, RTX 4090 and H100 NVL, and B200's L2, stand on no page that we have read: confirm before use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

# CUDA C++ Programming Guide, "Throughput of Native Arithmetic Instructions": 16 results per clock
# and SM for ex2 and friends on every architecture listed here; unchanged from Hopper to B200
# (together.ai/blog/flashattention-4).
EXPONENTIALS_PER_CLOCK = 16

_A100 = "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/a100/pdf/nvidia-a100-datasheet-nvidia-us-2188504-web.pdf"
_ADA = "https://images.nvidia.com/aem-dam/Solutions/Data-Center/l4/nvidia-ada-gpu-architecture-whitepaper-v2.1.pdf"
_L40S = "https://resources.nvidia.com/en-us-l40s/l40s-datasheet-28413"
_L4 = "https://www.nvidia.com/en-us/data-center/l4/"
_H100 = "https://www.nvidia.com/en-us/data-center/h100/"
_H200 = "https://www.nvidia.com/en-us/data-center/h200/"
_B200 = "https://resources.nvidia.com/en-us-dgx-systems/dgx-b200-datasheet"

_MIB = 1 << 20


@dataclass(frozen=True)
class Device:
    """One GPU model.

    gpu_names: what nvidia-smi prints. tensor_tflops: dense FP16 with FP32 accumulation, as
    documented. tensor_flop_per_clock: the most one SM can do with FP16 inputs in one clock, so
    sm_count · this · max_mhz is beyond doubt out of reach. peak_mhz: SM clock that the documented
    peak was quoted at (computed from it where the vendor gives none); max_mhz: the highest one the
    model can be set to. memory_gbs: documented bandwidth; memory_ceiling_gbs: memory clock · bus
    width where that is above it.
    """

    model: str
    gpu_names: tuple[str, ...]
    source: str
    tensor_tflops: float
    tensor_flop_per_clock: int
    sm_count: int
    peak_mhz: int
    max_mhz: int
    memory_gbs: float
    l2_bytes: int
    memory_ceiling_gbs: float = 0.0

    @property
    def tensor_ceiling_tflops(self) -> float:
        """Tensor rate at the highest clock, whatever the power limit allows."""
        return max(
            self.tensor_tflops, self.sm_count * self.tensor_flop_per_clock * self.max_mhz / 1e6
        )


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
    l2_bytes=40 * _MIB,
)

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
    l2_bytes=50 * _MIB,
)

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
    l2_bytes=96 * _MIB,
)

DEVICES = (
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
    ),
    replace(
        _H100_SXM,
        model="H100 NVL",
        gpu_names=("NVIDIA H100 NVL",),
        tensor_tflops=835.5,
        peak_mhz=1545,
        max_mhz=1785,
        memory_gbs=3938,
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
        l2_bytes=60 * _MIB,
    ),
    Device(
        model="B200",
        gpu_names=("NVIDIA B200",),
        source=_B200,
        tensor_tflops=2250,
        tensor_flop_per_clock=8192,
        sm_count=148,
        peak_mhz=1856,
        max_mhz=1965,
        memory_gbs=8000,
        l2_bytes=126 * _MIB,
    ),
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
        l2_bytes=48 * _MIB,
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
        l2_bytes=72 * _MIB,
    ),
)


def find(gpu_name: str | None) -> Device | None:
    """The device nvidia-smi calls `gpu_name`; None for an unknown one and for the CPU."""
    for device in DEVICES:
        if gpu_name in device.gpu_names:
            return device
    return None
