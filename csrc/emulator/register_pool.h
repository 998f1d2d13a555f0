// setmaxnreg, book-kept: the registers of a CTA are a fixed pool that its threads share.
//
// The pool is what an SM has, divided evenly at launch, as ptxas assigns them for one CTA per SM.
#pragma once

#include <vector>

#include "emulator/threads.h"

namespace emulator {

class RegisterPool {
 public:
  void reset(int threads);
  void increase(int count);
  void decrease(int count);

 private:
  int& held_by_me();

  std::vector<int> held_;  // per thread
  int free_ = 0;
  WaitList waiting_;
};

RegisterPool& register_pool();

}  // namespace emulator
