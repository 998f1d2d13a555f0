// The example of docs/kernels/emulator.md: a small TMA + wgmma kernel, and how to run it.
#include <cstdio>
#include <cstdlib>

#include "ptx/fence.cuh"
#include "ptx/mbarrier.cuh"
#include "ptx/registers.cuh"
#include "ptx/shared_memory.cuh"
#include "ptx/tma.cuh"
#include "ptx/warp.cuh"
#include "ptx/wgmma.cuh"

using namespace sparsek;

// D[64, 64] = A[64, depth] * B[64, depth]^T: one warpgroup, two stages of 64 columns of A and B.
constexpr uint32_t TILE_BYTES = 64 * 64 * 2, STAGE_BYTES = 2 * TILE_BYTES, TILES_AT = 1024;

__global__ void __launch_bounds__(128)
    product(const __grid_constant__ CUtensorMap a, const __grid_constant__ CUtensorMap b, float* d,
            int blocks) {
  const uint32_t smem = ptx::dynamic_shared_memory();
  const auto full = [=](int block) { return smem + block % 2 * ptx::MBARRIER_BYTES; };
  const auto tiles = [=](int block) { return smem + TILES_AT + block % 2 * STAGE_BYTES; };
  const auto load = [&](int block) {
    ptx::mbarrier_arrive_expect_tx(full(block), STAGE_BYTES);
    ptx::tma_load_2d(tiles(block), &a, full(block), 64 * block, 0);
    ptx::tma_load_2d(tiles(block) + TILE_BYTES, &b, full(block), 64 * block, 0);
  };
  if (threadIdx.x == 0) {
    for (int stage = 0; stage < 2; ++stage) ptx::mbarrier_init(full(stage), 1, "full", stage);
    ptx::fence_mbarrier_init();
    for (int block = 0; block < 2; ++block) load(block);
  }
  ptx::sync_cta();
  float sums[32];
  for (int block = 0; block < blocks; ++block) {
    ptx::mbarrier_wait_parity(full(block), block / 2 % 2);
    const uint64_t left = ptx::matrix_descriptor(tiles(block), 16, 1024, ptx::Swizzle::B128);
    ptx::wgmma_fence();
    for (int step = 0; step < 4; ++step)
      ptx::wgmma_ss<ptx::Major::K, ptx::Major::K>(
          Half{}, sums, ptx::advance_descriptor(left, 32 * step),
          ptx::advance_descriptor(left, TILE_BYTES + 32 * step), block + step > 0);
    ptx::wgmma_commit_group();
    ptx::wgmma_wait_group<0>();
    ptx::hold_registers(sums);
#ifdef MENDED
    ptx::sync_cta();
#endif
    if (threadIdx.x == 0 && block + 2 < blocks) load(block + 2);
  }
  for (int i = 0; i < 32; ++i) d[threadIdx.x * 32 + i] = sums[i];
}

#ifndef __CUDACC__  // what follows runs it under the emulator

extern "C" void emulator_configure(uint64_t seed, unsigned first_cta, unsigned last_cta);
extern "C" const char* emulator_fault();

int main() {
  constexpr int BLOCKS = 4;
  alignas(128) static uint16_t ones[64 * 64 * BLOCKS];
  static float d[64 * 64];
  for (uint16_t& one : ones) one = 0x3c00;
  CUtensorMap map;
  const cuuint64_t sizes[] = {64 * BLOCKS, 64}, strides[] = {64 * BLOCKS * 2};
  const cuuint32_t box[] = {64, 64}, every[] = {1, 1};
  cuTensorMapEncodeTiled(&map, CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 2, ones, sizes, strides, box, every,
                         CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                         CU_TENSOR_MAP_L2_PROMOTION_NONE, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  cudaLaunchConfig_t config = {};
  config.blockDim = dim3(128);
  config.dynamicSmemBytes = TILES_AT + 2 * STAGE_BYTES;
  cudaFuncSetAttribute(product, cudaFuncAttributeMaxDynamicSharedMemorySize,
                       static_cast<int>(config.dynamicSmemBytes));
  for (uint64_t seed = 0; seed < 16; ++seed) {
    emulator_configure(seed, 0, ~0u);
    if (cudaLaunchKernelEx(&config, product, map, map, d, BLOCKS) != cudaSuccess) {
      std::printf("seed %d: %s\n", static_cast<int>(seed), emulator_fault());
      return EXIT_FAILURE;
    }
  }
  std::printf("16 seeds, no fault; d[0] = %g\n", static_cast<double>(d[0]));
}

#endif
