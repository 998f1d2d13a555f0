// Tiny kernels around single Hopper instructions: memory and registers in, memory and registers
// out. One CTA each. Compiled over the emulator and by nvcc, so that both answer the same
// questions.
#pragma once

#include "ptx/arithmetic.cuh"
#include "ptx/atomic.cuh"
#include "ptx/elect.cuh"
#include "ptx/fence.cuh"
#include "ptx/half2.cuh"
#include "ptx/ldmatrix.cuh"
#include "ptx/mbarrier.cuh"
#include "ptx/named_barrier.cuh"
#include "ptx/registers.cuh"
#include "ptx/shared_memory.cuh"
#include "ptx/stmatrix.cuh"
#include "ptx/tma.cuh"
#include "ptx/warp.cuh"
#include "ptx/wgmma.cuh"

namespace probes {

using namespace sparsek;
using ptx::Major;

constexpr int WARPGROUP = 128;
constexpr int BARRIER_AT = 0;  // offsets in shared memory
constexpr int DATA_AT = 1024;

struct Tile {  // of an operand, as matrix_descriptor() wants it; offset from DATA_AT
  uint32_t offset, leading_bytes, stride_bytes;
  int swizzle;  // ptx::Swizzle
};

SPARSEK_DEVICE void fill(uint32_t target, const uint32_t* words, int count) {
  for (int i = threadIdx.x; i < count; i += WARPGROUP) ptx::st_shared_b32(target + 4 * i, words[i]);
  ptx::fence_proxy_async_shared();
  ptx::sync_cta();
}

SPARSEK_DEVICE void dump(uint32_t source, uint4* target, int chunks) {
  for (int i = threadIdx.x; i < chunks; i += WARPGROUP)
    target[i] = ptx::ld_shared_v4(source + 16 * i);
}

SPARSEK_DEVICE uint64_t descriptor(const Tile& tile) {
  return ptx::matrix_descriptor(ptx::dynamic_shared_memory() + DATA_AT + tile.offset,
                                tile.leading_bytes, tile.stride_bytes,
                                static_cast<ptx::Swizzle>(tile.swizzle));
}

// d[128][N / 2]: each thread's accumulators, before and after. A comes from `a_registers` unless
// that is null.
template <class Element, int N, Major A, Major B>
__global__ void wgmma(const uint32_t* image, int words, Tile a, Tile b,
                      const uint32_t (*a_registers)[4], float* d, bool accumulate) {
  fill(ptx::dynamic_shared_memory() + DATA_AT, image, words);
  float sums[N / 2];
  for (int i = 0; i < N / 2; ++i) sums[i] = d[threadIdx.x * (N / 2) + i];
  uint32_t fragment[4] = {};
  for (int i = 0; i < 4 && a_registers != nullptr; ++i) fragment[i] = a_registers[threadIdx.x][i];
  ptx::wgmma_fence();
  if (a_registers == nullptr) {
    ptx::wgmma_ss<A, B>(Element{}, sums, descriptor(a), descriptor(b), accumulate);
  } else {
    ptx::wgmma_rs<B>(Element{}, sums, fragment, descriptor(b), accumulate);
  }
  ptx::wgmma_commit_group();
  ptx::wgmma_wait_group<0>();
  ptx::hold_registers(sums);
  for (int i = 0; i < N / 2; ++i) d[threadIdx.x * (N / 2) + i] = sums[i];
}

// One box in, dumped as it lies in shared memory. `waited`: bytes expected, by thread 0.
__global__ void tma_load(const __grid_constant__ CUtensorMap map, int rank, int c0, int c1, int c2,
                         int c3, int bytes, uint4* target) {
  const uint32_t smem = ptx::dynamic_shared_memory(), full = smem + BARRIER_AT;
  if (threadIdx.x == 0) {
    ptx::mbarrier_init(full, 1, "full");
    ptx::fence_mbarrier_init();
    ptx::mbarrier_arrive_expect_tx(full, bytes);
    if (rank == 2) ptx::tma_load_2d(smem + DATA_AT, &map, full, c0, c1);
    if (rank == 3) ptx::tma_load_3d(smem + DATA_AT, &map, full, c0, c1, c2);
    if (rank == 4) ptx::tma_load_4d(smem + DATA_AT, &map, full, c0, c1, c2, c3);
  }
  ptx::sync_cta();
  ptx::mbarrier_wait_parity(full, 0);
  dump(smem + DATA_AT, target, bytes / 16);
}

__global__ void tma_store(const __grid_constant__ CUtensorMap map, int rank, int c0, int c1, int c2,
                          int c3, int bytes, const uint32_t* source) {
  const uint32_t smem = ptx::dynamic_shared_memory();
  fill(smem + DATA_AT, source, bytes / 4);
  if (threadIdx.x != 0) return;
  if (rank == 2) ptx::tma_store_2d(&map, smem + DATA_AT, c0, c1);
  if (rank == 3) ptx::tma_store_3d(&map, smem + DATA_AT, c0, c1, c2);
  if (rank == 4) ptx::tma_store_4d(&map, smem + DATA_AT, c0, c1, c2, c3);
  ptx::bulk_commit_group();
  ptx::bulk_wait_group<0>();
}

// Phases of a barrier of two arrivals, seen by one thread. seen[i]: did try_wait say yes?
__global__ void mbarrier_phases(int* seen) {
  const uint32_t barrier = ptx::dynamic_shared_memory() + BARRIER_AT;
  if (threadIdx.x != 0) return;
  ptx::mbarrier_init(barrier, 2, "phases");
  const auto completed = [&](uint32_t parity) {
    bool yes = false;  // a no may come early: ask again
    for (int i = 0; i < 4 && !yes; ++i) yes = ptx::mbarrier_try_wait_parity(barrier, parity);
    return static_cast<int>(yes);
  };
  seen[0] = completed(1);  // a fresh barrier counts as after a phase of parity 1
  ptx::mbarrier_arrive(barrier);
  ptx::mbarrier_arrive(barrier);
  seen[1] = completed(0);
  ptx::mbarrier_arrive(barrier);
  ptx::mbarrier_arrive(barrier);
  seen[2] = completed(1);
}

// Bytes expected after they came, and by two expectations: the phase still completes once.
__global__ void mbarrier_bytes(const __grid_constant__ CUtensorMap map, int bytes, uint4* target) {
  const uint32_t smem = ptx::dynamic_shared_memory(), full = smem + BARRIER_AT;
  if (threadIdx.x == 0) {
    ptx::mbarrier_init(full, 1, "full");
    ptx::fence_mbarrier_init();
    ptx::tma_load_2d(smem + DATA_AT, &map, full, 0, 0);
    ptx::mbarrier_expect_tx(full, bytes);
    ptx::tma_load_2d(smem + DATA_AT + bytes, &map, full, 0, 0);
    ptx::mbarrier_arrive_expect_tx(full, bytes);
  }
  ptx::sync_cta();
  ptx::mbarrier_wait_parity(full, 0);
  dump(smem + DATA_AT, target, 2 * bytes / 16);
}

__global__ void stmatrix(const uint32_t (*fragments)[4], uint4* rows, bool transposed) {
  const uint32_t mine = ptx::dynamic_shared_memory() + DATA_AT + 16 * threadIdx.x;
  if (transposed) {
    ptx::stmatrix_x4_trans(mine, fragments[threadIdx.x]);
  } else {
    ptx::stmatrix_x4(mine, fragments[threadIdx.x]);
  }
  ptx::sync_warp();
  rows[threadIdx.x] = ptx::ld_shared_v4(mine);
}

// elected[lane], and lane `from`'s value in every lane.
__global__ void one_lane(int* elected, uint32_t* values, int from) {
  elected[threadIdx.x] = ptx::elect_one();
  values[threadIdx.x] = ptx::shuffle_from(values[threadIdx.x], from);
}

// results[count][6] of pairs a, b, c: fma, mul, add as FP16; fma, mul as BF16; bytes permuted.
__global__ void pairs(const uint32_t* a, const uint32_t* b, const uint32_t* c,
                      uint32_t (*results)[6], int count) {
  for (int i = threadIdx.x; i < count; i += WARP_LANES) {
    results[i][0] = ptx::fma_pair(Half{}, a[i], b[i], c[i]);
    results[i][1] = ptx::mul_pair(Half{}, a[i], b[i]);
    results[i][2] = ptx::add_pair(Half{}, a[i], b[i]);
    results[i][3] = ptx::fma_pair(BFloat16{}, a[i], b[i], c[i]);
    results[i][4] = ptx::mul_pair(BFloat16{}, a[i], b[i]);
    results[i][5] = ptx::permute_bytes<0xb6d1u>(a[i], b[i]);
  }
}

__global__ void floats(const float* a, const float* b, const float* c, float (*results)[2],
                       int count) {
  for (int i = threadIdx.x; i < count; i += WARP_LANES) {
    results[i][0] = ptx::fma_saturated(a[i], b[i], c[i]);
    results[i][1] = ptx::ex2(a[i]);
  }
}

// sums[0]: what the counter held at last; any[warp]: whether any thread of the CTA is `thread`.
__global__ void counting(uint32_t* sums, int* any, int thread) {
  const uint32_t counter = ptx::dynamic_shared_memory() + DATA_AT;
  if (threadIdx.x == 0) ptx::st_shared_b32(counter, 5u);
  ptx::sync_cta();
  const uint32_t before = ptx::atomic_add_acq_rel_shared(counter, 3u);
  const bool found = ptx::named_barrier_or(2, WARPGROUP, threadIdx.x == unsigned(thread), "any");
  any[threadIdx.x] = found;
  sums[threadIdx.x] = before;
}

// One warpgroup of three gives registers away, the others take them: 40 + 2 * 232 = 3 * 168.
__global__ void __launch_bounds__(3 * WARPGROUP, 1) register_budget(int* done) {
  if (threadIdx.x < WARPGROUP) {
    ptx::decrease_registers<40>();
  } else {
    ptx::increase_registers<232>();
  }
  done[threadIdx.x] = 1;
}

}  // namespace probes
