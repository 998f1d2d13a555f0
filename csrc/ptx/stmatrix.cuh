// Four 8x8 matrices of 16-bit elements from a warp's registers to shared memory: the reverse of
// ldmatrix, with the same map of lanes to rows and elements (ptx/ldmatrix.cuh).
// https://docs.nvidia.com/cuda/parallel-thread-execution/#warp-level-matrix-instructions-stmatrix
#pragma once

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include "emulator/stmatrix.h"
#endif

namespace sparsek::ptx {

// stmatrix.x4
SPARSEK_DEVICE void stmatrix_x4(uint32_t row_address, const uint32_t (&fragment)[4],
                                SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile(
      "stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(row_address),
      "r"(fragment[0]), "r"(fragment[1]), "r"(fragment[2]), "r"(fragment[3])
      : "memory");
#else
  emulator::step("stmatrix.x4", file, line);
  emulator::stmatrix_x4(row_address, fragment, /*transposed=*/false);
#endif
}

// stmatrix.x4.trans
SPARSEK_DEVICE void stmatrix_x4_trans(uint32_t row_address, const uint32_t (&fragment)[4],
                                      SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile(
      "stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(row_address),
      "r"(fragment[0]), "r"(fragment[1]), "r"(fragment[2]), "r"(fragment[3])
      : "memory");
#else
  emulator::step("stmatrix.x4.trans", file, line);
  emulator::stmatrix_x4(row_address, fragment, /*transposed=*/true);
#endif
}

}  // namespace sparsek::ptx
