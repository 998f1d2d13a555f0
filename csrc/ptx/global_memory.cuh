// Stores to global memory, through wrappers so that the emulator can tell which elements of an
// output were written.
#pragma once

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include <cstring>

#include "emulator/cta.h"
#include "emulator/output_shadow.h"
#endif

namespace sparsek::ptx {

// st.global.v4.b32: 16 bytes, 16-byte aligned.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-st
SPARSEK_DEVICE void st_global_v4(void* address, uint4 words, SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(address), "r"(words.x),
               "r"(words.y), "r"(words.z), "r"(words.w)
               : "memory");
#else
  emulator::step("st.global.v4", file, line);
  emulator::output_shadow().write(address, sizeof words, emulator::current_thread(), file, line);
  std::memcpy(address, &words, sizeof words);
#endif
}

// st.global.b32: two 16-bit elements, 4-byte aligned.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-st
SPARSEK_DEVICE void st_global_b32(void* address, uint32_t word, SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("st.global.b32 [%0], %1;" ::"l"(address), "r"(word) : "memory");
#else
  emulator::step("st.global.b32", file, line);
  emulator::output_shadow().write(address, sizeof word, emulator::current_thread(), file, line);
  std::memcpy(address, &word, sizeof word);
#endif
}

}  // namespace sparsek::ptx
