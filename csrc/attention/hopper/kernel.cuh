// The Hopper attention forward: whole heads per persistent CTA, for sm_90a.
//
// Four warpgroups share the K and V of a head through a ring of TMA loads and otherwise ignore each
// other: each takes a strip of 64 queries, multiplies with wgmma and keeps scores, weights and
// output in registers. Walk-through: docs/kernels/hopper.md
#pragma once

#include "attention/hopper/exact.cuh"
#include "attention/hopper/multiply.cuh"
#include "attention/hopper/ring.cuh"
#include "attention/hopper/split_pv.cuh"
#include "attention/hopper/strip.cuh"
#include "attention/hopper/turns.cuh"
#include "attention/hopper/weights.cuh"
#include "attention/mask.cuh"
#include "ptx/elect.cuh"
#include "ptx/fence.cuh"
#include "ptx/warp.cuh"

namespace sparsek::hopper {

// What is done to a block's scores before they are weighed.
template <class Config>
SPARSEK_DEVICE void inspect(Scores<Config>& s, SoftmaxOf<Config>& softmax, int seq, int row,
                            int block) {
  const int first_key = block * Config::BLOCK_KV, end_key = first_key + Config::BLOCK_KV;
  softmax.look_at(s, block == 0);
  if (end_key > seq || (Config::CAUSAL && end_key > row + 1)) {
    const int warp = threadIdx.x / WARP_LANES % Config::WARPGROUP_WARPS;
    hide_keys<Config::CAUSAL>(s, row + warp * 16, first_key, seq);
  }
}

// One strip against one block of keys.
template <class Config>
SPARSEK_DEVICE void attend_block(Output<Config>& o, SoftmaxOf<Config>& softmax, uint32_t q,
                                 uint32_t k, uint32_t v, const Params& params, int row, int block) {
  Scores<Config> s;
  multiply_qk<Config>(s, q, k);
  inspect<Config>(s, softmax, params.schedule.seq, row, block);
  if constexpr (Config::SPLIT_PV)
    return weigh_and_multiply<Config>(o, s, softmax, v, params.scale_log2, block == 0);
  Weights<Config> p;
  softmax.absorb(p, s, o, params.scale_log2, block == 0);
  multiply_pv<Config>(o, p, v);
}

// Where a strip lies: worked out at once by everyone, or by whoever asks.
template <class Config, bool ON_DEMAND = Config::LEADER_LOCATES>
struct Located {
  Position at;

  SPARSEK_DEVICE Located(const Schedule& schedule, int item, int row)
      : at(schedule.at(item, row)) {}
  SPARSEK_DEVICE operator Position() const { return at; }
};

template <class Config>
struct Located<Config, true> {
  const Schedule& schedule;
  int item, row;

