// A warpgroup's strip of 64 query rows in shared memory: Q comes in by TMA, O leaves from the same
// bytes. With two buffers the next strip's Q arrives while this one is worked on.
#pragma once

#include "attention/hopper/config.cuh"
#include "attention/hopper/params.h"
#include "ptx/arithmetic.cuh"
#include "ptx/fence.cuh"
#include "ptx/named_barrier.cuh"
#include "ptx/stmatrix.cuh"
#include "ptx/tma.cuh"

namespace sparsek::hopper {

constexpr int CHUNK_BYTES = 16;  // what the swizzle permutes: chunk c of row r lies at c ^ (r % 8)

SPARSEK_DEVICE uint32_t panel_chunk(uint32_t panel, int row, int chunk) {
  return panel + row * ROW_BYTES + (chunk ^ (row % 8)) * CHUNK_BYTES;
}

template <class Config>
struct Strip {
  uint32_t smem;
  const Params& params;
  int warpgroup;
  int current = 0;         // buffer
  uint32_t parities = 0u;  // bit b: of the phase that buffer b's barrier is in

  // One thread of the warpgroup speaks for it to TMA; stores must be waited for by who issued them.
  SPARSEK_DEVICE bool leads() const {
    const unsigned leader = Config::SPREAD_LEADERS ? warpgroup * WARP_LANES : 0;
    return threadIdx.x % Config::WARPGROUP_THREADS == leader;
  }

  SPARSEK_DEVICE uint32_t at(int buffer) const {
    return smem + Config::STRIPS_AT +
           (warpgroup * Config::Q_BUFFERS + buffer) * Config::STRIP_BYTES;
  }
  SPARSEK_DEVICE uint32_t at() const { return at(current); }
  SPARSEK_DEVICE uint32_t full(int buffer) const {
    return smem + Config::Q_FULL_AT +
           (warpgroup * Config::Q_BUFFERS + buffer) * ptx::MBARRIER_BYTES;
  }

  // One thread of the CTA, before all others: every warpgroup's barriers.
  SPARSEK_DEVICE static void prepare(uint32_t smem) {
    for (int i = 0; i < Config::WARPGROUPS * Config::Q_BUFFERS; ++i)
      ptx::mbarrier_init(smem + Config::Q_FULL_AT + i * ptx::MBARRIER_BYTES, 1, "Q full", i);
  }

  // The leader: starts loading 64 rows of a tensor into a buffer.
  SPARSEK_DEVICE void load(int buffer, const CUtensorMap* map, const Position& from) const {
    ptx::mbarrier_arrive_expect_tx(full(buffer), Config::STRIP_BYTES);
#pragma unroll
    for (int panel = 0; panel < Config::STRIP_PANELS; ++panel)
      ptx::tma_load_4d(at(buffer) + panel * PANEL_BYTES, map, full(buffer), panel * PANEL_COLS,
                       from.row, from.head, from.batch);
  }

  // The leader: starts loading Q for the item's `pass` into a buffer, once what was stored from
  // there has been read. A strip past the end of the sequence has no Q.
  SPARSEK_DEVICE void prefetch(int buffer, int item, int pass) const {
    const Schedule& schedule = params.schedule;
    if (pass == schedule.passes_per_item) {
      pass = 0;
      item += gridDim.x;
    }
    if (item >= schedule.items) return;
    const int row = schedule.template strip_row<Config>(item, pass, warpgroup);
    if (row >= schedule.seq) return;
    ptx::bulk_wait_group_read<0>();
    load(buffer, &params.q, schedule.at(item, row));
  }

  // Until what was loaded into the current buffer is there.
  SPARSEK_DEVICE void wait() {
    ptx::mbarrier_wait_parity(full(current), parities >> current & 1u);
    parities ^= 1u << current;
  }

  SPARSEK_DEVICE void advance() { current = (current + 1) % Config::Q_BUFFERS; }

  // All threads: the output, normalised, over Q. `o` is what wgmma left. A barrier must follow.
  SPARSEK_DEVICE void stage_output(const float (&o)[Config::PANELS_ACROSS][8][4],
                                   const float (&normalizer)[2]) const {
    using Element = typename Config::Element;
    const int lane = threadIdx.x % WARP_LANES;
    const int warp = threadIdx.x / WARP_LANES % Config::WARPGROUP_WARPS;
    const int row = warp * 16 + lane % 16;
#pragma unroll
    for (int panel = 0; panel < Config::PANELS_ACROSS; ++panel) {
#pragma unroll
      for (int tile = 0; tile < 8; tile += 2) {
        uint32_t fragment[4];
#pragma unroll
        for (int part = 0; part < 4; ++part) {
          const float* pair = &o[panel][tile + part / 2][part % 2 * 2];
          fragment[part] = ptx::pack(Element{}, pair[0] * normalizer[part % 2],
                                     pair[1] * normalizer[part % 2]);
        }
        ptx::stmatrix_x4(panel_chunk(at() + panel * PANEL_BYTES, row, tile + lane / 16), fragment);
      }
    }
    ptx::fence_proxy_async_shared();
  }

  // The leader, after that barrier: rows past the end of the sequence are not written.
  SPARSEK_DEVICE void store(const Position& to) const {
#pragma unroll
    for (int panel = 0; panel < Config::STRIP_PANELS; ++panel)
      ptx::tma_store_4d(&params.o, at() + panel * PANEL_BYTES, panel * PANEL_COLS, to.row, to.head,
                        to.batch);
    ptx::bulk_commit_group();
  }

  // Barrier 0 is the CTA's.
  SPARSEK_DEVICE void sync() const {
    ptx::named_barrier_sync(1 + warpgroup, Config::WARPGROUP_THREADS, "strip");
  }
  SPARSEK_DEVICE bool sync_any(bool mine) const {
    return ptx::named_barrier_or(1 + warpgroup, Config::WARPGROUP_THREADS, mine, "strip");
  }
};

}  // namespace sparsek::hopper
