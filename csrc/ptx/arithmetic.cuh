// Single-lane arithmetic that C++ cannot name exactly.
#pragma once

#include "ptx/target.cuh"

#ifndef __CUDACC__
#include <cmath>

#include "emulator/numbers.h"
#endif

namespace sparsek::ptx {

// ex2.approx.ftz.f32: 2^x, subnormal inputs and results flushed to zero. Without .ftz each call
// costs a compare and two multiplications more.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#floating-point-instructions-ex2
SPARSEK_DEVICE float ex2(float x) {
#ifdef __CUDACC__
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return emulator::flush_subnormal(std::exp2(emulator::flush_subnormal(x)));
#endif
}

// cvt.rn.f16x2.f32 and cvt.rn.bf16x2.f32: two floats rounded to nearest even, `low` in bits 0-15.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cvt
SPARSEK_DEVICE uint32_t pack(Half, float low, float high) {
#ifdef __CUDACC__
  uint32_t packed;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  return packed;
#else
  return emulator::to_half(low) | static_cast<uint32_t>(emulator::to_half(high)) << 16;
#endif
}

SPARSEK_DEVICE uint32_t pack(BFloat16, float low, float high) {
#ifdef __CUDACC__
  uint32_t packed;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  return packed;
#else
  return emulator::to_bfloat16(low) | static_cast<uint32_t>(emulator::to_bfloat16(high)) << 16;
#endif
}

}  // namespace sparsek::ptx
