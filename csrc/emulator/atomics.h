// Atomic additions to shared memory, and the order they carry from thread to thread.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "emulator/clock.h"

namespace emulator {

enum class AtomicOrder { RELAXED, ACQ_REL };

// Per word, what its additions released so far.
class Atomics {
 public:
  void reset() { released_.clear(); }
  uint32_t add(uint32_t address, uint32_t addend, AtomicOrder order);

 private:
  std::unordered_map<uint32_t, Clock> released_;
};

Atomics& atomics();

}  // namespace emulator
