#include "emulator/register_pool.h"

#include <algorithm>

#include "emulator/cta.h"

namespace emulator {
namespace {

constexpr int SM_REGISTERS = 65536;
constexpr int MOST_PER_THREAD = 255;
constexpr int GRAIN = 8;

}  // namespace

void RegisterPool::reset(int threads) {
  const int each = std::min(MOST_PER_THREAD, SM_REGISTERS / threads) / GRAIN * GRAIN;
  held_.assign(static_cast<size_t>(threads), each);
  free_ = 0;
  waiting_.clear();
}

void RegisterPool::increase(int count) {
  int& held = held_by_me();
  if (count < held) fault("setmaxnreg.inc to %d from %d registers", count, held);
  const Waiting waiting{"setmaxnreg.inc", "", -1, "to", count};
  while (free_ < count - held) threads().wait(waiting_, waiting);
  free_ -= count - held;
  held = count;
}

void RegisterPool::decrease(int count) {
  int& held = held_by_me();
  if (count > held) fault("setmaxnreg.dec to %d from %d registers", count, held);
  free_ += held - count;
  held = count;
  threads().wake(waiting_);
}

int& RegisterPool::held_by_me() { return held_[static_cast<size_t>(current_thread())]; }

}  // namespace emulator
