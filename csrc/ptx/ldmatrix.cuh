// Four 8x8 matrices of 16-bit elements from shared memory into a warp's registers.
//
// Lane l gives the address of row l % 8 of matrix l / 8 (16 bytes, 16-byte aligned). Afterwards
// lane l holds in fragment[m] two neighbours of matrix m:
//   plain:      elements [l / 4][2 * (l % 4)] and [l / 4][2 * (l % 4) + 1]
//   transposed: elements [2 * (l % 4)][l / 4] and [2 * (l % 4) + 1][l / 4]
// https://docs.nvidia.com/cuda/parallel-thread-execution/#warp-level-matrix-instructions-ldmatrix
#pragma once

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include <cstring>

#include "emulator/cta.h"
#endif

namespace sparsek::ptx {

#ifdef __CUDACC__

// ldmatrix.x4
SPARSEK_DEVICE void ldmatrix_x4(uint32_t (&fragment)[4], uint32_t row_address, SPARSEK_CALLER) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(fragment[0]), "=r"(fragment[1]), "=r"(fragment[2]), "=r"(fragment[3])
               : "r"(row_address)
               : "memory");
}

// ldmatrix.x4.trans
SPARSEK_DEVICE void ldmatrix_x4_trans(uint32_t (&fragment)[4], uint32_t row_address,
                                      SPARSEK_CALLER) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(fragment[0]), "=r"(fragment[1]), "=r"(fragment[2]), "=r"(fragment[3])
               : "r"(row_address)
               : "memory");
}

#else

struct LdmatrixLane {
  uint32_t row_address;
  uint32_t* fragment;
};

inline void ldmatrix_x4_warp(const emulator::Lanes<LdmatrixLane>& lanes, bool transposed) {
  for (int matrix = 0; matrix < 4; ++matrix) {
    uint16_t element[8][8];
    uint32_t addresses[8];
    for (int row = 0; row < 8; ++row) {
      addresses[row] = lanes[matrix * 8 + row]->row_address;
      std::memcpy(element[row], emulator::shared().read(addresses[row], 16, "ldmatrix"), 16);
    }
    emulator::shared().count_bank_conflicts(addresses);
    for (int lane = 0; lane < WARP_LANES; ++lane) {
      const int major = lane / 4, minor = 2 * (lane % 4);
      const uint32_t low = transposed ? element[minor][major] : element[major][minor];
      const uint32_t high = transposed ? element[minor + 1][major] : element[major][minor + 1];
      lanes[lane]->fragment[matrix] = low | high << 16;
    }
  }
}

inline void ldmatrix_x4(uint32_t (&fragment)[4], uint32_t row_address, SPARSEK_CALLER) {
  emulator::step("ldmatrix.x4", file, line);
  LdmatrixLane mine{row_address, fragment};
  emulator::collective("ldmatrix.x4", mine,
                       [](const auto& lanes) { ldmatrix_x4_warp(lanes, /*transposed=*/false); });
}

inline void ldmatrix_x4_trans(uint32_t (&fragment)[4], uint32_t row_address, SPARSEK_CALLER) {
  emulator::step("ldmatrix.x4.trans", file, line);
  LdmatrixLane mine{row_address, fragment};
  emulator::collective("ldmatrix.x4.trans", mine,
                       [](const auto& lanes) { ldmatrix_x4_warp(lanes, /*transposed=*/true); });
}

#endif

}  // namespace sparsek::ptx
