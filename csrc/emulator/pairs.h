// Arithmetic on two packed 16-bit elements; every result is rounded once.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "emulator/numbers.h"

namespace emulator {

inline uint16_t round_to(sparsek::Half, float value) { return to_half(value); }
inline uint16_t round_to(sparsek::BFloat16, float value) { return to_bfloat16(value); }

// Rounding to odd: where bits are lost, the last kept one is set. Rounding the result again, to two
// bits fewer or less, then equals rounding once.
// Boldo and Melquiond, https://doi.org/10.1109/TC.2007.70819
template <class Float, class Bits>
Float to_odd(Float nearest, double error) {
  Bits bits;
  std::memcpy(&bits, &nearest, sizeof bits);
  if (error == 0 || !std::isfinite(nearest) || (bits & 1u) != 0) return nearest;
  if (nearest == 0)
    return std::copysign(std::numeric_limits<Float>::denorm_min(),
                         static_cast<Float>(error > 0 ? 1 : -1));
  bits += (error > 0) == (nearest > 0) ? Bits{1} : ~Bits{0};
  std::memcpy(&nearest, &bits, sizeof bits);
  return nearest;
}

// a + b in double, to odd; the error of the sum is found by Knuth's two-sum.
inline double add_to_odd(double a, double b) {
  const double sum = a + b, b_in_sum = sum - a;
  const double error = (a - (sum - b_in_sum)) + (b - b_in_sum);
  return to_odd<double, uint64_t>(sum, error);
}

inline float to_float_to_odd(double exact) {
  const auto nearest = static_cast<float>(exact);
  return to_odd<float, uint32_t>(nearest, exact - static_cast<double>(nearest));
}

// A double holds the product of two such elements exactly.
template <class Element>
uint16_t fma_one(Element element, uint32_t a, uint32_t b, uint32_t c) {
  const double product = static_cast<double>(to_float(element, a & 0xffffu)) *
                         static_cast<double>(to_float(element, b & 0xffffu));
  const auto addend = static_cast<double>(to_float(element, c & 0xffffu));
  return round_to(element, to_float_to_odd(add_to_odd(product, addend)));
}

template <class Element>
uint32_t fma_pair(Element element, uint32_t a, uint32_t b, uint32_t c) {
  const uint32_t high = fma_one(element, a >> 16, b >> 16, c >> 16);
  return fma_one(element, a, b, c) | high << 16;
}

template <class Element>
uint32_t mul_pair(Element element, uint32_t a, uint32_t b) {
  constexpr uint32_t MINUS_ZEROS = 0x80008000u;  // x + -0 is x, whatever its sign
  return fma_pair(element, a, b, MINUS_ZEROS);
}

template <class Element>
uint32_t add_pair(Element element, uint32_t a, uint32_t b) {
  const uint32_t one = round_to(element, 1.0f);
  return fma_pair(element, a, one | one << 16, b);
}

inline uint32_t permute_bytes(uint32_t a, uint32_t b, uint32_t selector) {
  const uint64_t bytes = a | static_cast<uint64_t>(b) << 32;
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) {
    const uint32_t choice = selector >> (4 * i) & 0xfu;
    uint32_t byte = static_cast<uint32_t>(bytes >> (8 * (choice & 7u))) & 0xffu;
    if ((choice & 8u) != 0) byte = (byte & 0x80u) != 0 ? 0xffu : 0u;
    result |= byte << (8 * i);
  }
  return result;
}

inline float fma_saturated(float a, float b, float c) {
  const float exact = std::fma(a, b, c);
  return exact > 0.0f ? std::fmin(exact, 1.0f) : 0.0f;  // NaN is not greater: it becomes +0
}

}  // namespace emulator
