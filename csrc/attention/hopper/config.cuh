// The shape of the Hopper kernel: tiles, threads and shared memory, derived from a few choices.
//
// Everything in shared memory is made of panels: 64 rows of 64 elements, 128 bytes a row, swizzled
// by TMA in 128-byte rows. One TMA box is one panel, whatever it holds.
#pragma once

#include <type_traits>

#include "attention/hopper/choices.h"
#include "ptx/mbarrier.cuh"
#include "ptx/target.cuh"

namespace sparsek::hopper {

// How scores become weights.
enum class Softmax {
  REFERENCE,  // relative to the maximum of the first key block, never rescaled; exact fallback
  ONLINE      // relative to the maximum so far, output rescaled when it grows
};

constexpr int PANEL_ROWS = 64;
constexpr int PANEL_COLS = 64;  // 128 bytes: the widest box of a 128-byte swizzle
constexpr int ROW_BYTES = PANEL_COLS * 2;
constexpr int PANEL_BYTES = PANEL_ROWS * ROW_BYTES;
constexpr int SWIZZLE_BYTES = 8 * ROW_BYTES;  // the pattern repeats every eight rows

template <class Element_, int DIM_, bool CAUSAL_, class Choices_ = Base>
struct Config : Choices_ {
  using Element = Element_;
  using Choices = Choices_;
  static constexpr int DIM = DIM_;
  static constexpr bool CAUSAL = CAUSAL_;

  // Four warpgroups, unsynchronised: while one multiplies, the others' softmax fills the SM. 512
  // threads leave 128 registers each, which the scores and the output of one strip just fit.
  static constexpr int WARPGROUPS = 4;
  static constexpr int WARPGROUP_WARPS = 4;
  static constexpr int WARPGROUP_THREADS = WARPGROUP_WARPS * WARP_LANES;
  static constexpr int THREADS = WARPGROUPS * WARPGROUP_THREADS;
  static constexpr int WARPS = WARPGROUPS * WARPGROUP_WARPS;

  static constexpr int MMA_DEPTH = 16;               // k of wgmma
  static constexpr int STRIP_ROWS = PANEL_ROWS;      // queries per warpgroup: m of wgmma
  static constexpr int PASS_ROWS = WARPGROUPS * STRIP_ROWS;
  // Two blocks of scores in registers, or a mask that cuts them, ask for smaller ones.
  static constexpr bool SMALL_BLOCKS = DIM == 128 || CAUSAL || Choices::ORDER == Order::AHEAD;
  static constexpr int BLOCK_KV = SMALL_BLOCKS ? 64 : 128;
  static constexpr int PANELS_ACROSS = DIM / PANEL_COLS;  // in a row of Q, K, V or O
  static constexpr int PANELS_DOWN = BLOCK_KV / PANEL_ROWS;
  static constexpr int STRIP_PANELS = PANELS_ACROSS;
  static constexpr int BLOCK_PANELS = PANELS_ACROSS * PANELS_DOWN;  // of K, and of V

  static constexpr int SCORE_TILES = BLOCK_KV / 8;  // 64x8 fragments across a block of scores
  static constexpr int DIM_STEPS = DIM / MMA_DEPTH;
  static constexpr int KEY_STEPS = BLOCK_KV / MMA_DEPTH;

  // At D = 64 exponentials cost as much time as the products, so everything beside them is cut;
  // at D = 128 the products cost twice as much and classic online softmax hides behind them.
  static constexpr Softmax SOFTMAX = DIM == 64 ? Softmax::REFERENCE : Softmax::ONLINE;

  // A warp agrees on its operands' addresses, but the compiler cannot tell. Shown so by a shuffle,
  // it computes their descriptors once per warp. For K and V that always pays; for Q it saves 7
  // issue slots per block at D = 64 and costs 30 at D = 128.
  static constexpr bool SHUFFLED_Q = DIM == 64;

  // One in so many 64x8 fragments of weights is computed without the MUFU; 0: none. The trick
  // makes FP16 bits, so BF16 goes without it.
  static constexpr int OFFLOAD_EVERY =
      SOFTMAX == Softmax::REFERENCE && std::is_same_v<Element, Half> ? 4 : 0;

  static constexpr int STAGES = DIM == 64 && SMALL_BLOCKS ? 10 : 5;  // of K and V blocks
  // A second buffer brings the next strip's Q while this one is worked on.
  static constexpr int Q_BUFFERS = DIM == 64 ? 2 : 1;

  static constexpr int BLOCK_BYTES = BLOCK_PANELS * PANEL_BYTES;
  static constexpr int STAGE_BYTES = 2 * BLOCK_BYTES;  // K, then V
  static constexpr int STRIP_BYTES = STRIP_PANELS * PANEL_BYTES;

  // Shared memory, from the front.
  static constexpr int STRIPS_AT = STAGES * STAGE_BYTES;
  static constexpr int FULL_AT = STRIPS_AT + WARPGROUPS * Q_BUFFERS * STRIP_BYTES;
  static constexpr int Q_FULL_AT = FULL_AT + STAGES * int{ptx::MBARRIER_BYTES};
  static constexpr int RELEASES_AT =
      Q_FULL_AT + WARPGROUPS * Q_BUFFERS * int{ptx::MBARRIER_BYTES};
  static constexpr int SHARED_BYTES = RELEASES_AT + STAGES * int{sizeof(uint32_t)};

  static_assert(DIM == 64 || DIM == 128, "head dimensions other than 64 and 128 are untested");
  static_assert(THREADS * 128 <= 64 << 10, "128 registers per thread must fit one SM's 65,536");
  static_assert(SHARED_BYTES <= 227 << 10, "one CTA must fit sm_90, which offers 227 KB");
  static_assert(!Choices::LATE_Q || Q_BUFFERS == 2, "Q can come late only into a second buffer");
  static_assert(PANEL_BYTES % SWIZZLE_BYTES == 0, "every panel starts where the swizzle repeats");
};

}  // namespace sparsek::hopper
