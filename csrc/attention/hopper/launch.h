// The Hopper kernel seen from the host.
#pragma once

#include "attention/variant.h"

namespace sparsek::hopper {

// wgmma exists for compute capability 9.0, the only 9.x, and no other.
constexpr int CAPABILITY_MAJOR = 9;

// Can the kernel compute this, on a device that has it? No negative scale; strides that TMA takes.
bool supports(const AttentionParams& params);

// The variant for an element type (bf16 or fp16), head dimension and mask; null if there is none.
// choices: 0 for the base, 1 for the first of OtherChoices (choices.h), and so on.
const Variant* find_variant(bool bf16, int dim, bool causal, int choices);

}  // namespace sparsek::hopper
