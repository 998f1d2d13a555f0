#include "emulator/stmatrix.h"

#include <cstring>

#include "emulator/cta.h"

namespace emulator {
namespace {

struct Lane {
  uint32_t row_address;
  const uint32_t* fragment;
};

void store(const Lanes<Lane>& lanes, bool transposed) {
  const int first = current_warp() * WARP_LANES;
  for (int matrix = 0; matrix < 4; ++matrix) {
    uint16_t element[8][8];
    for (int lane = 0; lane < WARP_LANES; ++lane) {
      const uint32_t pair = lanes[static_cast<size_t>(lane)]->fragment[matrix];
      const int major = lane / 4, minor = 2 * (lane % 4);
      for (int i = 0; i < 2; ++i) {
        const auto half = static_cast<uint16_t>(pair >> (16 * i));
        (transposed ? element[minor + i][major] : element[major][minor + i]) = half;
      }
    }
    uint32_t addresses[8];
    for (int row = 0; row < 8; ++row) {
      const int lane = matrix * 8 + row;
      addresses[row] = lanes[static_cast<size_t>(lane)]->row_address;
      std::memcpy(shared().write(addresses[row], 16, "stmatrix", first + lane), element[row], 16);
    }
    shared().count_bank_conflicts(addresses);
  }
}

}  // namespace

void stmatrix_x4(uint32_t row_address, const uint32_t (&fragment)[4], bool transposed) {
  Lane mine{row_address, fragment};
  collective(transposed ? "stmatrix.x4.trans" : "stmatrix.x4", mine,
             [transposed](const Lanes<Lane>& lanes) { store(lanes, transposed); });
}

}  // namespace emulator
