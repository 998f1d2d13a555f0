// Fences: what must be visible to whom before what follows.
#pragma once

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include "emulator/fences.h"
#endif

namespace sparsek::ptx {

// fence.proxy.async: this thread's earlier shared-memory accesses are visible to the asynchronous
// proxy: TMA and wgmma. Belongs between writing operands and the barrier after which they are used.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-membar-fence
SPARSEK_DEVICE void fence_proxy_async_shared(SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#else
  emulator::step("fence.proxy.async", file, line);
  emulator::fence_proxy_async();
#endif
}

// fence.mbarrier_init: this thread's earlier mbarrier.init are visible to the asynchronous proxy.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-membar-fence
SPARSEK_DEVICE void fence_mbarrier_init(SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
#else
  emulator::step("fence.mbarrier_init", file, line);
  emulator::fence_mbarrier_init();
#endif
}

// fence.acq_rel.cta: orders this thread's accesses around it, for relaxed atomics beside it.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-membar-fence
SPARSEK_DEVICE void fence_acq_rel_cta(SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("fence.acq_rel.cta;" ::: "memory");
#else
  emulator::step("fence.acq_rel.cta", file, line);
  emulator::fence_acq_rel();
#endif
}

}  // namespace sparsek::ptx
