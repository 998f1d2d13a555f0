// A pause of one thread.
#pragma once

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include "emulator/cta.h"
#endif

namespace sparsek::ptx {

// nanosleep: for somewhere between no time and twice `nanoseconds`; a promise of order it is not.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#miscellaneous-instructions-nanosleep
SPARSEK_DEVICE void nanosleep(uint32_t nanoseconds, SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("nanosleep.u32 %0;" ::"r"(nanoseconds));
#else
  static_cast<void>(nanoseconds);
  emulator::step("nanosleep", file, line);
#endif
}

}  // namespace sparsek::ptx
