// FP16 and BF16 as bits, to and from float; round to nearest, ties to even. Bit arithmetic rather
// than compiler types, because _Float16 is missing from the compilers we support.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "ptx/elements.h"

namespace emulator {

inline float float_of_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline uint32_t bits_of_float(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float flush_subnormal(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? 0.0f * x : x; }

// The low 16 bits of `bits` are the element.
inline float to_float(sparsek::BFloat16, uint32_t bits) { return float_of_bits(bits << 16); }

inline float to_float(sparsek::Half, uint32_t bits) {
  const uint32_t sign = (bits & 0x8000u) << 16, magnitude = bits & 0x7fffu;
  if (magnitude >= 0x7c00u) return float_of_bits(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
  // Read as float, an FP16 pattern is 2^112 too small, subnormals included: scale it back.
  const float scale = float_of_bits((127u + 112u) << 23);
  return float_of_bits(sign | bits_of_float(float_of_bits(magnitude << 13) * scale));
}

inline uint16_t to_bfloat16(float value) {
  const uint32_t bits = bits_of_float(value);
  if (std::isnan(value)) return 0x7fff;
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

inline uint16_t to_half(float value) {
  const uint32_t bits = bits_of_float(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000u);
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return 0x7fff;
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;  // 65520 and more round to infinity
  if (magnitude < 0x38800000u) {
    // Below 2^-14: adding 0.5 leaves units of 2^-24 in the low bits, rounded by the adder itself.
    const float shifted = float_of_bits(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (bits_of_float(shifted) - 0x3f000000u));
  }
  const uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u);
  return static_cast<uint16_t>(sign | ((rounded >> 13) - (112u << 10)));
}

}  // namespace emulator
