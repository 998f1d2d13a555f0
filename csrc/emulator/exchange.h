// One lane for the warp, and one lane's value for all.
#pragma once

#include <cstdint>

#include "emulator/cta.h"

namespace emulator {

// Which lane is chosen is not documented, only that it is always the same one. Not lane 0 here, so
// that a kernel which confuses the two is found out.
inline bool elect() {
  constexpr int ELECTED_LANE = 5;
  int nothing = 0;
  collective("elect.sync", nothing, [](const Lanes<int>&) {});
  return current_thread() % WARP_LANES == ELECTED_LANE;
}

inline uint32_t shuffle_from(uint32_t value, int lane) {
  struct Lane {
    uint32_t value;
    int from;
    uint32_t result;
  } mine{value, lane, 0};
  collective("shfl.idx", mine, [](const Lanes<Lane>& lanes) {
    for (Lane* it : lanes) it->result = lanes[static_cast<size_t>(it->from % WARP_LANES)]->value;
  });
  return mine.result;
}

}  // namespace emulator
