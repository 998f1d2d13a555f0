// stmatrix for a whole warp.
#pragma once

#include <cstdint>

namespace emulator {

void stmatrix_x4(uint32_t row_address, const uint32_t (&fragment)[4], bool transposed);

}  // namespace emulator
