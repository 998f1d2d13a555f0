// The stand-in for a GPU's driver: one device per process, which runs what is launched at once on
// the CPU, remembers what is captured, and breaks as STAND_IN says (cases.py lists the ways).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace stand_in {

// Values as in CUDA's driver_types.h.
constexpr int SUCCESS = 0, ILLEGAL_ADDRESS = 700;

// What is known of an attention before it runs; heads of the whole batch, 0 where nothing is known.
struct Attention {
  int64_t heads = 0, seq = 0;
  uint16_t* output = nullptr;  // its first element
};

struct Launch {
  std::string kernel;  // demangled
  unsigned grid, block;
  size_t shared_bytes;
  Attention attention;
  std::function<int()> run;  // a cudaError_t
};

// Runs it, or keeps it if a capture is on; a cudaError_t.
int launch(const Launch& launch);

// The demangled name of a function of the shared library at `library` bytes.
std::string name_of(const void* function);

}  // namespace stand_in

extern "C" {

int stand_in_error();        // what spoilt the device for good, or 0
int stand_in_synchronize();  // the same; never returns once a kernel hangs
void stand_in_capture(int on);
int stand_in_captured();                      // launches captured in this process so far
int stand_in_replay(int first, int end);      // those, again; a cudaError_t
void stand_in_watch(int on);                  // keep a line for each launch, for a profiler
const char* stand_in_watched();               // name, grid, block, shared bytes, start and end in us
}
