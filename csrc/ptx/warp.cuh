// Warp-wide exchange and order.
#pragma once

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include <cstring>

#include "emulator/cta.h"
#endif

namespace sparsek::ptx {

constexpr unsigned ALL_LANES = 0xffffffffu;

// shfl.sync.bfly: the value of lane ^ lane_mask.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-shfl-sync
SPARSEK_DEVICE float shuffle_xor(float value, int lane_mask, SPARSEK_CALLER) {
#ifdef __CUDACC__
  return __shfl_xor_sync(ALL_LANES, value, lane_mask);
#else
  emulator::step("shfl.bfly", file, line);
  struct Lane {
    float value;
    int lane_mask;
    float result;
  } mine{value, lane_mask, 0};
  emulator::collective("shfl.bfly", mine, [](const emulator::Lanes<Lane>& lanes) {
    for (int lane = 0; lane < WARP_LANES; ++lane)
      lanes[lane]->result = lanes[lane ^ lanes[lane]->lane_mask]->value;
  });
  return mine.result;
#endif
}

// bar.warp.sync: the warp's earlier memory accesses are visible to all its lanes.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-bar-warp-sync
SPARSEK_DEVICE void sync_warp(SPARSEK_CALLER) {
#ifdef __CUDACC__
  __syncwarp();
#else
  emulator::step("bar.warp.sync", file, line);
  emulator::sync_warp();
#endif
}

// barrier.sync: the CTA's earlier memory accesses are visible to all its threads.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-bar
SPARSEK_DEVICE void sync_cta(SPARSEK_CALLER) {
#ifdef __CUDACC__
  __syncthreads();
#else
  emulator::step("barrier.sync", file, line);
  emulator::sync_cta();
#endif
}

}  // namespace sparsek::ptx
