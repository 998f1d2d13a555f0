// A strip once more, with online softmax: for rows whose first block was no good reference (much
// larger scores came later, or something was not finite). Rare, so it may be slow, but it must not
// need shared memory, of which there is none left: Q moves to registers, and K and V come 64 keys
// at a time into the strip's own panel. The ring is not touched.
#pragma once

#include "attention/hopper/multiply.cuh"
#include "attention/hopper/strip.cuh"
#include "attention/hopper/weights.cuh"
#include "attention/mask.cuh"
#include "ptx/ldmatrix.cuh"

namespace sparsek::hopper {

// The same kernel's tiles, but one panel of keys per block.
template <class Config>
struct ExactConfig : Config {
  static constexpr int BLOCK_KV = PANEL_ROWS;
  static constexpr int SCORE_TILES = BLOCK_KV / 8;
  static constexpr int KEY_STEPS = BLOCK_KV / Config::MMA_DEPTH;
  static constexpr int PANELS_DOWN = 1;
};

template <class Config>
SPARSEK_DEVICE void load_query_fragments(uint32_t (&q)[Config::DIM_STEPS][4], uint32_t panel) {
  const int lane = threadIdx.x % WARP_LANES;
  const int warp = threadIdx.x / WARP_LANES % Config::WARPGROUP_WARPS;
#pragma unroll
  for (int step = 0; step < Config::DIM_STEPS; ++step)
    ptx::ldmatrix_x4(q[step], panel_chunk(panel, warp * 16 + lane % 16, 2 * step + lane / 16));
}

// Brings a panel into the strip, once all warps are done with what it holds.
template <class Config>
SPARSEK_DEVICE void replace(Strip<Config>& strip, const CUtensorMap* map, const Position& from) {
  strip.sync();
  if (strip.leads()) strip.load(strip.current, map, from);
}

// All of a warpgroup. On return the strip's bytes are free and o, not normalised, belongs to n.
template <class Config>
SPARSEK_DEVICE void attend_exactly(Output<Config>& o, float (&n)[2], Strip<Config>& strip,
                                   const Params& params, const Position& at) {
  static_assert(Config::STRIP_PANELS == 1, "a block of K or V must fit the strip");
  using Exact = ExactConfig<Config>;
  const Schedule& schedule = params.schedule;
  const int first_query = at.row + threadIdx.x / WARP_LANES % Config::WARPGROUP_WARPS * 16;

  uint32_t q[Exact::DIM_STEPS][4];
  replace(strip, &params.q, at);
  strip.wait();
  load_query_fragments<Exact>(q, strip.at());
  ptx::fence_proxy_async_shared();

  OnlineSoftmax<Exact> softmax;
#pragma unroll
  for (float& value : flat(o[0])) value = 0.0f;
  const int end_key = Config::CAUSAL ? smaller(schedule.seq, at.row + Config::STRIP_ROWS)
                                     : schedule.seq;
#pragma unroll 1
  for (int key = 0; key < end_key; key += Exact::BLOCK_KV) {
    const Position block = {key, at.head, at.batch};
    Scores<Exact> s;
    Weights<Exact> p;
    replace(strip, &params.k, block);
    strip.wait();
    multiply_qk<Exact>(s, q, strip.at());
    replace(strip, &params.v, block);
    hide_keys<Config::CAUSAL>(s, first_query, key, schedule.seq);
    softmax.absorb(p, s, o, params.scale_log2, key == 0);
    strip.wait();
    multiply_pv<Exact>(o, p, strip.at());
  }
  softmax.normalizers(n);
  strip.sync();
}

}  // namespace sparsek::hopper
