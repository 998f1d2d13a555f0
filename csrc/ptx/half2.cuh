// Arithmetic on two 16-bit elements packed in 32 bits, and the bit moves beside it. Each result
// element is rounded once, to nearest even.
#pragma once

#include "ptx/target.cuh"

#ifndef __CUDACC__
#include "emulator/pairs.h"
#endif

namespace sparsek::ptx {

// fma.rn.f16x2
// https://docs.nvidia.com/cuda/parallel-thread-execution/#half-precision-floating-point-instructions-fma
SPARSEK_DEVICE uint32_t fma_pair(Half, uint32_t a, uint32_t b, uint32_t c) {
#ifdef __CUDACC__
  uint32_t d;
  asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
  return d;
#else
  return emulator::fma_pair(Half{}, a, b, c);
#endif
}

// fma.rn.bf16x2
SPARSEK_DEVICE uint32_t fma_pair(BFloat16, uint32_t a, uint32_t b, uint32_t c) {
#ifdef __CUDACC__
  uint32_t d;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
  return d;
#else
  return emulator::fma_pair(BFloat16{}, a, b, c);
#endif
}

// mul.rn.f16x2
// https://docs.nvidia.com/cuda/parallel-thread-execution/#half-precision-floating-point-instructions-mul
SPARSEK_DEVICE uint32_t mul_pair(Half, uint32_t a, uint32_t b) {
#ifdef __CUDACC__
  uint32_t d;
  asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
  return d;
#else
  return emulator::mul_pair(Half{}, a, b);
#endif
}

// mul.rn.bf16x2
SPARSEK_DEVICE uint32_t mul_pair(BFloat16, uint32_t a, uint32_t b) {
#ifdef __CUDACC__
  uint32_t d;
  asm("mul.rn.bf16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
  return d;
#else
  return emulator::mul_pair(BFloat16{}, a, b);
#endif
}

// add.rn.f16x2
// https://docs.nvidia.com/cuda/parallel-thread-execution/#half-precision-floating-point-instructions-add
SPARSEK_DEVICE uint32_t add_pair(Half, uint32_t a, uint32_t b) {
#ifdef __CUDACC__
  uint32_t d;
  asm("add.rn.f16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
  return d;
#else
  return emulator::add_pair(Half{}, a, b);
#endif
}

// cvt.f32.f16 of bits 0-15 and of bits 16-31; bf16 needs no instruction, only a move of bits.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cvt
SPARSEK_DEVICE float low_of_pair(Half, uint32_t pair) {
#ifdef __CUDACC__
  float value;
  asm("{\n.reg .b16 low, high;\nmov.b32 {low, high}, %1;\ncvt.f32.f16 %0, low;\n}"
      : "=f"(value)
      : "r"(pair));
  return value;
#else
  return emulator::to_float(Half{}, pair & 0xffffu);
#endif
}

SPARSEK_DEVICE float high_of_pair(Half, uint32_t pair) {
#ifdef __CUDACC__
  float value;
  asm("{\n.reg .b16 low, high;\nmov.b32 {low, high}, %1;\ncvt.f32.f16 %0, high;\n}"
      : "=f"(value)
      : "r"(pair));
  return value;
#else
  return emulator::to_float(Half{}, pair >> 16);
#endif
}

// mov.b32: a float's bits, and back.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-mov
SPARSEK_DEVICE uint32_t bits_of(float value) {
#ifdef __CUDACC__
  return __float_as_uint(value);
#else
  return emulator::bits_of_float(value);
#endif
}

SPARSEK_DEVICE float float_of(uint32_t bits) {
#ifdef __CUDACC__
  return __uint_as_float(bits);
#else
  return emulator::float_of_bits(bits);
#endif
}

SPARSEK_DEVICE float low_of_pair(BFloat16, uint32_t pair) { return float_of(pair << 16); }
SPARSEK_DEVICE float high_of_pair(BFloat16, uint32_t pair) { return float_of(pair & 0xffff0000u); }

// prmt.b32: four bytes chosen from the eight of {b, a}; nibble i of SELECTOR names byte i of the
// result (0-3 from a, 4-7 from b; +8 replicates its sign). 0x5410 packs two low halves.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-prmt
template <uint32_t SELECTOR>
SPARSEK_DEVICE uint32_t permute_bytes(uint32_t a, uint32_t b) {
#ifdef __CUDACC__
  uint32_t d;
  asm("prmt.b32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "n"(SELECTOR));
  return d;
#else
  return emulator::permute_bytes(a, b, SELECTOR);
#endif
}

// fma.rn.sat.f32: a * b + c, clamped to [0, 1]; NaN becomes +0.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#floating-point-instructions-fma
SPARSEK_DEVICE float fma_saturated(float a, float b, float c) {
#ifdef __CUDACC__
  float d;
  asm("fma.rn.sat.f32 %0, %1, %2, %3;" : "=f"(d) : "f"(a), "f"(b), "f"(c));
  return d;
#else
  return emulator::fma_saturated(a, b, c);
#endif
}

// rcp.approx.ftz.f32: 1 / x within one unit in the last place; subnormals flushed to zero.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#floating-point-instructions-rcp
SPARSEK_DEVICE float reciprocal(float x) {
#ifdef __CUDACC__
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return emulator::flush_subnormal(1.0f / emulator::flush_subnormal(x));
#endif
}

}  // namespace sparsek::ptx
