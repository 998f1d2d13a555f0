// One lane for the warp, and one lane's value for all.
#pragma once

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include "emulator/exchange.h"
#endif

namespace sparsek::ptx {

// elect.sync: true in exactly one lane of the converged warp, the same lane every time.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-elect-sync
SPARSEK_DEVICE bool elect_one(SPARSEK_CALLER) {
#ifdef __CUDACC__
  uint32_t elected;
  asm volatile(
      "{\n.reg .pred elected;\n"
      "elect.sync _|elected, 0xffffffff;\n"
      "selp.u32 %0, 1, 0, elected;\n}"
      : "=r"(elected));
  return elected != 0;
#else
  emulator::step("elect.sync", file, line);
  return emulator::elect();
#endif
}

// shfl.sync.idx: the value of `lane`, in every lane. The compiler then knows it to be uniform.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-shfl-sync
SPARSEK_DEVICE uint32_t shuffle_from(uint32_t value, int lane, SPARSEK_CALLER) {
#ifdef __CUDACC__
  return __shfl_sync(0xffffffffu, value, lane);
#else
  emulator::step("shfl.idx", file, line);
  return emulator::shuffle_from(value, lane);
#endif
}

}  // namespace sparsek::ptx
