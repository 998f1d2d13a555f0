#include "emulator/named_barriers.h"

namespace emulator {

void NamedBarriers::reset(int threads, const Sources& sources) {
  cta_threads_ = threads;
  for (Barrier& it : barriers_) {
    it = Barrier{};
    it.last_round.assign(static_cast<size_t>(threads), 0);
    it.told.assign(static_cast<size_t>(threads), false);
    it.clock = Clock(sources.count());
  }
}

void NamedBarriers::sync(int barrier, int threads, const char* name) {
  if (take_part(barrier, threads, name, /*waits=*/true)) return;
  Barrier& it = barriers_[barrier];
  // __syncthreads is barrier 0 for the whole CTA; reports call it by that name.
  const bool whole = barrier == 0 && threads == cta_threads_ && name[0] == '\0';
  const Waiting waiting{whole ? "barrier.sync" : "bar.sync", it.name, -1, whole ? "" : "barrier",
                        whole ? -1 : barrier};
  const uint64_t round = it.round;
  while (it.round == round) emulator::threads().wait(it.waiting, waiting);
}

bool NamedBarriers::sync_or(int barrier, int threads, bool mine, const char* name) {
  if (barrier >= 0 && barrier < COUNT) barriers_[barrier].any |= mine;
  sync(barrier, threads, name);
  return barriers_[barrier].told[static_cast<size_t>(current_thread())];
}

void NamedBarriers::arrive(int barrier, int threads, const char* name) {
  take_part(barrier, threads, name, /*waits=*/false);
}

bool NamedBarriers::take_part(int barrier, int threads, const char* name, bool waits) {
  if (barrier < 0 || barrier >= COUNT) fault("barrier %d: there are 0 to %d", barrier, COUNT - 1);
  const bool whole = barrier == 0 && threads == cta_threads_;
  if (threads <= 0 || threads > cta_threads_ || (threads % WARP_LANES != 0 && !whole))
    fault("barrier %d: %d threads; expected a multiple of 32, at most the CTA's %d", barrier,
          threads, cta_threads_);
  Barrier& it = barriers_[barrier];
  if (it.arrived == 0) {
    it.threads = threads;
    it.name = name;
    it.clock = Clock(cta_sources().count());
  }
  if (it.threads != threads)
    fault("barrier %d \"%s\": %d threads here, %d where others arrived in this round", barrier,
          it.name, threads, it.threads);
  uint64_t& last_round = it.last_round[static_cast<size_t>(current_thread())];
  if (last_round == it.round)
    fault("barrier %d \"%s\": this thread arrives twice in one round", barrier, it.name);
  last_round = it.round;
  release_into(it.clock);
  if (waits) it.syncing.push_back(current_thread());
  if (++it.arrived < it.threads) return false;
  for (const int thread : it.syncing) {
    emulator::threads().at(thread).clock.join(it.clock);
    it.told[static_cast<size_t>(thread)] = it.any;
  }
  it.syncing.clear();
  it.any = false;
  it.arrived = 0;
  ++it.round;
  emulator::threads().wake(it.waiting);
  return true;
}

void NamedBarriers::check_none_left() const {
  for (int i = 0; i < COUNT; ++i)
    if (barriers_[i].arrived > 0)
      fault("the CTA ends with %d of %d arrivals at barrier %d \"%s\"", barriers_[i].arrived,
            barriers_[i].threads, i, barriers_[i].name);
}

}  // namespace emulator
