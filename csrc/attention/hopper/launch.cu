#include "attention/hopper/launch.h"

#include <cstring>

#include "attention/hopper/kernel.cuh"
#include "attention/hopper/tensor_map.h"
#include "attention/hopper/variants.h"
#include "attention/launch.cuh"

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

template <class Element, int DIM, bool CAUSAL, class Choices = Base>
struct Kernel : Config<Element, DIM, CAUSAL, Choices> {
  using C = Config<Element, DIM, CAUSAL, Choices>;
  using Params = hopper::Params;
  static constexpr int BLOCK_Q = C::PASS_ROWS;

  static Entry entry() {
    if constexpr (std::is_same_v<Choices, Base>) {
      return attention_hopper<C>;
    } else {
      return kernel_with<Choices>();
    }
  }

  static cudaError_t prepare(const AttentionParams& attention, Call& call) {
    constexpr bool BF16 = IS_BF16<Element>;
    int multiprocessors = 0;
    cudaError_t failed =
        cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, call.device);
    Encode encode_tiled = nullptr;
    if (failed == cudaSuccess) failed = find_encode(&encode_tiled);
    Params params = {};
    if (failed == cudaSuccess)
      failed = encode(encode_tiled, &params.q, tensor_of(attention.q, attention, DIM, BF16));
    if (failed == cudaSuccess)
      failed = encode(encode_tiled, &params.k, tensor_of(attention.k, attention, DIM, BF16));
    if (failed == cudaSuccess)
      failed = encode(encode_tiled, &params.v, tensor_of(attention.v, attention, DIM, BF16));
    if (failed == cudaSuccess)
      failed = encode(encode_tiled, &params.o, tensor_of(attention.o, attention, DIM, BF16));
    if (failed != cudaSuccess) return failed;
    params.schedule = plan<C>(attention, multiprocessors);
    params.scale_log2 = attention.scale_log2;
    return make_ready<Kernel>(params, smaller(params.schedule.items, multiprocessors), call);
  }
};

template <class Choices>
struct With {
  template <class Element, int DIM, bool CAUSAL>
  using Kernel = hopper::Kernel<Element, DIM, CAUSAL, Choices>;
};

// Named e.g. "hopper_fp16_d64_late_q".
template <class Choices>
const Variant* variant_with() {
  static const Variant it = [] {
    Variant made = *variant<With<Choices>::template Kernel, Half, 64, false>("hopper");
    const size_t length = std::strlen(made.name);
    std::snprintf(made.name + length, sizeof made.name - length, "_%s", Choices::NAME);
    return made;
  }();
  return &it;
}

template <class... Each>
const Variant* find_variant_with(List<Each...>, int choices) {
  const Variant* found = nullptr;
  ((--choices == 0 ? void(found = variant_with<Each>()) : void()), ...);
  return found;
}

}  // namespace

bool supports(const AttentionParams& params) {
  // Whether a stride can be mapped depends on neither the element type nor the head dimension.
  return params.query_sign == 0u && mappable(tensor_of(params.q, params, PANEL_COLS, false)) &&
         mappable(tensor_of(params.k, params, PANEL_COLS, false)) &&
         mappable(tensor_of(params.v, params, PANEL_COLS, false)) &&
         mappable(tensor_of(params.o, params, PANEL_COLS, false));
}

const Variant* find_variant(bool bf16, int dim, bool causal, int choices) {
  if (choices == 0) return find_variant_of<With<Base>::Kernel>("hopper", bf16, dim, causal);
  const bool headline = !bf16 && dim == 64 && !causal;
  return headline ? find_variant_with(OtherChoices{}, choices) : nullptr;
}

}  // namespace sparsek::hopper
