// bar.sync and bar.arrive: sixteen counting barriers per CTA.
#pragma once

#include <cstdint>
#include <vector>

#include "emulator/cta.h"

namespace emulator {

class NamedBarriers {
 public:
  static constexpr int COUNT = 16;

  void reset(int threads, const Sources& sources);
  void sync(int barrier, int threads, const char* name);
  bool sync_or(int barrier, int threads, bool mine, const char* name);
  void arrive(int barrier, int threads, const char* name);

  // A CTA that ends with arrivals nobody completed has a miscount.
  void check_none_left() const;

 private:
  struct Barrier {
    const char* name = "";
    int threads = 0;
    int arrived = 0;
    uint64_t round = 1;
    std::vector<uint64_t> last_round;  // per thread
    std::vector<int> syncing;          // threads of this round that wait
    std::vector<bool> told;            // per thread: what bar.red.or found
    bool any = false;                  // in this round so far
    Clock clock;
    WaitList waiting;
  };

  // True if this completed the round.
  bool take_part(int barrier, int threads, const char* name, bool waits);

  Barrier barriers_[COUNT];
  int cta_threads_ = 0;
};

NamedBarriers& named_barriers();

}  // namespace emulator
