// mbarrier objects: phases, pending arrivals, transaction counts, and the loads that complete them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "emulator/cta.h"

namespace emulator {

class Mbarriers {
 public:
  void reset();

  void init(uint32_t address, uint32_t arrivals, const char* name, int index);
  void invalidate(uint32_t address);
  void fence_init();
  void arrive(uint32_t address, uint32_t expected_bytes);
  void expect(uint32_t address, uint32_t bytes);
  bool try_wait(uint32_t address, uint32_t parity);

  // For TMA: a load of `bytes` into `destination` completes on this barrier, in pieces.
  void start_load(uint32_t address, uint32_t destination, uint32_t bytes);
  void complete_bytes(uint32_t address, uint32_t destination, uint32_t bytes);

  void check_at_end() const;
  std::string open_phases_text() const;

 private:
  struct Load {
    uint32_t destination, bytes, missing;
  };
  struct Mbarrier {
    uint32_t address = 0;
    const char* name = "";
    int index = -1;
    uint16_t source = 0;
    uint32_t arrivals = 0;
    uint32_t pending = 0;
    int64_t transactions = 0;   // bytes expected and not yet completed
    uint32_t phase = 0;         // phases completed
    uint32_t loaded_phase = 0;  // the newest completed phase that brought bytes, counted from 1
    uint32_t awaited_phase = 0;
    bool fenced = false;
    Event initialised;
    Clock releasing;  // what arrivals of the current phase and before released
    Clock completed;  // the same for completed phases
    std::vector<Load> loads;
    WaitList waiting;
  };

  Mbarrier& at(uint32_t address);
  std::string named(const Mbarrier& it) const;
  void add_transactions(Mbarrier& it, int64_t bytes);
  void complete_if_done(Mbarrier& it);

  std::deque<Mbarrier> mbarriers_;  // never moves its elements: fibres hold references
  std::unordered_map<uint32_t, size_t> by_address_;
};

Mbarriers& mbarriers();

}  // namespace emulator
