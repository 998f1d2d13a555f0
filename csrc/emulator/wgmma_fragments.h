// Where wgmma keeps what: from a thread's registers to rows and columns, and the product itself.
#pragma once

#include <cstdint>

namespace emulator {

struct Element {
  int row, column;
};

// Accumulator i of thread t of the warpgroup.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#wgmma-64n16-d
inline Element accumulator_place(int t, int i) {
  return {16 * (t / 32) + t % 32 / 4 + 8 * (i / 2 % 2), 8 * (i / 4) + t % 4 * 2 + i % 2};
}

// Half `high` of A register i of thread t of the warpgroup.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#wgmma-64n16-a
inline Element a_place(int t, int i, int high) {
  return {16 * (t / 32) + t % 32 / 4 + 8 * (i % 2), t % 4 * 2 + high + 8 * (i / 2)};
}

// d[64][n] += a[64][16] * b[16][n] in FP32. The order of the sixteen additions is ours: the
// hardware's is not documented.
void multiply(float* d, const float (&a)[64][16], const float* b, int n);

// The same as tensor cores have been found to add: the sixteen exact products and the accumulator
// are aligned to the largest exponent among them, cut off below FP32's last bit and 2 more, added
// exactly, and the sum is cut off to FP32. Fasi et al., https://doi.org/10.7717/peerj-cs.330 (the
// principle, up to A100); Khattak and Mikaitis, https://arxiv.org/abs/2512.07004 (H100). That one
// wgmma aligns its sixteen products at once, and with 2 bits more, is assumed.
void multiply_truncated(float* d, const float (&a)[64][16], const float* b, int n);

}  // namespace emulator
