// The shared memory of one CTA, with a memory of who touched what since the last barrier.
//
// Everything here is 16-byte chunks, the grain of cp.async and ldmatrix. Wrong use is a fault:
// reading bytes never written, still being copied, or written by another thread with no barrier
// in between; writing what another warp read or wrote with no barrier in between.
#pragma once

#include <cstdint>
#include <vector>

namespace emulator {

class SharedMemory {
 public:
  static constexpr uint32_t BASE = 1024;  // the window does not start at zero on sm_90 either
  static constexpr uint32_t CHUNK_BYTES = 16;

  void reset(uint32_t bytes);

  // The bytes behind an address, after checking that the running thread may do this.
  const uint8_t* read(uint32_t address, uint32_t bytes, const char* what);
  uint8_t* write(uint32_t address, uint32_t bytes, const char* what);

  // A chunk that a copy fills: from start_copy() until end_copy() nobody may touch it.
  uint8_t* start_copy(uint32_t address);
  uint8_t* copy_target(uint32_t address) { return &bytes_[address - BASE]; }
  void end_copy(uint32_t address);

  // Eight 16-byte rows are read in one go if they fall into eight different groups of four banks.
  // https://docs.nvidia.com/cuda/cuda-c-programming-guide/#shared-memory-5-x
  void count_bank_conflicts(const uint32_t (&addresses)[8]);
  uint64_t bank_conflicts() const { return bank_conflicts_; }

 private:
  struct Chunk {
    bool written = false;
    bool in_flight = false;
    int writer = -1;               // thread
    uint64_t write_cta_phase = 0;  // barriers the CTA had passed
    uint64_t write_warp_phase = 0;
    uint64_t read_cta_phase = 0;
    uint32_t reader_warps = 0;  // since read_cta_phase, one bit per warp
  };

  Chunk& chunk(uint32_t address, uint32_t bytes, const char* what);
  void check_writable(Chunk& chunk, uint32_t address, const char* what);
  static void stamp_write(Chunk& chunk);

  std::vector<uint8_t> bytes_;
  std::vector<Chunk> chunks_;
  uint64_t bank_conflicts_ = 0;
};

}  // namespace emulator
