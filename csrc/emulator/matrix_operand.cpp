#include "emulator/matrix_operand.h"

#include "emulator/fault.h"
#include "emulator/tensor_map.h"

namespace emulator {
namespace {

constexpr int DEPTH = 16;          // k of one wgmma
constexpr int PIECE_ELEMENTS = 8;  // 16 bytes
constexpr uint32_t PIECE_BYTES = 16;
constexpr int GROUP_ROWS = 8;  // of a core matrix

uint32_t field(uint64_t descriptor, int first_bit, int bits) {
  return static_cast<uint32_t>(descriptor >> first_bit & ((uint64_t{1} << bits) - 1));
}

// Bits of the address that the swizzle changes: 0 none, 1 32B, 2 64B, 3 128B.
int swizzle_bits(uint64_t descriptor) {
  constexpr int BITS[] = {0, 3, 2, 1};
  return BITS[field(descriptor, 62, 2)];
}

}  // namespace

MatrixOperand decode_operand(uint64_t descriptor, int outer, bool mn_major) {
  const uint32_t start = field(descriptor, 0, 14) * 16;
  const uint32_t leading = field(descriptor, 16, 14) * 16;
  const uint32_t stride = field(descriptor, 32, 14) * 16;
  const uint32_t base_offset = field(descriptor, 49, 3);
  const int swizzle = swizzle_bits(descriptor);
  const int row_pieces = 1 << swizzle;  // 16-byte pieces in a row of a core matrix
  const auto row_bytes = static_cast<uint32_t>(row_pieces) * PIECE_BYTES;
  if (base_offset != 0 && swizzle == 0) fault("wgmma: a base offset without a swizzle");

  // Position (row, piece) in the canonical layout: rows go down a core matrix of eight, pieces go
  // along a row and then, `along` bytes further, into the next core matrix.
  const auto address = [&](int row, int piece, uint32_t along, uint32_t down) {
    const auto r = static_cast<uint32_t>(row), p = static_cast<uint32_t>(piece);
    const auto width = static_cast<uint32_t>(row_pieces);
    const uint32_t offset = r / GROUP_ROWS * down + r % GROUP_ROWS * row_bytes + p / width * along +
                            p % width * PIECE_BYTES;
    return swizzled(start + offset, swizzle, base_offset);
  };

  MatrixOperand operand;
  const int pieces = mn_major ? outer / PIECE_ELEMENTS : DEPTH / PIECE_ELEMENTS;
  const int rows = mn_major ? DEPTH : outer;
  // MN-major without a swizzle, the stride offset goes along m or n and the leading one along k.
  const bool exchanged = mn_major && swizzle == 0;
  for (int row = 0; row < rows; ++row)
    for (int piece = 0; piece < pieces; ++piece)
      operand.addresses.push_back(
          address(row, piece, exchanged ? stride : leading, exchanged ? leading : stride));
  return operand;
}

const MatrixOperand& OperandCache::get(uint64_t descriptor, int outer, bool mn_major) {
  const auto key = std::make_tuple(descriptor, outer, mn_major);
  const auto known = known_.find(key);
  if (known != known_.end()) return known->second;
  return known_.emplace(key, decode_operand(descriptor, outer, mn_major)).first->second;
}

}  // namespace emulator
