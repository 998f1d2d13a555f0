// Asynchronous 16-byte copies from global to shared memory (sm_80 and newer).
#pragma once

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include "emulator/cta.h"
#endif

namespace sparsek::ptx {

// cp.async.cg: copies `source_bytes` (0 to 16) and fills the rest of the 16 bytes with zeros.
// Bypasses L1. Nothing may read the 16 bytes before the issuing thread waited for its group.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cp-async
SPARSEK_DEVICE void cp_async_16(uint32_t destination, const void* source, int source_bytes,
                                SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(destination), "l"(source),
               "r"(source_bytes)
               : "memory");
#else
  emulator::step("cp.async", file, line);
  emulator::copies().issue(destination, source, source_bytes);
#endif
}

// cp.async.commit_group: closes the group of all copies this thread issued since the last one.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cp-async-commit-group
SPARSEK_DEVICE void cp_async_commit(SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("cp.async.commit_group;" ::: "memory");
#else
  emulator::step("cp.async.commit_group", file, line);
  emulator::copies().commit();
#endif
}

// cp.async.wait_group: until at most PENDING of this thread's newest groups are under way.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cp-async-wait-group-cp-async-wait-all
template <int PENDING>
SPARSEK_DEVICE void cp_async_wait(SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
#else
  emulator::step("cp.async.wait_group", file, line);
  emulator::copies().wait(PENDING);
#endif
}

}  // namespace sparsek::ptx
