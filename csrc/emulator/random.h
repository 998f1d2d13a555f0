// xorshift64*: small, fast, and the same on every platform, so that a seed means one schedule.
// Vigna, https://arxiv.org/abs/1402.6246
#pragma once

#include <cstdint>

namespace emulator {

class Random {
 public:
  explicit Random(uint64_t seed = 0) : state_(seed * 0x9e3779b97f4a7c15u + 0x2545f4914f6cdd1du) {
    if (state_ == 0) state_ = 1;
    for (int i = 0; i < 8; ++i) below(2);
  }

  uint64_t below(uint64_t limit) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return (state_ * 0x2545f4914f6cdd1du >> 16) % limit;
  }

  bool one_in(uint64_t odds) { return below(odds) == 0; }

 private:
  uint64_t state_;
};

}  // namespace emulator
