// The sixteen barriers of a CTA. Number 0 is also __syncthreads.
//
// `threads` (a multiple of 32) counts syncs and arrivals of one round together; all threads of a
// warp take part. `name` is for the emulator's reports alone.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-bar
#pragma once

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include "emulator/named_barriers.h"
#endif

namespace sparsek::ptx {

// bar.sync: waits for the round's other threads; their earlier accesses become visible.
SPARSEK_DEVICE void named_barrier_sync(int barrier, int threads, const char* name = "",
                                       SPARSEK_CALLER) {
#ifdef __CUDACC__
  static_cast<void>(name);
  asm volatile("bar.sync %0, %1;" ::"r"(barrier), "r"(threads) : "memory");
#else
  emulator::step("bar.sync", file, line);
  emulator::named_barriers().sync(barrier, threads, name);
#endif
}

// bar.arrive: counts as arrived, without waiting and without seeing what others did.
SPARSEK_DEVICE void named_barrier_arrive(int barrier, int threads, const char* name = "",
                                         SPARSEK_CALLER) {
#ifdef __CUDACC__
  static_cast<void>(name);
  asm volatile("bar.arrive %0, %1;" ::"r"(barrier), "r"(threads) : "memory");
#else
  emulator::step("bar.arrive", file, line);
  emulator::named_barriers().arrive(barrier, threads, name);
#endif
}

// bar.red.or.pred: bar.sync that also tells every thread whether `mine` was true in any of them.
SPARSEK_DEVICE bool named_barrier_or(int barrier, int threads, bool mine, const char* name = "",
                                     SPARSEK_CALLER) {
#ifdef __CUDACC__
  static_cast<void>(name);
  uint32_t any;
  asm volatile(
      "{\n.reg .pred mine, any;\nsetp.ne.u32 mine, %3, 0;\n"
      "bar.red.or.pred any, %1, %2, mine;\n"
      "selp.u32 %0, 1, 0, any;\n}"
      : "=r"(any)
      : "r"(barrier), "r"(threads), "r"(static_cast<uint32_t>(mine))
      : "memory");
  return any != 0;
#else
  emulator::step("bar.red.or", file, line);
  return emulator::named_barriers().sync_or(barrier, threads, mine, name);
#endif
}

}  // namespace sparsek::ptx
