"""Documented peaks of the GPUs we know, each with its source; nothing here is measured by us.

The links name the vendors' own pages, which could not be opened where this was written. Read
instead were reprints of NVIDIA's tables: H100 SXM and PCIe (archive-lib.hpctech.co.jp,
glennklockwood.com/garden/processors/h100), H200 (itkb.uw.cz), L40S (mullet.se, of the data sheet),
RTX 4090 (waredb.com, of the whitepaper). SM counts, highest clocks, L2 and memory clocks are what
GPUs said of themselves: to Nsight Compute an H100 PCIe (114 SMs, 1755 MHz, 50 MiB, 1593 MHz on
5120 bit), a GH200 (132, 1980 MHz, 60 MiB) and a B200 (148, 1965 MHz, 126.5 MiB, 3996 MHz on 7680
bit), to nvidia-smi an H100 SXM and an H200 (1980 MHz) and an A100 (1410 MHz). `unconfirmed` names
what none of these says; the section "Without counters" repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

# CUDA C++ Programming Guide, "Throughput of Native Arithmetic Instructions": 16 results per clock
# and SM for ex2 and friends on every architecture listed here; unchanged from Hopper to B200
# (together.ai/blog/flashattention-4).
EXPONENTIALS_PER_CLOCK = 16

# mma.sync reaches two thirds of wgmma's rate: sm__ops_path_tensor_op_hmma_src_fp16_dst_fp32 has a
# peak of 311,296 per clock on an H100 PCIe, ..._hgmma_src_fp16 one of 466,944 (ncu 2025.1).
_HOPPER_MMA_SYNC = 2 / 3

# 5120 bytes per clock: A100 whitepaper, and for H100 the same at its own clock (8986 GB/s at
# 1755 MHz: PMC10448217, table 3). None is documented for Ada and Blackwell.
_L2_BYTES_PER_CLOCK = 5120

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
    width where that is above it. fp32_tflops: without tensor cores, documented, at fp32_mhz, which
    is the peak clock where it is zero. mma_sync_share: of the tensor peak, for kernels that use
    mma.sync; None where nobody says. l2_bytes_per_clock: read bandwidth at the SM clock, zero where
    none is documented. unconfirmed: figures that no page or machine we have seen confirms.
    """

    model: str
    gpu_names: tuple[str, ...]
    source: str
    tensor_tflops: float
    tensor_flop_per_clock: int
    sm_count: int
    peak_mhz: float
    max_mhz: int
    memory_gbs: float
    l2_bytes: int
    memory_ceiling_gbs: float = 0.0
    fp32_tflops: float = 0.0
    fp32_mhz: float = 0.0
    mma_sync_share: float | None = 1.0
    l2_bytes_per_clock: int = 0
    unconfirmed: str = ""

    def at(self, clock_mhz: float) -> Device:
        """The same GPU with its SMs at another clock; the memory keeps its own."""
        share = clock_mhz / self.peak_mhz
        return replace(
            self,
            tensor_tflops=self.tensor_tflops * share,
            peak_mhz=clock_mhz,
            fp32_tflops=self.fp32_tflops * clock_mhz / (self.fp32_mhz or self.peak_mhz),
            fp32_mhz=clock_mhz,
        )

    @property
    def l2_gbs(self) -> float:
        """L2 bandwidth at the peak clock, in GB/s; zero where none is documented."""
        return self.l2_bytes_per_clock * self.peak_mhz / 1e3

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
    fp32_tflops=19.5,
    l2_bytes_per_clock=_L2_BYTES_PER_CLOCK,
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
    fp32_tflops=66.9,
    fp32_mhz=1980,
    mma_sync_share=_HOPPER_MMA_SYNC,
    l2_bytes_per_clock=_L2_BYTES_PER_CLOCK,
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
    fp32_tflops=91.6,
    fp32_mhz=2520,
    unconfirmed="an L2 of 96 MB (some pages say 48)",
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
        l2_bytes=60 * _MIB,
        unconfirmed="an L2 of 60 MB",
    ),
    # 8 TB/s by the data sheet; the one B200 we have a report from has 3996 MHz · 7680 bit · 2, that
    # is 7672 GB/s. FP32 is 148 SMs · 256 · 1965 MHz.
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
        fp32_tflops=74.4,
        fp32_mhz=1965,
        mma_sync_share=None,
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
        l2_bytes=72 * _MIB,
        fp32_tflops=82.6,
        unconfirmed="the highest clock of 3105 MHz",
    ),
)


def find(gpu_name: str | None) -> Device | None:
    """The device nvidia-smi calls `gpu_name`; None for an unknown one and for the CPU."""
    for device in DEVICES:
        if gpu_name in device.gpu_names:
            return device
    return None
