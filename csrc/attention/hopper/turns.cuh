// Two warpgroups of a pair take turns at the tensor core: while one multiplies, the other is at its
// softmax. A turn is given by arriving at the partner's barrier and taken by waiting at one's own,
// so of a pair just one turn is about at any time.
#pragma once

#include "attention/hopper/config.cuh"
#include "ptx/named_barrier.cuh"

namespace sparsek::hopper {

// Warpgroups 0 and 1 are a pair, 2 and 3 another; the even one has the first turn.
template <class Config>
struct Turns {
  static constexpr int THREADS = 2 * Config::WARPGROUP_THREADS;
  static constexpr int FIRST_BARRIER = 1 + Config::WARPGROUPS;  // behind those of the strips

  int warpgroup;

  SPARSEK_DEVICE bool begins() const { return warpgroup % 2 == 0; }
  SPARSEK_DEVICE void take() const {
    ptx::named_barrier_sync(FIRST_BARRIER + warpgroup, THREADS, "turn");
  }
  SPARSEK_DEVICE void give() const {
    ptx::named_barrier_arrive(FIRST_BARRIER + (warpgroup ^ 1), THREADS, "turn");
  }

  // Before the first and after the last turn, so that none is left behind.
  SPARSEK_DEVICE void open() const {
    if (!begins()) give();
  }
  SPARSEK_DEVICE void close() const {
    if (begins()) take();
  }
};

}  // namespace sparsek::hopper
