// The portable kernel seen from the host.
#pragma once

#include "attention/variant.h"

namespace sparsek::portable {

// The variant for an element type (bf16 or fp16), head dimension and mask; null if there is none.
const Variant* find_variant(bool bf16, int dim, bool causal);

}  // namespace sparsek::portable
