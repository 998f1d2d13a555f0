// The emulator's own C interface, for tests that load an emulated library.
#include "emulator/cta.h"
#include "emulator/output_shadow.h"

extern "C" {

void emulator_configure(uint64_t seed, unsigned first_cta, unsigned last_cta) {
  emulator::options() = {seed, first_cta, last_cta, {}};
}

// From here to the next emulator_configure, the launch may read these bytes.
void emulator_allow_reads(const void* first, uint64_t bytes) {
  const auto address = reinterpret_cast<uintptr_t>(first);
  emulator::options().readable.push_back({address, address + bytes});
}

// From here to the next emulator_configure, the device has so many.
void emulator_multiprocessors(int count) { emulator::options().multiprocessors = count; }

void emulator_watch_output(void* base, const int64_t (*sizes)[4], const int64_t (*strides)[4]) {
  emulator::output_shadow().watch(base, *sizes, *strides);
}

const char* emulator_fault() { return emulator::fault_text(); }

uint64_t emulator_bank_conflicts() { return emulator::counted_bank_conflicts(); }
}
