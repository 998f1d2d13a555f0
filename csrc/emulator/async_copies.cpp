#include "emulator/async_copies.h"

#include <algorithm>
#include <cstring>

#include "emulator/cta.h"

namespace emulator {

namespace {

bool readable(const void* source, int bytes) {
  const auto address = reinterpret_cast<uintptr_t>(source);
  const auto& ranges = options().readable;
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
           return range.first <= address && address + static_cast<uintptr_t>(bytes) <= range.end;
         });
}

}  // namespace

void AsyncCopies::reset(int threads, Landing landing) {
  threads_.assign(static_cast<size_t>(threads), Thread{});
  landing_ = landing;
}

void AsyncCopies::issue(uint32_t destination, const void* source, int source_bytes) {
  if (source_bytes < 0 || source_bytes > 16) fault("cp.async of %d bytes", source_bytes);
  if (reinterpret_cast<uintptr_t>(source) % 16 != 0)
    fault("cp.async: global address %p is not 16-byte aligned", source);
  if (source_bytes > 0 && !readable(source, source_bytes))
    fault("cp.async reads %d bytes at %p, outside the tensors", source_bytes, source);
  shared().start_copy(destination);
  Copy copy{destination, source, source_bytes, false};
  if (landing_ == Landing::EARLY || (landing_ == Landing::RANDOM && random().one_in(2))) land(copy);
  threads_[static_cast<size_t>(current_thread())].open.push_back(copy);
}

void AsyncCopies::commit() {
  Thread& mine = threads_[static_cast<size_t>(current_thread())];
  mine.committed.push_back(std::move(mine.open));
  mine.open.clear();
}

void AsyncCopies::wait(int pending_groups) {
  Thread& mine = threads_[static_cast<size_t>(current_thread())];
  while (mine.committed.size() > static_cast<size_t>(pending_groups)) {
    for (Copy& copy : mine.committed.front()) {
      if (!copy.landed) land(copy);
      shared().end_copy(copy.destination);
    }
    mine.committed.erase(mine.committed.begin());
  }
}

void AsyncCopies::check_none_left() {
  const Thread& mine = threads_[static_cast<size_t>(current_thread())];
  if (!mine.open.empty()) fault("the thread ends with a cp.async never committed");
  for (const Group& group : mine.committed)
    if (!group.empty()) fault("the thread ends with a cp.async never waited for");
}

void AsyncCopies::land(Copy& copy) {
  uint8_t* target = shared().copy_target(copy.destination);
  const auto bytes = static_cast<size_t>(copy.source_bytes);
  if (bytes > 0) std::memcpy(target, copy.source, bytes);
  std::memset(target + bytes, 0, 16 - bytes);
  copy.landed = true;
}

}  // namespace emulator
