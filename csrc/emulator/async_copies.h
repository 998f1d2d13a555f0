// cp.async as PTX promises it and no better: a copy may land at once, or as late as the wait.
#pragma once

#include <cstdint>
#include <vector>

#include "emulator/schedule.h"

namespace emulator {

// The copies of all threads of one CTA.
class AsyncCopies {
 public:
  void reset(int threads, Landing landing);
  void issue(uint32_t destination, const void* source, int source_bytes);
  void commit();
  void wait(int pending_groups);

  // A thread that ends with copies under way leaves shared memory to be overwritten later.
  void check_none_left();

 private:
  struct Copy {
    uint32_t destination;
    const void* source;
    int source_bytes;
    bool landed;
  };
  using Group = std::vector<Copy>;
  struct Thread {
    Group open;
    std::vector<Group> committed;  // oldest first
  };

  static void land(Copy& copy);

  std::vector<Thread> threads_;
  Landing landing_ = Landing::EARLY;
};

}  // namespace emulator
