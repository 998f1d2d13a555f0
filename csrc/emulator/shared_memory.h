// The shared memory of one CTA, with a memory of who touched what and when.
//
// Everything is kept per 16-byte chunk, the grain of ldmatrix, wgmma and TMA: two warps that write
// different words of one chunk with no barrier in between are reported too. Wrong use is a fault:
// touching bytes that are never written, still being filled or read asynchronously, or last touched
// by somebody whom the running thread has not waited for.
#pragma once

#include <cstdint>
#include <vector>

#include "emulator/clock.h"

namespace emulator {

class SharedMemory {
 public:
  static constexpr uint32_t BASE = 1024;  // the window does not start at zero on sm_90 either
  static constexpr uint32_t CHUNK_BYTES = 16;

  void reset(uint32_t bytes, int threads);

  // By the running thread through the generic proxy: ld, st, ldmatrix, stmatrix, atom. `thread`:
  // whose access it is, where one lane acts for its warp. The bytes behind the address.
  const uint8_t* read(uint32_t address, uint32_t bytes, const char* what);
  uint8_t* write(uint32_t address, uint32_t bytes, const char* what, int thread = -1);
  uint8_t* atomic(uint32_t address, uint32_t bytes, const char* what);

  // A chunk that cp.async fills: from start_copy() until end_copy() nobody may touch it.
  uint8_t* start_copy(uint32_t address);
  uint8_t* copy_target(uint32_t address) { return &bytes_[address - BASE]; }
  void end_copy(uint32_t address);

  // A range that TMA fills; `arrival` is what a reader must have seen.
  void start_load(uint32_t address, uint32_t bytes);
  void end_load(uint32_t address, uint32_t bytes, Event arrival);

  // Reads through the asynchronous proxy. The write that has to be seen is returned, not checked,
  // so that a warpgroup's 128 threads share one look at the memory.
  Event operand_written(uint32_t address, const char* what);
  void product_reads(uint32_t address, int warpgroup, uint32_t product);
  void start_store(uint32_t address, uint32_t bytes);
  void end_store(uint32_t address, uint32_t bytes);

  // An mbarrier's eight bytes: nothing but mbarrier instructions may touch them.
  void reserve(uint32_t address);
  void release(uint32_t address);

  // The running thread's generic writes become fit for the asynchronous proxy.
  void fence_proxy();

  void require_seen(Event write, uint32_t address, const char* what);
  void require_inside(uint32_t address, uint32_t bytes, const char* what) const;
  uint8_t* bytes_at(uint32_t address) { return &bytes_[address - BASE]; }

  // Eight 16-byte rows are read in one go if they fall into eight different groups of four banks.
  // https://docs.nvidia.com/cuda/cuda-c-programming-guide/#shared-memory-5-x
  void count_bank_conflicts(const uint32_t (&addresses)[8]);
  uint64_t bank_conflicts() const { return bank_conflicts_; }

 private:
  static constexpr int MOST_WARPGROUPS = 8;

  struct Chunk {
    bool written = false;
    bool in_flight = false;      // being filled
    bool unfenced = false;       // written through the generic proxy, no fence.proxy.async since
    uint8_t mbarriers = 0;       // bit 0: in the first eight bytes, bit 1: in the last
    uint16_t stores = 0;         // TMA stores that read it and were not waited for
    Event writer;                // its last write
    Event fence;                 // after which the asynchronous proxy may rely on it
    std::vector<Event> readers;  // one per warp
    uint32_t products[MOST_WARPGROUPS] = {};  // per warpgroup, the newest wgmma that reads it
  };

  Chunk& chunk(uint32_t address) { return chunks_[(address - BASE) / CHUNK_BYTES]; }
  Chunk& checked_chunk(uint32_t address, uint32_t bytes, const char* what);
  void check_readable(const Chunk& chunk, uint32_t address, const char* what);
  void check_writable(const Chunk& chunk, uint32_t address, const char* what);
  void check_products(const Chunk& chunk, uint32_t address, const char* what);

  std::vector<uint8_t> bytes_;
  std::vector<Chunk> chunks_;
  std::vector<std::vector<uint32_t>> unfenced_;  // per thread: chunks to look at when it fences
  uint64_t bank_conflicts_ = 0;
};

}  // namespace emulator