  SPARSEK_DEVICE operator Position() const { return schedule.at(item, row); }
};

// The strip's output leaves, computed again if its softmax is not to be trusted.
template <class Config>
SPARSEK_DEVICE void finish_strip(Output<Config>& o, const SoftmaxOf<Config>& softmax,
                                 Strip<Config>& strip, const Params& params, int item, int row) {
  const Located<Config> at{params.schedule, item, row};
  float n[2];
  const bool trusted = softmax.normalizers(n);
  strip.stage_output(o, n);
  if constexpr (Config::SOFTMAX == Softmax::REFERENCE) {
    if (strip.sync_any(!trusted)) {
      attend_exactly<Config>(o, n, strip, params, at);
      strip.stage_output(o, n);
      strip.sync();
    }
  } else {
    strip.sync();
  }
  if (strip.leads()) strip.store(at);
}

// Q of the warpgroup's next strip, if there is a buffer for it. A copy of the strip, so that holding
// `current` does not hold it elsewhere.
template <class Config>
SPARSEK_DEVICE void prefetch_next(Strip<Config> strip, int item, int pass) {
  constexpr int AHEAD = Config::Q_BUFFERS - 1;  // passes
  if (Config::LATE_Q) ptx::hold_register(strip.current);
  if (strip.leads())
    strip.prefetch((strip.current + AHEAD) % Config::Q_BUFFERS, item, pass + AHEAD);
}

// A strip against all keys that it may see. Returns how many blocks that were; `here` has moved
// past them, and if this is the item's last pass they are released.
template <class Config>
SPARSEK_DEVICE int attend_strip(In<Order::ALTERNATE>, const Ring<Config>& ring,
                                Strip<Config>& strip, Place<Config>& here, const Params& params,
                                int item, int pass, int row, bool last_pass) {
  const Schedule& schedule = params.schedule;
  const int needed = schedule.template blocks_before<Config>(row + Config::STRIP_ROWS);
  SoftmaxOf<Config> softmax;
  Output<Config> o = {};
  strip.wait();
#pragma unroll 1
  for (int block = 0; block < needed; ++block) {
    ring.wait(here);
    const uint32_t kv = ptx::shuffle_from(ring.k(here.stage), 0);
    uint32_t q = strip.at();
    if constexpr (Config::SHUFFLED_Q) q = ptx::shuffle_from(q, 0);
    attend_block<Config>(o, softmax, q, kv, kv + Config::BLOCK_BYTES, params, row, block);
    if (last_pass) ring.release(here, item, block);
    here.advance();
    if (Config::LATE_Q && block == 0) prefetch_next<Config>(strip, item, pass);
  }
  finish_strip<Config>(o, softmax, strip, params, item, row);
  return needed;
}

// Blocks from `block` on, which this strip may not see or is too short for: they still go round.
template <class Config>
SPARSEK_DEVICE void pass_on_blocks(const Ring<Config>& ring, Place<Config>& here, int item,
                                   int block, int blocks) {
  for (; block < blocks; ++block) {
    ring.wait(here);
    ptx::sync_warp();  // a lane must not release what another is still waiting for
    ring.release(here, item, block);
    here.advance();
  }
}

template <class Config>
SPARSEK_DEVICE void attend(const Params& params) {
  const Schedule& schedule = params.schedule;
  const uint32_t smem = ptx::dynamic_shared_memory();
  const int warpgroup = ptx::shuffle_from(threadIdx.x / Config::WARPGROUP_THREADS, 0);
  const Ring<Config> ring{smem, params};
  Strip<Config> strip{smem, params, warpgroup};
  if (threadIdx.x == 0) {
    ring.prepare();
    Strip<Config>::prepare(smem);
    ptx::fence_mbarrier_init();
    if (!Config::Q_FIRST) ring.fill(blockIdx.x);
  }
  ptx::sync_cta();
  if (Config::Q_BUFFERS > 1 && strip.leads()) strip.prefetch(0, blockIdx.x, 0);
  if (Config::Q_FIRST && strip.leads()) ring.fill(blockIdx.x, warpgroup, Config::WARPGROUPS);

  if constexpr (Config::ORDER == Order::PING_PONG) Turns<Config>{warpgroup}.open();

  Place<Config> item_start;
#pragma unroll 1
  for (int item = blockIdx.x; item < schedule.items; item += gridDim.x) {
    Place<Config> here;
#pragma unroll 1
    for (int pass = 0; pass < schedule.passes_per_item; ++pass) {
      const bool last_pass = pass + 1 == schedule.passes_per_item;
      const int row = schedule.template strip_row<Config>(item, pass, warpgroup);
      here = item_start;
      if (!Config::LATE_Q || row >= schedule.seq) prefetch_next<Config>(strip, item, pass);
      int block = 0;
      if (row < schedule.seq)
        block = attend_strip<Config>(In<Config::ORDER>{}, ring, strip, here, params, item, pass,
                                     row, last_pass);
      if (last_pass)
        pass_on_blocks<Config>(ring, here, item, block, schedule.template blocks_of<Config>(item));
      strip.advance();
    }
    item_start = here;
  }
  if constexpr (Config::ORDER == Order::PING_PONG) Turns<Config>{warpgroup}.close();
  if (strip.leads()) ptx::bulk_wait_group<0>();
}

// Grid: one CTA per SM, or per item if there are fewer.
template <class Config>
__global__ void __launch_bounds__(Config::THREADS, 1)
    attention_hopper(const __grid_constant__ Params params) {
#if defined(__CUDA_ARCH__) && !defined(__CUDA_ARCH_FEAT_SM90_ALL)
  __trap();  // wgmma exists for sm_90a alone; in code for others this kernel must never start
#else
  attend<Config>(params);
#endif
}

}  // namespace sparsek::hopper
