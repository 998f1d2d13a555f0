#include "emulator/cta.h"

#include <cstring>
#include <string>
#include <vector>

#include "emulator/atomics.h"
#include "emulator/mbarriers.h"
#include "emulator/named_barriers.h"
#include "emulator/output_shadow.h"
#include "emulator/register_pool.h"
#include "emulator/tma.h"
#include "emulator/wgmma.h"

namespace emulator {

dim3 threadIdx, blockIdx, gridDim;

namespace {

struct Warp {
  const char* instruction = nullptr;
  int arrived = 0;
  bool meeting = false;  // the last lane runs the instruction for all
  void* lanes[WARP_LANES] = {};
  WaitList waiting;
};

// One launch at a time: the emulator belongs to one OS thread.
struct Cta {
  Threads threads;
  std::vector<Warp> warps;
  Sources sources;
  Schedule schedule;
  Random random;
  SharedMemory shared;
  AsyncCopies copies;
  NamedBarriers named_barriers;
  Mbarriers mbarriers;
  Tma tma;
  Wgmma wgmma;
  Atomics atomics;
  RegisterPool registers;
  uint64_t bank_conflicts = 0;
  std::string fault;
};

Cta cta;
Options chosen;

Warp& running_warp() { return cta.warps[static_cast<size_t>(current_warp())]; }

void reset_cta(int thread_count, uint32_t shared_bytes) {
  cta.sources = Sources(thread_count);
  cta.threads.reset(thread_count, cta.schedule, cta.sources);
  cta.warps.assign(static_cast<size_t>((thread_count + WARP_LANES - 1) / WARP_LANES), Warp{});
  cta.shared.reset(shared_bytes, thread_count);
  cta.copies.reset(thread_count, cta.schedule.copies);
  cta.named_barriers.reset(thread_count, cta.sources);
  cta.mbarriers.reset();
  cta.atomics.reset();
  cta.tma.reset(thread_count);
  cta.wgmma.reset(thread_count);
  cta.registers.reset(thread_count);
}

// Lets one asynchronous operation take a step, where the schedule says so or `now`.
bool land(bool now) {
  const auto due = [now](Landing landing) {
    return now || (landing == Landing::RANDOM && cta.random.one_in(cta.schedule.landing_odds));
  };
  const uint64_t first = now ? cta.random.below(3) : 0;
  for (uint64_t i = first; i < first + 3; ++i) {
    bool moved = false;
    if (i % 3 == 0) moved = cta.tma.loading() && due(cta.schedule.loads) && cta.tma.land_load();
    if (i % 3 == 1) moved = cta.tma.storing() && due(cta.schedule.stores) && cta.tma.land_store();
    if (i % 3 == 2) moved = cta.wgmma.busy() && due(cta.schedule.products) && cta.wgmma.land();
    if (now && moved) return true;
  }
  return false;
}

void run_cta(const std::function<void()>& kernel) {
  const std::function<void()> thread = [&] {
    kernel();
    cta.copies.check_none_left();
    cta.tma.check_thread_end();
    cta.wgmma.check_thread_end();
  };
  cta.threads.run(thread, land, cta.random);
  cta.mbarriers.check_at_end();
  cta.named_barriers.check_none_left();
  while (cta.tma.storing()) cta.tma.land_store();
}

}  // namespace

Options& options() { return chosen; }

bool launch(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& kernel) {
  cta.fault.clear();
  cta.bank_conflicts = 0;
  cta.schedule = schedule_for(chosen.seed, cta.random);
  gridDim = grid;
  if (block.x == 0 || block.x > MOST_THREADS || shared_bytes > MOST_SHARED_BYTES) {
    cta.fault = "launch: too many threads or too much shared memory";
    return false;
  }
  try {
    for (unsigned x = chosen.first_cta; x < grid.x && x < chosen.last_cta; ++x) {
      blockIdx = dim3(x, 0, 0);
      reset_cta(static_cast<int>(block.x), static_cast<uint32_t>(shared_bytes));
      run_cta(kernel);
      cta.bank_conflicts += cta.shared.bank_conflicts();
    }
    if (chosen.first_cta == 0 && chosen.last_cta >= grid.x) output_shadow().check_all_written();
  } catch (const Fault& fault) {
    cta.fault = fault.text;
  }
  return cta.fault.empty();
}

const char* fault_text() { return cta.fault.c_str(); }
uint64_t counted_bank_conflicts() { return cta.bank_conflicts; }

void step(const char* instruction, const char* file, int line) {
  Thread& me = cta.threads.running();
  me.instruction = instruction;
  me.file = file;
  me.line = line;
  if (cta.schedule.yield_odds == 0 || !cta.random.one_in(cta.schedule.yield_odds)) return;
  cta.threads.yield();
}

int current_thread() { return cta.threads.current(); }
int current_warp() { return cta.threads.current() / WARP_LANES; }
Random& random() { return cta.random; }

const Sources& cta_sources() { return cta.sources; }
const Schedule& cta_schedule() { return cta.schedule; }
Threads& threads() { return cta.threads; }
SharedMemory& shared() { return cta.shared; }
AsyncCopies& copies() { return cta.copies; }
NamedBarriers& named_barriers() { return cta.named_barriers; }
Mbarriers& mbarriers() { return cta.mbarriers; }
Atomics& atomics() { return cta.atomics; }
Tma& tma() { return cta.tma; }
Wgmma& wgmma() { return cta.wgmma; }
RegisterPool& register_pool() { return cta.registers; }

void release_into(Clock& target) {
  Clock& mine = cta.threads.running().clock;
  const size_t me = cta.sources.thread(current_thread());
  target.join(mine);
  mine.set(me, mine.at(me) + 1);
}

void sync_cta() { cta.named_barriers.sync(0, cta.threads.count(), ""); }

void sync_warp() {
  int nothing = 0;
  collective("bar.warp.sync", nothing, [](const Lanes<int>&) {
    const int first = current_warp() * WARP_LANES;
    Clock all(cta.sources.count());
    for (int thread = first; thread < first + WARP_LANES; ++thread) {
      Clock& clock = cta.threads.at(thread).clock;
      all.join(clock);
      clock.set(cta.sources.thread(thread), clock.at(cta.sources.thread(thread)) + 1);
    }
    for (int lane = 0; lane < WARP_LANES; ++lane) cta.threads.at(first + lane).clock.join(all);
  });
}

void** meet(const char* instruction, void* mine) {
  Warp& warp = running_warp();
  if (warp.arrived > 0 && std::strcmp(warp.instruction, instruction) != 0)
    fault("%s while other lanes of the warp are at %s", instruction, warp.instruction);
  warp.instruction = instruction;
  warp.lanes[current_thread() % WARP_LANES] = mine;
  if (++warp.arrived == WARP_LANES) {
    warp.meeting = true;
    return warp.lanes;
  }
  cta.threads.wait(warp.waiting, {instruction});
  return nullptr;
}

void part() {
  Warp& warp = running_warp();
  const int first = current_warp() * WARP_LANES;
  const uint16_t source = cta.sources.collectives_of_warp(current_warp());
  const uint32_t executed = cta.threads.running().clock.at(source) + 1;
  for (int thread = first; thread < first + WARP_LANES; ++thread)
    cta.threads.at(thread).clock.set(source, executed);
  warp.arrived = 0;
  warp.meeting = false;
  cta.threads.wake(warp.waiting);
}

bool in_collective() { return running_warp().meeting; }

}  // namespace emulator
