#include "emulator/fault.h"

#include <cstdarg>
#include <cstdio>

#include "emulator/cta.h"
#include "emulator/mbarriers.h"

namespace emulator {

void fault(const char* format, ...) {
  char text[2048];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  std::string where = "CTA " + std::to_string(blockIdx.x);
  if (current_thread() >= 0) {
    const Thread& me = threads().running();
    where += ", thread " + std::to_string(current_thread());
    if (me.file != nullptr) where += " at " + place(me.file, me.line) + " (" + me.instruction + ")";
  }
  throw Fault{where + ": " + text};
}

std::string place(const char* file, int line) {
  const std::string path = file;
  size_t start = path.rfind('/');
  if (start != std::string::npos && start > 0) start = path.rfind('/', start - 1);
  start = start == std::string::npos ? 0 : start + 1;
  return path.substr(start) + ":" + std::to_string(line);
}

}  // namespace emulator
