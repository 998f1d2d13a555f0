#include "attention/portable/launch.h"

#include "attention/portable/kernel.cuh"

namespace sparsek::portable {
namespace {

template <class Config>
cudaError_t launch(const AttentionParams& params, cudaStream_t stream) {
  void (*const kernel)(AttentionParams) = attention_portable<Config>;
  // More than 48 KB of dynamic shared memory has to be asked for, once per kernel and device. The
  // call is cheap and remembering it would need a global.
  // https://docs.nvidia.com/cuda/cuda-c-programming-guide/#shared-memory-9-x
  constexpr int WITHOUT_ASKING_BYTES = 48 << 10;
  if (Config::SHARED_BYTES > WITHOUT_ASKING_BYTES) {
    const cudaError_t refused = cudaFuncSetAttribute(
        kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, Config::SHARED_BYTES);
    if (refused != cudaSuccess) return refused;
  }
  cudaLaunchConfig_t config = {};
  const int q_blocks = (params.seq + Config::BLOCK_Q - 1) / Config::BLOCK_Q;
  config.gridDim = dim3(static_cast<unsigned>(params.batch * params.heads * q_blocks));
  config.blockDim = dim3(Config::THREADS);
  config.dynamicSmemBytes = Config::SHARED_BYTES;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, params);
}

template <class Element, int DIM, bool CAUSAL>
const Variant* variant(const char* name) {
  using C = Config<Element, DIM, CAUSAL>;
  static const Variant it = {name, C::SHARED_BYTES, C::BLOCK_Q, launch<C>};
  return &it;
}

template <class Element, int DIM>
const Variant* variant(bool causal, const char* causal_name, const char* full_name) {
  return causal ? variant<Element, DIM, true>(causal_name)
                : variant<Element, DIM, false>(full_name);
}

}  // namespace

const Variant* find_variant(bool bf16, int dim, bool causal) {
  if (dim == 64 && !bf16)
    return variant<Half, 64>(causal, "portable_fp16_d64_causal", "portable_fp16_d64");
  if (dim == 128 && !bf16)
    return variant<Half, 128>(causal, "portable_fp16_d128_causal", "portable_fp16_d128");
  if (dim == 64)
    return variant<BFloat16, 64>(causal, "portable_bf16_d64_causal", "portable_bf16_d64");
  if (dim == 128)
    return variant<BFloat16, 128>(causal, "portable_bf16_d128_causal", "portable_bf16_d128");
  return nullptr;
}

}  // namespace sparsek::portable
