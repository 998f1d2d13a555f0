// The exponential ceiling: how many ex2.approx a device does per second when nothing else is asked
// of it. A library of its own, which the operator exp compiles; the attention library has no part of
// it.
#include "ceilings/exp.h"

#include "ptx/arithmetic.cuh"

namespace sparsek {
namespace {

constexpr int THREADS = 256;
// Independent chains of one thread. The unit takes 16 lanes per clock and SM, so a warp of each of
// the four partitions every 8 clocks: a few warps with 8 chains each hide any latency it has.
// https://docs.nvidia.com/cuda/cuda-c-programming-guide/#throughput-of-native-arithmetic-instructions
constexpr int CHAINS = 8;

static_assert(SPARSEK_EXP_VALUES == THREADS * CHAINS, "one block takes SPARSEK_EXP_VALUES values");

// x, y: [blocks * SPARSEK_EXP_VALUES]; each x becomes 2^-x, `passes` * SPARSEK_EXP_STEPS times.
// The minus is an operand modifier of the instruction, so a step is one ex2 and nothing else, and it
// keeps every chain near 0.64 for ever, far from infinities and subnormals.
__global__ void __launch_bounds__(THREADS) exp_chains(const float* x, float* y, int passes) {
  const int64_t mine = static_cast<int64_t>(blockIdx.x) * SPARSEK_EXP_VALUES + threadIdx.x;
  float value[CHAINS];
#pragma unroll
  for (int chain = 0; chain < CHAINS; ++chain) value[chain] = x[mine + chain * THREADS];
#pragma unroll 1
  for (int pass = 0; pass < passes; ++pass) {
#pragma unroll
    for (int step = 0; step < SPARSEK_EXP_STEPS; ++step) {
#pragma unroll
      for (int chain = 0; chain < CHAINS; ++chain) value[chain] = ptx::ex2(-value[chain]);
    }
  }
#pragma unroll
  for (int chain = 0; chain < CHAINS; ++chain) y[mine + chain * THREADS] = value[chain];
}

}  // namespace
}  // namespace sparsek

extern "C" int sparsek_exp_chains(const float* x, float* y, int blocks, int passes, void* stream) {
  if (x == nullptr || y == nullptr || blocks < 1 || passes < 1) return cudaErrorInvalidValue;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(sparsek::THREADS);
  config.stream = static_cast<cudaStream_t>(stream);
  return cudaLaunchKernelEx(&config, sparsek::exp_chains, x, y, passes);
}
