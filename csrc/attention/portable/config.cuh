// The shape of the portable kernel: tiles, threads and shared memory, derived from three choices.
#pragma once

#include "ptx/target.cuh"

namespace sparsek::portable {

template <class Element_, int DIM_, bool CAUSAL_>
struct Config {
  using Element = Element_;
  static constexpr int DIM = DIM_;
  static constexpr bool CAUSAL = CAUSAL_;

  static constexpr int MMA_ROWS = 16;   // m of mma.m16n8k16
  static constexpr int MMA_COLS = 8;    // n
  static constexpr int MMA_DEPTH = 16;  // k

  static constexpr int WARPS = 4;
  static constexpr int THREADS = WARPS * WARP_LANES;
  static constexpr int CTAS_PER_SM = 2;

  // 16-row tiles per warp. Two share every K and V fragment read from shared memory; at D = 128
  // the output of two would not fit the registers.
  static constexpr int ROW_TILES = DIM == 64 ? 2 : 1;
  static constexpr int WARP_ROWS = ROW_TILES * MMA_ROWS;
  static constexpr int BLOCK_Q = WARPS * WARP_ROWS;
  static constexpr int BLOCK_KV = 64;
  static constexpr int STAGES = 2;

  static constexpr int SCORE_TILES = BLOCK_KV / MMA_COLS;  // score fragments across one block
  static constexpr int DIM_TILES = DIM / MMA_COLS;         // output fragments across one row
  static constexpr int DIM_STEPS = DIM / MMA_DEPTH;        // mma steps of Q K^T
  static constexpr int KEY_STEPS = BLOCK_KV / MMA_DEPTH;   // mma steps of P V

  static constexpr int ROW_BYTES = DIM * 2;
  static constexpr int Q_BYTES = BLOCK_Q * ROW_BYTES;
  static constexpr int KV_BYTES = BLOCK_KV * ROW_BYTES;  // of K, and of V, in one stage
  static constexpr int SHARED_BYTES = Q_BYTES + STAGES * 2 * KV_BYTES;

  static_assert(DIM == 64 || DIM == 128, "head dimensions other than 64 and 128 are untested");
  static_assert(STAGES == 2, "the kernel alternates between exactly two K/V stages");
  static_assert(SHARED_BYTES <= 99 * 1024, "one CTA must fit sm_86 and sm_89, which offer 99 KB");
};

}  // namespace sparsek::portable
