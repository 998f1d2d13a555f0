// A fibre: a function with a stack of its own that runs until it hands control back.
//
// Switched by a dozen instructions (x86-64 and arm64; Linux and macOS), because the emulator
// switches millions of times per test and ucontext makes a system call on each.
#pragma once

#include <cstddef>
#include <memory>

namespace emulator {

class Fibre {
 public:
  Fibre();

  // Makes the next resume() start `entry(argument)`. `entry` must never return: its last act is
  // to suspend().
  void prepare(void (*entry)(void*), void* argument);

  // Runs the fibre until it suspends. Called from outside any fibre.
  void resume();

  // Hands control back to resume()'s caller. Called inside this fibre.
  void suspend();

  // Where the stack begins; it grows down from here.
  const char* stack_top() const { return stack_.get() + STACK_BYTES; }

 private:
  static constexpr size_t STACK_BYTES = 128 << 10;

  std::unique_ptr<char[]> stack_;
  void* pointer_ = nullptr;  // the fibre's saved stack pointer
  void* caller_ = nullptr;   // the saved stack pointer of resume()'s caller
};

}  // namespace emulator
