#include "emulator/threads.h"

#include <algorithm>
#include <cstdio>

#include "emulator/cta.h"
#include "emulator/mbarriers.h"

namespace emulator {
namespace {

constexpr int WARP = 32;
constexpr int WARPS_IN_GROUP = 4;

std::string in_words(const Waiting& it) {
  std::string text = it.what;
  if (it.name[0] != '\0') {
    text += std::string(" \"") + it.name;
    if (it.index >= 0) text += "[" + std::to_string(it.index) + "]";
    text += "\"";
  }
  if (it.label[0] != '\0') text += std::string(" ") + it.label;
  if (it.number >= 0) text += " " + std::to_string(it.number);
  return text;
}

}  // namespace

void Threads::reset(int count, const Schedule& schedule, const Sources& sources) {
  schedule_ = schedule;
  count_ = count;
  current_ = last_ = -1;
  ready_count_ = done_count_ = 0;
  fault_.clear();
  while (threads_.size() < static_cast<size_t>(count))
    threads_.push_back(std::make_unique<Thread>());
  ready_.assign(static_cast<size_t>((count + WARP - 1) / WARP), {});
  for (int i = 0; i < count; ++i) {
    Thread& thread = at(i);
    thread.fibre.prepare(begin, this);
    thread.waiting = {};
    thread.instruction = "";
    thread.file = nullptr;
    thread.clock = thread.at_fence = thread.gathered = Clock(sources.count());
    thread.clock.set(sources.thread(i), 1);
    make_ready(i);
  }
}

void Threads::begin(void* self) {
  Threads& threads = *static_cast<Threads*>(self);
  try {
    (*threads.kernel_)();
  } catch (const Fault& fault) {
    threads.fault_ = fault.text;
  }
  threads.running().state = Thread::State::DONE;
  ++threads.done_count_;
  threads.running().fibre.suspend();
}

void Threads::run(const std::function<void()>& kernel, const Landings& land, Random& random) {
  kernel_ = &kernel;
  shuffle_priorities(random);
  while (done_count_ < count_) {
    current_ = -1;
    if (ready_count_ == 0) {
      if (!land(true)) fault("%s", (deadlock_text() + mbarriers().open_phases_text()).c_str());
      continue;
    }
    land(false);
    if (random.one_in(schedule_.shuffle_odds)) shuffle_priorities(random);
    last_ = current_ = pick(random);
    unready(current_);
    threadIdx = dim3(static_cast<unsigned>(current_), 0, 0);
    running().fibre.resume();
    if (!fault_.empty()) throw Fault{fault_};
  }
  current_ = -1;
}

int Threads::pick(Random& random) {
  if (schedule_.order == Order::IN_TURN) {
    for (int step = 1;; ++step) {
      const int candidate = (last_ + step) % count_;
      if (at(candidate).state == Thread::State::READY) return candidate;
    }
  }
  if (schedule_.order == Order::ANY) {
    auto rank = static_cast<size_t>(random.below(static_cast<uint64_t>(ready_count_)));
    for (const auto& warp : ready_) {
      if (rank < warp.size()) return warp[rank];
      rank -= warp.size();
    }
  }
  for (const int warp : warp_priorities_) {
    const auto& ready = ready_[static_cast<size_t>(warp)];
    if (!ready.empty()) return ready[random.below(ready.size())];
  }
  return -1;
}

void Threads::shuffle_priorities(Random& random) {
  const int warps = static_cast<int>(ready_.size());
  const int unit = schedule_.order == Order::WARPGROUP_PRIORITY ? WARPS_IN_GROUP : 1;
  std::vector<int> units(static_cast<size_t>((warps + unit - 1) / unit));
  for (size_t i = 0; i < units.size(); ++i) units[i] = static_cast<int>(i);
  for (size_t i = units.size(); i > 1; --i) std::swap(units[i - 1], units[random.below(i)]);
  warp_priorities_.clear();
  for (const int first : units)
    for (int warp = first * unit; warp < std::min(warps, (first + 1) * unit); ++warp)
      warp_priorities_.push_back(warp);
}

void Threads::make_ready(int thread) {
  auto& ready = ready_[static_cast<size_t>(thread / WARP)];
  at(thread).state = Thread::State::READY;
  at(thread).ready_position = ready.size();
  ready.push_back(thread);
  ++ready_count_;
}

void Threads::unready(int thread) {
  auto& ready = ready_[static_cast<size_t>(thread / WARP)];
  const size_t position = at(thread).ready_position;
  ready[position] = ready.back();
  at(ready[position]).ready_position = position;
  ready.pop_back();
  --ready_count_;
  at(thread).state = Thread::State::WAITING;
}

void Threads::yield() {
  make_ready(current_);
  running().fibre.suspend();
}

void Threads::wait(WaitList& list, const Waiting& waiting) {
  running().waiting = waiting;
  list.push_back(current_);
  running().fibre.suspend();
}

void Threads::wake(WaitList& list) {
  for (const int thread : list) make_ready(thread);
  list.clear();
}

std::string Threads::deadlock_text() const {
  std::string groups, first_words;
  int first = -1;
  for (int i = 0; i <= count_; ++i) {
    const Thread* it = i < count_ ? threads_[static_cast<size_t>(i)].get() : nullptr;
    const Thread* head = first < 0 ? nullptr : threads_[static_cast<size_t>(first)].get();
    const bool waits = it != nullptr && it->state == Thread::State::WAITING;
    const bool same = waits && head != nullptr && head->line == it->line &&
                      in_words(head->waiting) == in_words(it->waiting);
    if (head != nullptr && !same) {
      groups += "\n  thread" + (first == i - 1
                                    ? " " + std::to_string(first)
                                    : "s " + std::to_string(first) + "-" + std::to_string(i - 1));
      if (head->file != nullptr) groups += " at " + place(head->file, head->line);
      groups += ": " + in_words(head->waiting);
      if (first_words.empty()) first_words = in_words(head->waiting);
      first = -1;
    }
    if (waits && first < 0) first = i;
  }
  return "deadlock: " + std::to_string(done_count_) + " of " + std::to_string(count_) +
         " threads ended, the rest wait, for " + first_words + groups;
}

}  // namespace emulator
