// Shared memory: where it lies, and the loads and stores that name its address space.
#pragma once

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include <cstring>

#include "emulator/cta.h"
#endif

namespace sparsek::ptx {

// The CTA's dynamic shared memory as a 32-bit address of the shared window, 1024-byte aligned.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cvta
SPARSEK_DEVICE uint32_t dynamic_shared_memory() {
#ifdef __CUDACC__
  extern __shared__ __align__(1024) unsigned char bytes[];
  return static_cast<uint32_t>(__cvta_generic_to_shared(bytes));
#else
  return emulator::SharedMemory::BASE;
#endif
}

// st.shared.b32: one 32-bit word.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-st
SPARSEK_DEVICE void st_shared_b32(uint32_t address, uint32_t word, SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("st.shared.b32 [%0], %1;" ::"r"(address), "r"(word) : "memory");
#else
  emulator::step("st.shared", file, line);
  std::memcpy(emulator::shared().write(address, sizeof word, "st.shared"), &word, sizeof word);
#endif
}

// ld.shared.v4.b32: four consecutive words, 16-byte aligned.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-ld
SPARSEK_DEVICE uint4 ld_shared_v4(uint32_t address, SPARSEK_CALLER) {
  uint4 words;
#ifdef __CUDACC__
  asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];"
               : "=r"(words.x), "=r"(words.y), "=r"(words.z), "=r"(words.w)
               : "r"(address)
               : "memory");
#else
  emulator::step("ld.shared", file, line);
  std::memcpy(&words, emulator::shared().read(address, sizeof words, "ld.shared"), sizeof words);
#endif
  return words;
}

}  // namespace sparsek::ptx
