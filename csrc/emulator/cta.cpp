#include "emulator/cta.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "emulator/fibre.h"

namespace emulator {

dim3 threadIdx, blockIdx, gridDim;

namespace {

struct Thread {
  Fibre fibre;
  bool ready = false;
  bool done = false;
  const char* waits_for = "";
};

struct Warp {
  const char* instruction = nullptr;
  int arrived = 0;
  uint64_t phase = 0;
  void* lanes[WARP_LANES] = {};
};

// One launch at a time: the emulator belongs to one OS thread.
struct Cta {
  std::vector<std::unique_ptr<Thread>> threads;
  std::vector<Warp> warps;
  SharedMemory shared;
  AsyncCopies copies;
  const std::function<void()>* kernel = nullptr;
  int thread_count = 0;
  int current = -1;
  int arrived_at_barrier = 0;
  int done_count = 0;
  uint64_t phase = 0;
  uint64_t random_state = 1;
  uint64_t bank_conflicts = 0;
  std::string fault;
};

Cta cta;
Options chosen;

Thread& running() { return *cta.threads[static_cast<size_t>(cta.current)]; }
Warp& running_warp() { return cta.warps[static_cast<size_t>(current_warp())]; }

void wait_for(const char* what) {
  running().ready = false;
  running().waits_for = what;
  running().fibre.suspend();
}

void make_ready(int first, int count) {
  for (int i = first; i < first + count; ++i) cta.threads[static_cast<size_t>(i)]->ready = true;
}

void run_thread(void*) {
  (*cta.kernel)();
  cta.copies.check_none_left();
  running().done = true;
  ++cta.done_count;
  wait_for("nothing: it has ended");
}

void reset_cta(size_t shared_bytes) {
  const int count = cta.thread_count;
  while (cta.threads.size() < static_cast<size_t>(count))
    cta.threads.push_back(std::make_unique<Thread>());
  for (int i = 0; i < count; ++i) {
    Thread& thread = *cta.threads[static_cast<size_t>(i)];
    thread.fibre.prepare(run_thread, nullptr);
    thread.ready = true;
    thread.done = false;
  }
  cta.warps.assign(static_cast<size_t>((count + WARP_LANES - 1) / WARP_LANES), Warp{});
  // Phases start at 1, so that a fresh chunk's zero never means "in this phase".
  cta.phase = 1;
  for (Warp& warp : cta.warps) warp.phase = 1;
  cta.arrived_at_barrier = cta.done_count = 0;
  cta.shared.reset(static_cast<uint32_t>(shared_bytes));
  using Landing = AsyncCopies::Landing;
  const uint64_t seed = chosen.seed;
  cta.copies.reset(count, seed == 0 ? Landing::EARLY : seed == 1 ? Landing::LATE : Landing::RANDOM);
}

// The next thread to run: in order for seed 0; else a warp drawn at random, then in order in it.
int next_ready() {
  const int count = cta.thread_count;
  const auto warp_count = cta.warps.size();
  const int start =
      chosen.seed == 0 ? cta.current + 1 : static_cast<int>(random_below(warp_count)) * WARP_LANES;
  for (int step = 0; step < count; ++step) {
    const int candidate = (start + step) % count;
    if (cta.threads[static_cast<size_t>(candidate)]->ready) return candidate;
  }
  return -1;
}

std::string deadlock_text() {
  std::string text = "deadlock:";
  const char* last = nullptr;
  for (int i = 0; i < cta.thread_count; ++i) {
    const char* waits_for = cta.threads[static_cast<size_t>(i)]->waits_for;
    if (last != nullptr && std::strcmp(last, waits_for) == 0) continue;
    text += " from thread " + std::to_string(i) + " on, waiting for " + waits_for + ";";
    last = waits_for;
  }
  return text;
}

void run_cta() {
  cta.current = -1;
  while (cta.done_count < cta.thread_count && cta.fault.empty()) {
    const int next = next_ready();
    if (next < 0) {
      cta.fault = deadlock_text();
      return;
    }
    cta.current = next;
    threadIdx = dim3(static_cast<unsigned>(next), 0, 0);
    running().fibre.resume();
  }
}

}  // namespace

Options& options() { return chosen; }

bool launch(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& kernel) {
  cta.fault.clear();
  cta.bank_conflicts = 0;
  cta.kernel = &kernel;
  cta.thread_count = static_cast<int>(block.x);
  cta.random_state = chosen.seed * 0x9e3779b97f4a7c15u + 1;
  gridDim = grid;
  if (block.x == 0 || block.x > MOST_THREADS || shared_bytes > MOST_SHARED_BYTES) {
    cta.fault = "launch: too many threads or too much shared memory";
    return false;
  }
  for (unsigned x = chosen.first_cta; x < grid.x && x < chosen.last_cta; ++x) {
    blockIdx = dim3(x, 0, 0);
    reset_cta(shared_bytes);
    run_cta();
    cta.bank_conflicts += cta.shared.bank_conflicts();
    if (!cta.fault.empty()) return false;
  }
  return true;
}

const char* fault_text() { return cta.fault.c_str(); }
uint64_t counted_bank_conflicts() { return cta.bank_conflicts; }

void fault(const char* format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  cta.fault =
      "CTA " + std::to_string(blockIdx.x) + ", thread " + std::to_string(cta.current) + ": " + text;
  // The launch sees the fault and resumes nobody: this thread's stack is simply left behind.
  for (;;) wait_for("nothing: it has faulted");
}

int current_thread() { return cta.current; }
int current_warp() { return cta.current / WARP_LANES; }
uint64_t cta_phase() { return cta.phase; }
uint64_t warp_phase() { return running_warp().phase; }

uint64_t random_below(uint64_t limit) {
  cta.random_state ^= cta.random_state << 13;
  cta.random_state ^= cta.random_state >> 7;
  cta.random_state ^= cta.random_state << 17;
  return (cta.random_state >> 11) % limit;
}

SharedMemory& shared() { return cta.shared; }
AsyncCopies& copies() { return cta.copies; }

void sync_cta() {
  if (++cta.arrived_at_barrier < cta.thread_count) return wait_for("barrier.sync");
  cta.arrived_at_barrier = 0;
  ++cta.phase;
  make_ready(0, cta.thread_count);
}

void sync_warp() {
  int nothing = 0;
  collective("bar.warp.sync", nothing, [](const Lanes<int>&) { ++running_warp().phase; });
}

void** meet(const char* instruction, void* mine) {
  Warp& warp = running_warp();
  if (warp.arrived > 0 && std::strcmp(warp.instruction, instruction) != 0)
    fault("%s while other lanes of the warp are at %s", instruction, warp.instruction);
  warp.instruction = instruction;
  warp.lanes[cta.current % WARP_LANES] = mine;
  if (++warp.arrived == WARP_LANES) return warp.lanes;
  wait_for(instruction);
  return nullptr;
}

void part() {
  running_warp().arrived = 0;
  make_ready(current_warp() * WARP_LANES, WARP_LANES);
}

}  // namespace emulator
