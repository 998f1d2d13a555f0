// Who may say that an operand of wgmma is free? A warpgroup multiplies with a tile of B, says so,
// and another warp at once overwrites the tile with NaN, round after round.
//
// wgmma.wait_group vouches for the warp that executes it, so all four have to release. Warp 3 comes
// late on purpose: if the first warp released for all, the NaN could reach what it multiplies.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#asynchronous-warpgroup-level-matrix-async-proxy
#pragma once

#include "conformance/probes.cuh"
#include "ptx/nanosleep.cuh"

namespace probes {

constexpr int RELEASE_THREADS = 2 * WARPGROUP;  // of the second one lane loads
constexpr int LATE_WARP = 3;
constexpr uint32_t LATE_NANOSECONDS = 500;
constexpr uint32_t SQUARE_BYTES = 64 * 64 * 2;  // of A, of B and of the poison

struct ReleaseBarriers {
  uint32_t base = ptx::dynamic_shared_memory();
  uint32_t full = base, free = base + 8, poisoned = base + 16;
  uint32_t a = base + DATA_AT, b = a + SQUARE_BYTES;
};

// One lane: B in, and when it is free again the poison in its place.
SPARSEK_DEVICE void keep_refilling(const ReleaseBarriers& smem, const CUtensorMap& tile,
                                   const CUtensorMap& poison, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const uint32_t parity = round % 2;
    ptx::mbarrier_arrive_expect_tx(smem.full, round == 0 ? 2 * SQUARE_BYTES : SQUARE_BYTES);
    if (round == 0) ptx::tma_load_2d(smem.a, &tile, smem.full, 0, 0);
    ptx::tma_load_2d(smem.b, &tile, smem.full, 0, 0);
    ptx::mbarrier_wait_parity(smem.free, parity);
    ptx::mbarrier_arrive_expect_tx(smem.poisoned, SQUARE_BYTES);
    ptx::tma_load_2d(smem.b, &poison, smem.poisoned, 0, 0);
    ptx::mbarrier_wait_parity(smem.poisoned, parity);
  }
}

SPARSEK_DEVICE void multiply_square(const ReleaseBarriers& smem, float (&sums)[32]) {
  const uint64_t a = ptx::matrix_descriptor(smem.a, 16, 1024, ptx::Swizzle::B128);
  const uint64_t b = ptx::matrix_descriptor(smem.b, 16, 1024, ptx::Swizzle::B128);
  ptx::wgmma_fence();
  for (int step = 0; step < 4; ++step)
    ptx::wgmma_ss<Major::K, Major::K>(Half{}, sums, ptx::advance_descriptor(a, 32 * step),
                                      ptx::advance_descriptor(b, 32 * step), step > 0);
  ptx::wgmma_commit_group();
  ptx::wgmma_wait_group<0>();
  ptx::hold_registers(sums);
}

// products[128][32]: what the first round gave; spoilt[grid]: how often a thread's later round gave
// something else. releasing_warps: 4 is right, 1 lets warp 0 speak for the warpgroup.
__global__ void __launch_bounds__(RELEASE_THREADS)
    release_hazard(const __grid_constant__ CUtensorMap tile,
                   const __grid_constant__ CUtensorMap poison, int rounds, int releasing_warps,
                   float* products, uint32_t* spoilt) {
  const ReleaseBarriers smem;
  const int warp = threadIdx.x / WARP_LANES, lane = threadIdx.x % WARP_LANES;
  const uint32_t counter = smem.base + 24;
  if (threadIdx.x == 0) {
    ptx::mbarrier_init(smem.full, 1, "full");
    ptx::mbarrier_init(smem.free, releasing_warps, "free");
    ptx::mbarrier_init(smem.poisoned, 1, "poisoned");
    ptx::st_shared_b32(counter, 0u);
    ptx::fence_mbarrier_init();
  }
  ptx::sync_cta();
  if (threadIdx.x == WARPGROUP) keep_refilling(smem, tile, poison, rounds);
  if (threadIdx.x < WARPGROUP) {
    float first[32], sums[32];
    uint32_t different = 0;
    for (int round = 0; round < rounds; ++round) {
      ptx::mbarrier_wait_parity(smem.full, round % 2);
      // All have seen this phase before anybody releases the next, or parities would lose count.
      ptx::named_barrier_sync(1, WARPGROUP, "tile seen");
      if (warp == LATE_WARP) ptx::nanosleep(LATE_NANOSECONDS);
      multiply_square(smem, sums);
      ptx::sync_warp();
      if (lane == 0 && warp < releasing_warps) ptx::mbarrier_arrive(smem.free);
      bool same = true;
      for (int i = 0; i < 32; ++i) {
        if (round == 0) first[i] = sums[i];
        same = same && ptx::bits_of(sums[i]) == ptx::bits_of(first[i]);
      }
      different += same ? 0u : 1u;
    }
    ptx::atomic_add_acq_rel_shared(counter, different);
    for (int i = 0; i < 32 && blockIdx.x == 0; ++i) products[threadIdx.x * 32 + i] = first[i];
  }
  ptx::sync_cta();
  if (threadIdx.x == 0) spoilt[blockIdx.x] = ptx::atomic_add_acq_rel_shared(counter, 0u);
}

}  // namespace probes
