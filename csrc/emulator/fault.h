// A fault is a finding about the kernel: it ends the launch, and its text is the report.
#pragma once

#include <string>

namespace emulator {

struct Fault {
  std::string text;
};

// Throws a Fault, headed by CTA, thread and source line.
[[noreturn]] void fault(const char* format, ...) __attribute__((format(printf, 1, 2)));

// The last two parts of a path and the line: "hopper/kernel.cuh:12".
std::string place(const char* file, int line);

}  // namespace emulator
