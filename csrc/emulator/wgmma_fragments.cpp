#include "emulator/wgmma_fragments.h"

namespace emulator {
namespace {

// N is a constant so that compilers vectorise the innermost loop.
template <int N>
void multiply_n(float* d, const float (&a)[64][16], const float* b) {
  for (int row = 0; row < 64; ++row) {
    float* sums = d + row * N;
    for (int k = 0; k < 16; ++k) {
      const float factor = a[row][k];
      const float* line = b + k * N;
      for (int column = 0; column < N; ++column) sums[column] += factor * line[column];
    }
  }
}

}  // namespace

void multiply(float* d, const float (&a)[64][16], const float* b, int n) {
  switch (n) {
    case 8: return multiply_n<8>(d, a, b);
    case 16: return multiply_n<16>(d, a, b);
    case 32: return multiply_n<32>(d, a, b);
    case 64: return multiply_n<64>(d, a, b);
    case 96: return multiply_n<96>(d, a, b);
    case 128: return multiply_n<128>(d, a, b);
    case 192: return multiply_n<192>(d, a, b);
    default: return multiply_n<256>(d, a, b);
  }
}

}  // namespace emulator
