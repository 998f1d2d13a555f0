#include "attention/hopper/launch.h"

#include "attention/hopper/kernel.cuh"
#include "attention/hopper/tensor_map.h"

namespace sparsek::hopper {
namespace {

template <class Rows>
Tensor tensor_of(const Rows& rows, const AttentionParams& params, int dim, bool bf16) {
  return {rows.data,    rows.stride_b, rows.stride_h, rows.stride_s, params.batch,
          params.heads, params.seq,    dim,           bf16};
}

template <class Config>
Schedule plan(const AttentionParams& params, int multiprocessors) {
  const int all_heads = params.batch * params.heads;
  const int passes = ceil_div(params.seq, Config::PASS_ROWS);
  const int blocks = ceil_div(params.seq, Config::BLOCK_KV);
  // One load of K and V for all passes of a head, if the ring holds them and no SM stays idle.
  const bool whole_heads = blocks <= Config::STAGES && all_heads >= multiprocessors;
  Schedule schedule = {};
  schedule.heads = params.heads;
  schedule.seq = params.seq;
  schedule.blocks = blocks;
  schedule.passes_per_item = whole_heads ? passes : 1;
  schedule.items_per_head = whole_heads ? 1 : passes;
  schedule.items = all_heads * schedule.items_per_head;
  return schedule;
}

template <class Config>
cudaError_t launch(const AttentionParams& attention, cudaStream_t stream) {
  constexpr int DIM = Config::DIM;
  constexpr bool BF16 = std::is_same_v<typename Config::Element, BFloat16>;
  int device = 0, multiprocessors = 0;
  cudaError_t failed = cudaGetDevice(&device);
  if (failed == cudaSuccess)
    failed = cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
  Params params = {};
  if (failed == cudaSuccess)
    failed = encode(&params.q, tensor_of(attention.q, attention, DIM, BF16));
  if (failed == cudaSuccess)
    failed = encode(&params.k, tensor_of(attention.k, attention, DIM, BF16));
  if (failed == cudaSuccess)
    failed = encode(&params.v, tensor_of(attention.v, attention, DIM, BF16));
  if (failed == cudaSuccess)
    failed = encode(&params.o, tensor_of(attention.o, attention, DIM, BF16));
  void (*const kernel)(Params) = attention_hopper<Config>;
  if (failed == cudaSuccess)
    failed = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  Config::SHARED_BYTES);
  if (failed != cudaSuccess) return failed;
  params.schedule = plan<Config>(attention, multiprocessors);
  params.scale_log2 = attention.scale_log2;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(smaller(params.schedule.items, multiprocessors));
  config.blockDim = dim3(Config::THREADS);
  config.dynamicSmemBytes = Config::SHARED_BYTES;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, params);
}

template <class Element, int DIM, bool CAUSAL>
const Variant* variant(const char* name) {
  using C = Config<Element, DIM, CAUSAL>;
  static const Variant it = {name, C::SHARED_BYTES, C::PASS_ROWS, launch<C>};
  return &it;
}

template <class Element, int DIM>
const Variant* variant(bool causal, const char* causal_name, const char* full_name) {
  return causal ? variant<Element, DIM, true>(causal_name)
                : variant<Element, DIM, false>(full_name);
}

}  // namespace

bool supports(const AttentionParams& params) {
  // Whether a stride can be mapped depends on neither the element type nor the head dimension.
  return params.query_sign == 0u && mappable(tensor_of(params.q, params, PANEL_COLS, false)) &&
         mappable(tensor_of(params.k, params, PANEL_COLS, false)) &&
         mappable(tensor_of(params.v, params, PANEL_COLS, false)) &&
         mappable(tensor_of(params.o, params, PANEL_COLS, false));
}

const Variant* find_variant(bool bf16, int dim, bool causal) {
  if (dim == 64 && !bf16)
    return variant<Half, 64>(causal, "hopper_fp16_d64_causal", "hopper_fp16_d64");
  if (dim == 128 && !bf16)
    return variant<Half, 128>(causal, "hopper_fp16_d128_causal", "hopper_fp16_d128");
  if (dim == 64)
    return variant<BFloat16, 64>(causal, "hopper_bf16_d64_causal", "hopper_bf16_d64");
  if (dim == 128)
    return variant<BFloat16, 128>(causal, "hopper_bf16_d128_causal", "hopper_bf16_d128");
  return nullptr;
}

}  // namespace sparsek::hopper
