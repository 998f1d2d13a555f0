#include "emulator/atomics.h"

#include <cstring>

#include "emulator/cta.h"

namespace emulator {

// A relaxed addition releases what the thread knew at its last fence, and what it acquires counts
// only from the next fence on.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#release-patterns
uint32_t Atomics::add(uint32_t address, uint32_t addend, AtomicOrder order) {
  uint8_t* word = shared().atomic(address, sizeof addend, "atom.add");
  uint32_t before;
  std::memcpy(&before, word, sizeof before);
  const uint32_t after = before + addend;
  std::memcpy(word, &after, sizeof after);

  Thread& me = threads().running();
  Clock& released = released_.try_emplace(address, cta_sources().count()).first->second;
  if (order == AtomicOrder::ACQ_REL) {
    me.clock.join(released);
    release_into(released);
  } else {
    me.gathered.join(released);
    released.join(me.at_fence);
  }
  return before;
}

}  // namespace emulator
