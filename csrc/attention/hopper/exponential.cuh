// Two exponentials at once on the FMA pipe, to FP16 precision: for when the MUFU is the bottleneck.
//
// An FP16 number's bits, read as an integer, grow by 1024 per power of two, and linearly between:
// with f the fraction of x, 1024 * (x + 15) are the bits of 2^(x - f) * (1 + f) (Schraudolph,
// https://doi.org/10.1162/089976699300016467). The mantissa bits say what 1 + f was, so a cubic in
// it that fits 2^f / (1 + f) removes the error but for 2e-3 at most and 7e-4 in the mean square,
// without bias. An FP16 rounding alone is 5e-4 at most.
#pragma once

#include "ptx/half2.cuh"

namespace sparsek::hopper {

// (x + 15) / 31 runs from 0 to 1 while the bits run from those of 0 to those of infinity. Clamping
// to that costs nothing there, and what is too large becomes an infinity that the row sum shows.
constexpr float EXPONENTS = 31.0f;
constexpr float BIAS = 15.0f;
constexpr float INFINITY_BITS = 31744.0f;         // 0x7c00
constexpr float INTEGER_IN_LOW_BITS = 12582912.0f;  // 1.5 * 2^23: one unit is the last mantissa bit

constexpr uint32_t MANTISSAS = 0x03ff03ffu;
constexpr uint32_t ONES = 0x3c003c00u;

// 2^f / (1 + f) for M = 1 + f in [1, 2): ((C3 M + C2) M + C1) M + C0, twice as FP16. Found by a
// search over FP16 numbers with every rounding in place: rounding the real fit's coefficients
// would bias all weights by 5e-4.
constexpr uint32_t C3 = 0xaed6aed6u;  // -0.10681
constexpr uint32_t C2 = 0x39a939a9u;  //  0.70752
constexpr uint32_t C1 = 0xbd80bd80u;  // -1.37500
constexpr uint32_t C0 = 0x3f183f18u;  //  1.77344

constexpr uint32_t LOW_HALVES = 0x5410u;

// 2^(s * slope + offset) of two scores as packed FP16; slope and offset are of saturating_line.
SPARSEK_DEVICE uint32_t ex2_pair(float s0, float s1, float slope, float offset) {
  const float t0 = fmaf(ptx::fma_saturated(s0, slope, offset), INFINITY_BITS, INTEGER_IN_LOW_BITS);
  const float t1 = fmaf(ptx::fma_saturated(s1, slope, offset), INFINITY_BITS, INTEGER_IN_LOW_BITS);
  const uint32_t bits = ptx::permute_bytes<LOW_HALVES>(ptx::bits_of(t0), ptx::bits_of(t1));
  const uint32_t m = (bits & MANTISSAS) | ONES;
  uint32_t correction = ptx::fma_pair(Half{}, C3, m, C2);
  correction = ptx::fma_pair(Half{}, correction, m, C1);
  correction = ptx::fma_pair(Half{}, correction, m, C0);
  return ptx::mul_pair(Half{}, bits, correction);
}

// The offset for ex2_pair that stands for adding `offset` to the exponent.
SPARSEK_DEVICE float saturating_offset(float offset) {
  return fmaf(offset, 1.0f / EXPONENTS, BIAS / EXPONENTS);
}

}  // namespace sparsek::hopper
