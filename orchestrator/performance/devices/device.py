"""What is known of one GPU model."""

from __future__ import annotations

from dataclasses import dataclass, replace

# CUDA C++ Programming Guide, "Throughput of Native Arithmetic Instructions": 16 results per clock
# and SM for ex2 and friends on every architecture listed here but for Blackwell Ultra; unchanged
# from Hopper to B200 (together.ai/blog/flashattention-4).
EXPONENTIALS_PER_CLOCK = 16

# 5120 bytes per clock: A100 whitepaper, and for H100 the same at its own clock (8986 GB/s at
# 1755 MHz: PMC10448217, table 3). None is documented for Ada and Blackwell.
L2_BYTES_PER_CLOCK = 5120

MIB = 1 << 20


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
    none is documented. exponentials_per_clock: results of ex2 and its like per SM. fp8: whether its
    tensor cores take FP8. unconfirmed: figures that no page or machine we have seen confirms.
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
    exponentials_per_clock: int = EXPONENTIALS_PER_CLOCK
    fp8: bool = True
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
