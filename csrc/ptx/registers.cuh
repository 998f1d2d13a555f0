// Registers: how many a warpgroup's threads hold, and where the compiler may move them.
#pragma once

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include "emulator/register_pool.h"
#endif

namespace sparsek::ptx {

// setmaxnreg.inc: blocks until the CTA's pool holds enough. All warps of a warpgroup; 24 to 256 in
// steps of 8.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#miscellaneous-instructions-setmaxnreg
template <int COUNT>
SPARSEK_DEVICE void increase_registers(SPARSEK_CALLER) {
  static_assert(COUNT >= 24 && COUNT <= 256 && COUNT % 8 == 0, "24 to 256 in steps of 8");
#ifdef __CUDACC__
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(COUNT));
#else
  emulator::step("setmaxnreg.inc", file, line);
  emulator::register_pool().increase(COUNT);
#endif
}

// setmaxnreg.dec: returns registers to the CTA's pool.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#miscellaneous-instructions-setmaxnreg
template <int COUNT>
SPARSEK_DEVICE void decrease_registers(SPARSEK_CALLER) {
  static_assert(COUNT >= 24 && COUNT <= 256 && COUNT % 8 == 0, "24 to 256 in steps of 8");
#ifdef __CUDACC__
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(COUNT));
#else
  emulator::step("setmaxnreg.dec", file, line);
  emulator::register_pool().decrease(COUNT);
#endif
}

// No instruction: uses of the registers stay on their side of this point. wgmma_wait does not name
// the accumulators it makes valid, so nothing else keeps the compiler from reading them earlier.
template <int COUNT>
SPARSEK_DEVICE void hold_registers(float (&registers)[COUNT]) {
#ifdef __CUDACC__
#pragma unroll
  for (int i = 0; i < COUNT; ++i) asm volatile("" : "+f"(registers[i])::"memory");
#else
  static_cast<void>(registers);
#endif
}

template <int COUNT>
SPARSEK_DEVICE void hold_registers(uint32_t (&registers)[COUNT]) {
#ifdef __CUDACC__
#pragma unroll
  for (int i = 0; i < COUNT; ++i) asm volatile("" : "+r"(registers[i])::"memory");
#else
  static_cast<void>(registers);
#endif
}

// The same for one integer: what is made of it behind this point is not made ahead of a loop, to
// sit in a register all the way.
SPARSEK_DEVICE void hold_register(int& value) {
#ifdef __CUDACC__
  asm volatile("" : "+r"(value));
#else
  static_cast<void>(value);
#endif
}

}  // namespace sparsek::ptx
