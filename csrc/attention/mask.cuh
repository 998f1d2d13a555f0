// Which keys a query may see.
#pragma once

#include <cmath>

#include "ptx/target.cuh"

namespace sparsek {

// Hides from a fragment of scores the keys past the end of the sequence and, if CAUSAL, those
// after the query. first_query and first_key belong to the fragment's element [0][0].
template <bool CAUSAL, int TILES>
SPARSEK_DEVICE void hide_keys(float (&scores)[TILES][4], int first_query, int first_key, int seq) {
  const int lane = threadIdx.x % WARP_LANES;
#pragma unroll
  for (int t = 0; t < TILES; ++t) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int key = first_key + 8 * t + 2 * (lane % 4) + i % 2;
      const int query = first_query + lane / 4 + 8 * (i / 2);
      if (key >= seq || (CAUSAL && key > query)) scores[t][i] = -INFINITY;
    }
  }
}

}  // namespace sparsek
