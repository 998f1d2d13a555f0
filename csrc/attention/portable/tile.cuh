// A tile of rows in shared memory, swizzled so that neither the copies in nor ldmatrix's reads of
// eight rows at one column ever hit a bank twice: chunk c (16 bytes) of row r lies at c ^ (r % 8).
#pragma once

#include "ptx/cp_async.cuh"
#include "ptx/ldmatrix.cuh"
#include "ptx/shared_memory.cuh"

namespace sparsek::portable {

constexpr int CHUNK_BYTES = 16;
constexpr int CHUNK_ELEMENTS = 8;
constexpr int SWIZZLE_ROWS = 8;

template <class Config>
struct Tile {
  static constexpr int CHUNKS = Config::ROW_BYTES / CHUNK_BYTES;  // per row
  static_assert(CHUNKS % SWIZZLE_ROWS == 0, "the swizzle permutes groups of eight chunks");

  uint32_t base;  // shared address, a multiple of ROW_BYTES * SWIZZLE_ROWS

  SPARSEK_DEVICE uint32_t at(int row, int chunk) const {
    return base + row * Config::ROW_BYTES + (chunk ^ (row % SWIZZLE_ROWS)) * CHUNK_BYTES;
  }

  // All threads: starts copying ROWS rows of `source` from `first_row` on; zeros beyond `seq`.
  template <int ROWS>
  SPARSEK_DEVICE void copy_in(const uint16_t* source, int64_t stride_s, int first_row,
                              int seq) const {
    // Each thread keeps to one chunk column and steps down PASS_ROWS rows at a time.
    constexpr int PASS_ROWS = Config::THREADS / CHUNKS;
    static_assert(ROWS % PASS_ROWS == 0, "every thread copies equally much");
    const int row = threadIdx.x / CHUNKS, chunk = threadIdx.x % CHUNKS;
    const uint16_t* next = source + (first_row + row) * stride_s + chunk * CHUNK_ELEMENTS;
#pragma unroll
    for (int pass = 0; pass < ROWS / PASS_ROWS; ++pass) {
      const bool exists = first_row + row + pass * PASS_ROWS < seq;
      // A row that does not exist is not read, but its address must still be a valid one.
      ptx::cp_async_16(at(row + pass * PASS_ROWS, chunk), exists ? next : source,
                       exists ? CHUNK_BYTES : 0);
      next += PASS_ROWS * stride_s;
    }
  }

  // Q as A operand: 16 rows from `row`, 16 columns from 16 * step.
  SPARSEK_DEVICE void load_a(uint32_t (&fragment)[4], int row, int step) const {
    const int lane = threadIdx.x % WARP_LANES;
    ptx::ldmatrix_x4(fragment, at(row + lane % 16, 2 * step + lane / 16));
  }

  // K as B operand of Q K^T: two n-tiles, keys from `key`, 16 columns from 16 * step.
  // fragment[0..1] belong to the first eight keys, [2..3] to the next eight.
  SPARSEK_DEVICE void load_b(uint32_t (&fragment)[4], int key, int step) const {
    const int lane = threadIdx.x % WARP_LANES;
    ptx::ldmatrix_x4(fragment, at(key + lane / 16 * 8 + lane % 8, 2 * step + lane / 8 % 2));
  }

  // V as B operand of P V: 16 keys from `key`, two n-tiles of columns from 16 * pair. V is stored
  // by key, the operand runs along keys: ldmatrix transposes on the way.
  SPARSEK_DEVICE void load_b_transposed(uint32_t (&fragment)[4], int key, int pair) const {
    const int lane = threadIdx.x % WARP_LANES;
    ptx::ldmatrix_x4_trans(fragment, at(key + lane % 16, 2 * pair + lane / 16));
  }
};

}  // namespace sparsek::portable
