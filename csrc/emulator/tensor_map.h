// What our CUtensorMap holds: the description of a tensor and of the box that TMA moves.
#pragma once

#include <cstdint>

#include "emulator/cuda.h"

namespace emulator {

struct TensorMap {
  static constexpr int MOST_RANK = 5;
  static constexpr uint32_t MARK = 0x7e5045aau;  // tells a map from 128 bytes of something else

  uint8_t* base;
  uint64_t stride_bytes[MOST_RANK - 1];  // of dimensions 1, 2, ...; dimension 0 is contiguous
  uint32_t last_index[MOST_RANK];        // size - 1, because sizes go up to 2^32
  uint32_t mark;
  uint16_t box[MOST_RANK];  // elements
  uint8_t rank;
  uint8_t element_bytes;
  uint8_t swizzle;  // CUtensorMapSwizzle

  // The map behind a CUtensorMap, after checking that it is one.
  static const TensorMap& of(const CUtensorMap* map);

  uint32_t row_bytes() const { return uint32_t{box[0]} * element_bytes; }
  uint32_t rows() const;  // of the box: all its dimensions but the first
  uint32_t box_bytes() const { return row_bytes() * rows(); }
  uint32_t alignment() const;  // of the box in shared memory
};

// Where TMA and wgmma find the 16-byte piece that would lie at `address` without a swizzle: its
// bits 4 to 6 are XORed with bits 7 to 9 (128B), 4-5 with 7-8 (64B), 4 with 7 (32B). `swizzle`
// counts those bits. `base_offset` is subtracted from bits 7-9 first.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#tensor-swizzling-modes
inline uint32_t swizzled(uint32_t address, int swizzle, uint32_t base_offset = 0) {
  const uint32_t mask = (1u << swizzle) - 1;
  return address ^ ((((address >> 7) - base_offset) & mask) << 4);
}

}  // namespace emulator
