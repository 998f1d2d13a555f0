// mbarrier: a barrier object in shared memory (8 bytes, 8-byte aligned) that counts arrivals of
// threads and bytes of asynchronous copies, in phases.
//
// A phase completes when no arrival is pending and the transaction count is zero; the next starts
// at once with the full count. Waiting names a phase by its parity: a fresh barrier is in phase 0,
// so waiting for parity 0 blocks until that phase completes, waiting for parity 1 returns at once.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-mbarrier
#pragma once

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include "emulator/mbarriers.h"
#endif

namespace sparsek::ptx {

constexpr uint32_t MBARRIER_BYTES = 8;

// mbarrier.init: `arrivals` per phase. `name` and `index` are for the emulator's reports alone.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-mbarrier-init
SPARSEK_DEVICE void mbarrier_init(uint32_t barrier, uint32_t arrivals, const char* name = "",
                                  int index = -1, SPARSEK_CALLER) {
#ifdef __CUDACC__
  static_cast<void>(name), static_cast<void>(index);
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
#else
  emulator::step("mbarrier.init", file, line);
  emulator::mbarriers().init(barrier, arrivals, name, index);
#endif
}

// mbarrier.inval: the 8 bytes may be used for something else.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-mbarrier-inval
SPARSEK_DEVICE void mbarrier_inval(uint32_t barrier, SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("mbarrier.inval.shared::cta.b64 [%0];" ::"r"(barrier) : "memory");
#else
  emulator::step("mbarrier.inval", file, line);
  emulator::mbarriers().invalidate(barrier);
#endif
}

// mbarrier.arrive: one arrival, releasing this thread's earlier memory accesses to the CTA.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-mbarrier-arrive
SPARSEK_DEVICE void mbarrier_arrive(uint32_t barrier, SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
#else
  emulator::step("mbarrier.arrive", file, line);
  emulator::mbarriers().arrive(barrier, 0);
#endif
}

// mbarrier.arrive.expect_tx: the phase waits for `bytes` more of copies, then one arrival.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-mbarrier-arrive
SPARSEK_DEVICE void mbarrier_arrive_expect_tx(uint32_t barrier, uint32_t bytes, SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
               : "memory");
#else
  emulator::step("mbarrier.arrive.expect_tx", file, line);
  emulator::mbarriers().arrive(barrier, bytes);
#endif
}

// mbarrier.expect_tx: the phase waits for `bytes` more of copies; no arrival.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-mbarrier-expect-tx
SPARSEK_DEVICE void mbarrier_expect_tx(uint32_t barrier, uint32_t bytes, SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(bytes)
               : "memory");
#else
  emulator::step("mbarrier.expect_tx", file, line);
  emulator::mbarriers().expect(barrier, bytes);
#endif
}

// mbarrier.try_wait.parity: has the phase of this parity completed? May sleep before it says no.
// Yes acquires what the arrivals released and the bytes the copies brought.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-mbarrier-test-wait-try-wait
SPARSEK_DEVICE bool mbarrier_try_wait_parity(uint32_t barrier, uint32_t parity, SPARSEK_CALLER) {
#ifdef __CUDACC__
  uint32_t completed;
  asm volatile(
      "{\n.reg .pred completed;\n"
      "mbarrier.try_wait.parity.shared::cta.b64 completed, [%1], %2;\n"
      "selp.u32 %0, 1, 0, completed;\n}"
      : "=r"(completed)
      : "r"(barrier), "r"(parity)
      : "memory");
  return completed != 0;
#else
  emulator::step("mbarrier.try_wait", file, line);
  return emulator::mbarriers().try_wait(barrier, parity);
#endif
}

// Until the phase of this parity has completed. Compiles to the same loop as hand-written PTX.
SPARSEK_DEVICE void mbarrier_wait_parity(uint32_t barrier, uint32_t parity, SPARSEK_CALLER) {
#ifdef __CUDACC__
  while (!mbarrier_try_wait_parity(barrier, parity)) {
  }
#else
  while (!mbarrier_try_wait_parity(barrier, parity, file, line)) {
  }
#endif
}

}  // namespace sparsek::ptx
