// The 64-bit description of a 16-bit operand matrix in shared memory, as wgmma wants it.
//
//   bits  0-13  start address / 16        bits 32-45  stride byte offset (SBO) / 16
//   bits 16-29  leading byte offset (LBO) / 16        bits 49-51  base offset
//   bits 62-63  swizzle
//
// Memory is made of core groups of eight rows; a row is as wide as the swizzle (16 bytes without).
//   K-major:  a row is one m or n, its bytes run along k. SBO: from eight rows to the next eight.
//             LBO: from 16 bytes along k to the next, without swizzle; else not used, because
//             one k16 step fits one row (32 bytes) and start moves by 32 bytes per step.
//   MN-major: a row is one k, its bytes run along m or n. SBO: from eight k to the next eight.
//             LBO: from one swizzle width along m or n to the next. Without swizzle SBO and LBO
//             change places.
// Base offset is 0 because patterns start where their addresses say (256, 512, 1024 bytes).
// https://docs.nvidia.com/cuda/parallel-thread-execution/#asynchronous-warpgroup-level-matrix-shared-memory-layout
#pragma once

#include "ptx/target.cuh"

namespace sparsek::ptx {

// Which way an operand's bytes run: along k, or along m (of A) or n (of B).
enum class Major : int { K = 0, MN = 1 };

// How 16-byte pieces are permuted. Values: the descriptor's bits 62-63.
enum class Swizzle : int { NONE = 0, B128 = 1, B64 = 2, B32 = 3 };

SPARSEK_DEVICE constexpr uint64_t matrix_descriptor(uint32_t address, uint32_t leading_bytes,
                                                    uint32_t stride_bytes, Swizzle swizzle) {
  return static_cast<uint64_t>((address & 0x3ffffu) >> 4) |
         static_cast<uint64_t>((leading_bytes & 0x3ffffu) >> 4) << 16 |
         static_cast<uint64_t>((stride_bytes & 0x3ffffu) >> 4) << 32 |
         static_cast<uint64_t>(swizzle) << 62;
}

// The same matrix `bytes` (a multiple of 16) further on. Cheaper than a new descriptor: one
// addition to a constant base.
SPARSEK_DEVICE constexpr uint64_t advance_descriptor(uint64_t descriptor, uint32_t bytes) {
  return descriptor + (bytes >> 4);
}

}  // namespace sparsek::ptx
