// Online softmax: exact softmax over keys that arrive block by block.
//
// With c = scale * log2(e), r = max(c * scores so far) and weights 2^(c * s - r), a new block
// raises r to r' and everything accumulated before is multiplied by 2^(r - r').
// Milakov and Gimelshein, https://arxiv.org/abs/1805.02867
#pragma once

#include <cmath>

#include "ptx/arithmetic.cuh"
#include "ptx/warp.cuh"

namespace sparsek {

// An mma accumulator leaves a score row with the four lanes of a quad.
SPARSEK_DEVICE float quad_max(float value) {
  value = fmaxf(value, ptx::shuffle_xor(value, 1));
  return fmaxf(value, ptx::shuffle_xor(value, 2));
}

SPARSEK_DEVICE float quad_sum(float value) {
  value += ptx::shuffle_xor(value, 1);
  return value + ptx::shuffle_xor(value, 2);
}

// One row's state: the reference is the same in all four lanes, the sum is this lane's share.
struct OnlineRow {
  float reference = -INFINITY;  // r above; -infinity until a finite score was seen
  float sum = 0.0f;             // of the weights so far

  // Turns this row's scores into weights, in place. Returns what everything accumulated so far
  // must be multiplied by. `half` says which row of the fragment: 0 lane / 4, 1 eight below.
  template <int TILES>
  SPARSEK_DEVICE float absorb(float (&scores)[TILES][4], int half, float scale_log2) {
    float largest = -INFINITY;
#pragma unroll
    for (int t = 0; t < TILES; ++t)
      largest = fmaxf(largest, fmaxf(scores[t][2 * half], scores[t][2 * half + 1]));
    const float raised = fmaxf(reference, quad_max(largest) * scale_log2);
    // A row without a finite score yet: any finite reference makes its weights 2^-infinity = 0,
    // where -infinity would make them NaN.
    const float safe = raised == -INFINITY ? 0.0f : raised;
    const float rescale = ptx::ex2(reference - safe);
    sum *= rescale;
#pragma unroll
    for (int t = 0; t < TILES; ++t) {
#pragma unroll
      for (int i = 2 * half; i < 2 * half + 2; ++i) {
        scores[t][i] = ptx::ex2(fmaf(scores[t][i], scale_log2, -safe));
        sum += scores[t][i];
      }
    }
    reference = raised;
    return rescale;
  }

  // 1 / (sum of all weights of the row); 0 for a row that saw no finite score, so its output is 0.
  SPARSEK_DEVICE float normalizer() const {
    const float total = quad_sum(sum);
    return total == 0.0f ? 0.0f : 1.0f / total;
  }
};

}  // namespace sparsek
