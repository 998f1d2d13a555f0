// Vector clocks: who is known to have happened before whom.
//
// A clock has one component per source of events: each thread (its epoch grows when it releases),
// each warp twice (wgmma it has waited for; warp-wide instructions it has executed), and each
// mbarrier (phases completed). A thread may rely on an event if its clock has reached it; barriers
// and atomics carry clocks from one thread to another. So a missing wait or barrier is found in
// every schedule, not only in those in which it does harm.
// Mattern 1989; FastTrack, Flanagan and Freund, https://doi.org/10.1145/1542476.1542490
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace emulator {

struct Event {
  uint16_t source = 0;
  uint32_t epoch = 0;  // 0: before everything, so anyone may rely on it
};

class Clock {
 public:
  Clock() = default;
  explicit Clock(size_t sources) : epochs_(sources, 0) {}

  bool has_seen(Event event) const { return epochs_[event.source] >= event.epoch; }
  uint32_t at(size_t source) const { return epochs_[source]; }
  void set(size_t source, uint32_t epoch) { epochs_[source] = epoch; }
  void reach(Event event) { epochs_[event.source] = std::max(epochs_[event.source], event.epoch); }

  // Relies from now on whatever `other` relied on.
  void join(const Clock& other) {
    const uint32_t* theirs = other.epochs_.data();
    uint32_t* mine = epochs_.data();
    const size_t count = std::min(epochs_.size(), other.epochs_.size());
    for (size_t i = 0; i < count; ++i) mine[i] = mine[i] < theirs[i] ? theirs[i] : mine[i];
  }

 private:
  std::vector<uint32_t> epochs_;
};

// Where each source's component lies.
class Sources {
 public:
  static constexpr int MOST_MBARRIERS = 128;

  explicit Sources(int threads = 0) : threads_(threads), warps_((threads + 31) / 32) {}

  size_t count() const { return mbarrier(MOST_MBARRIERS); }
  uint16_t thread(int thread) const { return static_cast<uint16_t>(thread); }
  uint16_t products_of_warp(int warp) const { return static_cast<uint16_t>(threads_ + warp); }
  uint16_t collectives_of_warp(int warp) const {
    return static_cast<uint16_t>(threads_ + warps_ + warp);
  }
  uint16_t mbarrier(int index) const {
    return static_cast<uint16_t>(threads_ + 2 * warps_ + index);
  }

  bool is_thread(uint16_t source) const { return source < threads_; }
  bool is_mbarrier(uint16_t source) const { return source >= threads_ + 2 * warps_; }

 private:
  int threads_, warps_;
};

}  // namespace emulator
