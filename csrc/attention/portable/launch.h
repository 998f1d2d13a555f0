// The portable kernel seen from the host.
#pragma once

#include <cuda_runtime.h>

#include "attention/params.h"

namespace sparsek::portable {

// One compiled kernel: what to call, what it needs, and the name it is known by.
struct Variant {
  const char* name;
  int shared_bytes;
  int block_q;  // query rows per CTA
  cudaError_t (*launch)(const AttentionParams& params, unsigned ctas, cudaStream_t stream);
};

// The variant for an element type (bf16 or fp16), head dimension and mask; null if there is none.
const Variant* find_variant(bool bf16, int dim, bool causal);

}  // namespace sparsek::portable
