#include "emulator/wgmma_fragments.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <type_traits>

#include "emulator/numbers.h"

namespace emulator {
namespace {

constexpr int DEPTH = 16;

// sums[N] += factors[16] * b[16][N].
// A few columns at a time, whose sums stay in registers: most of the emulator's time is spent here.
template <int N>
void add_row(float* sums, const float (&factors)[DEPTH], const float* b) {
  constexpr int WIDTH = N % 16 == 0 ? 16 : 8;
  for (int first = 0; first < N; first += WIDTH) {
    float sum[WIDTH];
    for (int column = 0; column < WIDTH; ++column) sum[column] = sums[first + column];
    for (int k = 0; k < DEPTH; ++k)
      for (int column = 0; column < WIDTH; ++column)
        sum[column] += factors[k] * b[k * N + first + column];
    for (int column = 0; column < WIDTH; ++column) sums[first + column] = sum[column];
  }
}

constexpr int ALIGNED_BITS = 23 + 2;  // below the largest addend's leading bit
// The least sums would need a unit that FP32 does not have: they are cut off a little earlier.
constexpr int LEAST_EXPONENT = -100, EXPONENT_OF_INFINITY = 128;

int exponent_of(uint32_t magnitude) { return static_cast<int>(magnitude >> 23) - 127; }

float power_of_two(int exponent) {
  return float_of_bits(static_cast<uint32_t>(exponent + 127) << 23);
}

// The FP32 number next to a sum of integers towards zero.
float truncated(int32_t sum) {
  const auto rounded = static_cast<float>(sum);
  const bool away = std::abs(static_cast<int32_t>(rounded)) > std::abs(sum);
  return float_of_bits(bits_of_float(rounded) - (away ? 1u : 0u));
}

// One row. False, and nothing done, if not all of it is finite.
template <int N>
bool add_row_truncated(float* sums, const float (&factors)[DEPTH], const float* b) {
  uint32_t largest[N], everywhere = 0;
  for (int column = 0; column < N; ++column)
    largest[column] = bits_of_float(std::fabs(sums[column]));
  for (int k = 0; k < DEPTH; ++k)
    for (int column = 0; column < N; ++column)
      largest[column] = std::max(largest[column],
                                 bits_of_float(std::fabs(factors[k] * b[k * N + column])));
  for (int column = 0; column < N; ++column) everywhere = std::max(everywhere, largest[column]);
  if (exponent_of(everywhere) >= EXPONENT_OF_INFINITY) return false;
  float scale[N];
  int32_t sum[N];  // an addend has 26 bits, so seventeen of them fit
  for (int column = 0; column < N; ++column) {
    scale[column] =
        power_of_two(ALIGNED_BITS - std::max(exponent_of(largest[column]), LEAST_EXPONENT));
    sum[column] = static_cast<int32_t>(sums[column] * scale[column]);
  }
  for (int k = 0; k < DEPTH; ++k)
    for (int column = 0; column < N; ++column)
      sum[column] += static_cast<int32_t>(factors[k] * b[k * N + column] * scale[column]);
  for (int column = 0; column < N; ++column) sums[column] = truncated(sum[column]) / scale[column];
  return true;
}

// Calls `multiply` with n as a constant, so that compilers vectorise the innermost loop.
template <class Multiply>
void with_constant(int n, const Multiply& multiply) {
  switch (n) {
    case 8: return multiply(std::integral_constant<int, 8>{});
    case 16: return multiply(std::integral_constant<int, 16>{});
    case 32: return multiply(std::integral_constant<int, 32>{});
    case 64: return multiply(std::integral_constant<int, 64>{});
    case 96: return multiply(std::integral_constant<int, 96>{});
    case 128: return multiply(std::integral_constant<int, 128>{});
    case 192: return multiply(std::integral_constant<int, 192>{});
    default: return multiply(std::integral_constant<int, 256>{});
  }
}

}  // namespace

void multiply(float* d, const float (&a)[64][16], const float* b, int n) {
  with_constant(n, [&](auto N) {
    for (int row = 0; row < 64; ++row) add_row<N.value>(d + row * N.value, a[row], b);
  });
}

void multiply_truncated(float* d, const float (&a)[64][16], const float* b, int n) {
  with_constant(n, [&](auto N) {
    for (int row = 0; row < 64; ++row) {
      float* sums = d + row * N.value;
      if (!add_row_truncated<N.value>(sums, a[row], b)) add_row<N.value>(sums, a[row], b);
    }
  });
}

}  // namespace emulator
