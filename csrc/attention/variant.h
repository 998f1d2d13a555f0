// A compiled kernel seen from the host.
#pragma once

#include <cuda_runtime.h>

#include "attention/call.h"
#include "attention/params.h"

namespace sparsek {

// What to call, what it needs, and the name it is known by.
struct Variant {
  char name[32];  // e.g. "portable_bf16_d128_causal"
  int shared_bytes;
  int block_q;  // query rows per unit of work: batch * heads * blocks of them stay below 2^31
  // Fills all of `call` for the current device, but for call.device.
  cudaError_t (*prepare)(const AttentionParams& params, Call& call);
};

}  // namespace sparsek
