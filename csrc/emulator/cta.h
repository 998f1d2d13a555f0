// Runs one CTA at a time on one OS thread: every CUDA thread is a fibre. Which thread runs next
// and when asynchronous work lands is drawn from a seed, so a failure can be repeated.
//
// A fault (race, deadlock, bad address) ends the launch and its text is kept for fault_text().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "emulator/async_copies.h"
#include "emulator/clock.h"
#include "emulator/fault.h"
#include "emulator/random.h"
#include "emulator/shared_memory.h"
#include "emulator/threads.h"

namespace emulator {

constexpr int WARP_LANES = 32;
constexpr int MOST_THREADS = 1024;
constexpr int MOST_SHARED_BYTES = 227 << 10;  // what sm_90 lets one CTA have

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

// The running thread's special registers, under CUDA's names.
extern dim3 threadIdx, blockIdx, gridDim;

// How to run; schedule.h says what a seed decides. CTAs outside [first_cta, last_cta) are skipped.
// If any memory is named readable, cp.async reading elsewhere is a fault.
struct Options {
  struct Range {
    uintptr_t first, end;
  };

  uint64_t seed = 0;
  unsigned first_cta = 0;
  unsigned last_cta = ~0u;
  std::vector<Range> readable;
  // What the device says it has: few, so that a persistent kernel walks through several heads.
  int multiprocessors = 3;
};

Options& options();

// Runs `kernel` in every thread of every CTA; false if a fault stopped it. Blocks are flat (x).
bool launch(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& kernel);

const char* fault_text();           // of the last launch; empty if there was none
uint64_t counted_bank_conflicts();  // of the last launch, ldmatrix rows

// What follows is for the instruction twins in csrc/ptx, inside a running thread.

// Each twin's first act: where the thread is, for reports; now and then another thread runs first.
void step(const char* instruction, const char* file, int line);

int current_thread();
int current_warp();
Random& random();

const Sources& cta_sources();
const Schedule& cta_schedule();
Threads& threads();
SharedMemory& shared();
AsyncCopies& copies();

// A release: whoever acquires from `target` may rely on all this thread did so far.
void release_into(Clock& target);

void sync_cta();
void sync_warp();

template <class Lane>
using Lanes = std::array<Lane*, WARP_LANES>;

// Waits for all lanes of the warp. In the last to arrive it returns what each lane handed in,
// and that lane must call part(); in the others it returns null once that happened.
void** meet(const char* instruction, void* mine);
void part();
bool in_collective();  // between the two

// A warp-wide instruction: `body` sees the arguments of all 32 lanes, and runs once.
template <class Lane, class Body>
void collective(const char* instruction, Lane& mine, const Body& body) {
  if (void** met = meet(instruction, &mine)) {
    Lanes<Lane> lanes;
    for (size_t lane = 0; lane < lanes.size(); ++lane) lanes[lane] = static_cast<Lane*>(met[lane]);
    body(lanes);
    part();
  }
}

}  // namespace emulator
