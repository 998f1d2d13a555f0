// K and V on their way through shared memory: a ring of stages, one key block each.
//
// Nobody is the producer. A warp that is done with a block adds one to the stage's counter; whoever
// makes it a full round of all warps loads the block that comes STAGES later. Each warp speaks for
// itself alone, because wgmma_wait_group does. Every warp waits for every block, needed or not:
// only so can no barrier be two phases ahead of a waiter, and parity tells them apart.
#pragma once

#include "attention/hopper/config.cuh"
#include "attention/hopper/params.h"
#include "ptx/atomic.cuh"
#include "ptx/shared_memory.cuh"
#include "ptx/tma.cuh"

namespace sparsek::hopper {

// Where a warp stands in the ring.
template <class Config>
struct Place {
  int stage = 0;
  uint32_t parity = 0;

  SPARSEK_DEVICE void advance() {
    if (++stage == Config::STAGES) {
      stage = 0;
      parity ^= 1u;
    }
  }
};

template <class Config>
struct Ring {
  uint32_t smem;
  const Params& params;

  SPARSEK_DEVICE uint32_t k(int stage) const { return smem + stage * Config::STAGE_BYTES; }
  SPARSEK_DEVICE uint32_t v(int stage) const { return k(stage) + Config::BLOCK_BYTES; }
  SPARSEK_DEVICE uint32_t full(int stage) const {
    return smem + Config::FULL_AT + stage * ptx::MBARRIER_BYTES;
  }
  SPARSEK_DEVICE uint32_t releases(int stage) const {
    return smem + Config::RELEASES_AT + stage * sizeof(uint32_t);
  }

  // One thread, before all others: what the ring needs before its first load.
  SPARSEK_DEVICE void prepare() const {
    for (int stage = 0; stage < Config::STAGES; ++stage) {
      ptx::mbarrier_init(full(stage), 1, "K/V full", stage);
      ptx::st_shared_b32(releases(stage), 0u);
    }
  }

  // One thread: starts loading the block'th key block counted from this CTA's `item` on, if there
  // is one. Rows past the end of the sequence arrive as zeros.
  SPARSEK_DEVICE void load(int stage, int item, int block) const {
    const Schedule& schedule = params.schedule;
    for (; item < schedule.items; item += gridDim.x) {
      const int blocks = schedule.template blocks_of<Config>(item);
      if (block < blocks) {
        const Position at = schedule.at(item, block * Config::BLOCK_KV);
        ptx::mbarrier_arrive_expect_tx(full(stage), Config::STAGE_BYTES);
        load_panels(k(stage), &params.k, full(stage), at);
        load_panels(v(stage), &params.v, full(stage), at);
        return;
      }
      block -= blocks;
    }
  }

  // Then: the first load of every step'th stage from `first` on, for a CTA that starts with `item`.
  SPARSEK_DEVICE void fill(int item, int first = 0, int step = 1) const {
#pragma unroll 1
    for (int stage = first; stage < Config::STAGES; stage += step) load(stage, item, stage);
  }

  // Until the block at `place` is there.
  SPARSEK_DEVICE void wait(const Place<Config>& place) const {
    ptx::mbarrier_wait_parity(full(place.stage), place.parity);
  }

  // Each warp, once per block: it reads the item's `block` no more.
  SPARSEK_DEVICE void release(const Place<Config>& place, int item, int block) const {
    if (threadIdx.x % WARP_LANES != 0) return;
    const uint32_t before = ptx::atomic_add_acq_rel_shared(releases(place.stage), 1u);
    if (before % Config::WARPS == Config::WARPS - 1)
      load(place.stage, item, block + Config::STAGES);
  }

 private:
  SPARSEK_DEVICE static void load_panels(uint32_t target, const CUtensorMap* map, uint32_t barrier,
                                         const Position& at) {
#pragma unroll
    for (int panel = 0; panel < Config::BLOCK_PANELS; ++panel) {
      const int across = panel / Config::PANELS_DOWN, down = panel % Config::PANELS_DOWN;
      ptx::tma_load_4d(target + panel * PANEL_BYTES, map, barrier, across * PANEL_COLS,
                       at.row + down * PANEL_ROWS, at.head, at.batch);
    }
  }
};

}  // namespace sparsek::hopper
