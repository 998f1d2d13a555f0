// The threads of one CTA, each a fibre, and the choice of who runs next.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emulator/clock.h"
#include "emulator/fibre.h"
#include "emulator/schedule.h"

namespace emulator {

// Threads that wait for the same thing.
using WaitList = std::vector<int>;

// What a thread waits for, in words for a deadlock report: what "name[index]" label number.
struct Waiting {
  const char* what = "";
  const char* name = "";
  int index = -1;
  const char* label = "";
  long number = -1;
};

struct Thread {
  enum class State { READY, WAITING, DONE };

  Fibre fibre;
  State state = State::READY;
  size_t ready_position = 0;
  Waiting waiting;
  const char* instruction = "";
  const char* file = nullptr;  // of the last wrapper called
  int line = 0;
  Clock clock;
  Clock at_fence;  // the clock when it last executed fence.acq_rel
  Clock gathered;  // what its relaxed atomics would let it rely on, after a fence
};

class Threads {
 public:
  // Called between threads when something asynchronous may, or (`now`) has to, happen.
  // Returns whether anything did.
  using Landings = std::function<bool(bool now)>;

  void reset(int count, const Schedule& schedule, const Sources& sources);

  // Runs `kernel` in every thread until all are done. A deadlock or fault is thrown.
  void run(const std::function<void()>& kernel, const Landings& land, Random& random);

  int count() const { return count_; }
  int current() const { return current_; }  // -1 between threads
  Thread& running() { return *threads_[static_cast<size_t>(current_)]; }
  Thread& at(int thread) { return *threads_[static_cast<size_t>(thread)]; }

  // For the running thread: let others run and come back; stop until woken.
  void yield();
  void wait(WaitList& list, const Waiting& waiting);
  void wake(WaitList& list);

  std::string deadlock_text() const;

 private:
  static void begin(void* self);

  int pick(Random& random);
  void shuffle_priorities(Random& random);
  void make_ready(int thread);
  void unready(int thread);

  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<std::vector<int>> ready_;  // per warp
  std::vector<int> warp_priorities_;
  const std::function<void()>* kernel_ = nullptr;
  Schedule schedule_;
  std::string fault_;
  int count_ = 0;
  int current_ = -1;
  int last_ = -1;
  int ready_count_ = 0;
  int done_count_ = 0;
};

}  // namespace emulator
