// The Hopper kernel's exponential off the MUFU, by itself. Compiles with nvcc and for the emulator.
#include "attention/hopper/exponential.cuh"

namespace {

using namespace sparsek;

__global__ void exponentials(const float* x, uint32_t* packed, int pairs, float offset) {
  const float slope = 1.0f / hopper::EXPONENTS, line = hopper::saturating_offset(offset);
  for (int i = threadIdx.x; i < pairs; i += WARP_LANES)
    packed[i] = hopper::ex2_pair(x[2 * i], x[2 * i + 1], slope, line);
}

}  // namespace

// packed[i] = 2^(x[2 i] + offset) in bits 0-15, 2^(x[2 i + 1] + offset) above, as FP16.
extern "C" int run_exponentials(const float* x, uint32_t* packed, int pairs, float offset) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(1);
  config.blockDim = dim3(WARP_LANES);
  return cudaLaunchKernelEx(&config, exponentials, x, packed, pairs, offset);
}
