// An operand of wgmma in shared memory: where a 64-bit matrix descriptor says its elements lie.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "emulator/numbers.h"

namespace emulator {

// K-major: pieces of eight k, [outer][k / 8]. MN-major: pieces of eight m or n, [k][outer / 8].
struct MatrixOperand {
  std::vector<uint32_t> addresses;  // of the 16-byte pieces
};

// Decodes a descriptor for `outer` rows (64 of A, n of B) and 16 k.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#asynchronous-warpgroup-level-matrix-shared-memory-layout
MatrixOperand decode_operand(uint64_t descriptor, int outer, bool mn_major);

// Decoding is pure and kernels use few different descriptors.
class OperandCache {
 public:
  const MatrixOperand& get(uint64_t descriptor, int outer, bool mn_major);

 private:
  std::map<std::tuple<uint64_t, int, bool>, MatrixOperand> known_;
};

}  // namespace emulator
