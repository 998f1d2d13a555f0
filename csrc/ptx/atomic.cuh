// Atomic read-modify-write of shared memory.
#pragma once

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include "emulator/atomics.h"
#endif

namespace sparsek::ptx {

// atom.acq_rel.cta.add: adds, returns what was there before. Releases this thread's earlier
// accesses and acquires what earlier additions to the word released.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-atom
SPARSEK_DEVICE uint32_t atomic_add_acq_rel_shared(uint32_t address, uint32_t addend,
                                                  SPARSEK_CALLER) {
#ifdef __CUDACC__
  uint32_t before;
  asm volatile("atom.acq_rel.cta.shared::cta.add.u32 %0, [%1], %2;"
               : "=r"(before)
               : "r"(address), "r"(addend)
               : "memory");
  return before;
#else
  emulator::step("atom.acq_rel.add", file, line);
  return emulator::atomics().add(address, addend, emulator::AtomicOrder::ACQ_REL);
#endif
}

// atom.relaxed.cta.add: adds, returns what was there before; orders nothing by itself.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-atom
SPARSEK_DEVICE uint32_t atomic_add_relaxed_shared(uint32_t address, uint32_t addend,
                                                  SPARSEK_CALLER) {
#ifdef __CUDACC__
  uint32_t before;
  asm volatile("atom.relaxed.cta.shared::cta.add.u32 %0, [%1], %2;"
               : "=r"(before)
               : "r"(address), "r"(addend)
               : "memory");
  return before;
#else
  emulator::step("atom.relaxed.add", file, line);
  return emulator::atomics().add(address, addend, emulator::AtomicOrder::RELAXED);
#endif
}

}  // namespace sparsek::ptx
