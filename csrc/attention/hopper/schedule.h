// Who computes what, as plain arithmetic: the same on host and device.
//
// A head's queries are cut into passes of PASS_ROWS rows, a strip per warpgroup. An item is a head
// and some of its passes; CTA c takes items c, c + grid, ... K and V of an item are loaded once,
// however many passes it has: several passes need all its blocks to stay in the ring, so long heads
// have one pass per item.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace sparsek::hopper {

#define SPARSEK_ANYWHERE __host__ __device__ __forceinline__

SPARSEK_ANYWHERE int ceil_div(int a, int b) { return (a + b - 1) / b; }
SPARSEK_ANYWHERE int smaller(int a, int b) { return a < b ? a : b; }

// A tensor map's coordinates of a panel row.
struct Position {
  int row, head, batch;
};

struct Schedule {
  int heads;  // per batch entry
  int seq;
  int blocks;  // of keys in a head
  int items;
  int items_per_head;
  int passes_per_item;

  // Of an item. The last passes of a head come first: under a causal mask they have most keys.
  SPARSEK_ANYWHERE int first_pass(int item) const {
    return (items_per_head - 1 - item % items_per_head) * passes_per_item;
  }

  SPARSEK_ANYWHERE Position at(int item, int row) const {
    const int head = item / items_per_head;
    return {row, head % heads, head / heads};
  }

  // The row of a warpgroup's strip in the item's `pass`; seq or more if it has none.
  template <class Config>
  SPARSEK_ANYWHERE int strip_row(int item, int pass, int warpgroup) const {
    return (first_pass(item) + pass) * Config::PASS_ROWS + warpgroup * Config::STRIP_ROWS;
  }

  // How many key blocks queries before `end_row` look at.
  template <class Config>
  SPARSEK_ANYWHERE int blocks_before(int end_row) const {
    return Config::CAUSAL ? smaller(blocks, ceil_div(end_row, Config::BLOCK_KV)) : blocks;
  }

  // How many key blocks are loaded for an item.
  template <class Config>
  SPARSEK_ANYWHERE int blocks_of(int item) const {
    return blocks_before<Config>((first_pass(item) + passes_per_item) * Config::PASS_ROWS);
  }
};

}  // namespace sparsek::hopper
