// Runs one CTA at a time on one OS thread: every CUDA thread is a fibre, switched only where it
// waits for others. Which thread runs next is drawn from a seed, so a failure can be repeated.
//
// A fault (race, deadlock, bad address) ends the launch and its text is kept for fault_text().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "emulator/async_copies.h"
#include "emulator/shared_memory.h"

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

// How to run: seed 0 lets copies land at once and runs threads in order, seed 1 lets them land at
// the wait, later seeds mix both. CTAs outside [first_cta, last_cta) are skipped. If any memory is
// named readable, cp.async reading elsewhere is a fault.
struct Options {
  struct Range {
    uintptr_t first, end;
  };

  uint64_t seed = 0;
  unsigned first_cta = 0;
  unsigned last_cta = ~0u;
  std::vector<Range> readable;
};

Options& options();

// Runs `kernel` in every thread of every CTA; false if a fault stopped it. Blocks are flat (x).
bool launch(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& kernel);

const char* fault_text();           // of the last launch; empty if there was none
uint64_t counted_bank_conflicts();  // of the last launch, ldmatrix rows

// What follows is for the instruction twins in csrc/ptx, inside a running thread.

[[noreturn]] void fault(const char* format, ...) __attribute__((format(printf, 1, 2)));

int current_thread();
int current_warp();
uint64_t cta_phase();   // barriers the CTA has passed
uint64_t warp_phase();  // barriers the running warp has passed
uint64_t random_below(uint64_t limit);

SharedMemory& shared();
AsyncCopies& copies();

void sync_cta();
void sync_warp();

template <class Lane>
using Lanes = std::array<Lane*, WARP_LANES>;

// Waits for all lanes of the warp. In the last to arrive it returns what each lane handed in,
// and that lane must call part(); in the others it returns null once that happened.
void** meet(const char* instruction, void* mine);
void part();

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
