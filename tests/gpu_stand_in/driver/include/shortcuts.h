// Kernels that the stand-in knows by their parameters, and computes without emulating a thread.
// What is not recognised here is emulated: slower, and as right.
#pragma once

#include <cmath>
#include <string>
#include <type_traits>

#include "attention_on_cpu.h"
#include "emulator/tensor_map.h"

namespace stand_in {

template <class Params, class = void>
struct HasRows : std::false_type {};
template <class Params>
struct HasRows<Params, std::void_t<decltype(Params::q.stride_b, Params::o.data,
                                            Params::query_sign, Params::scale_log2)>>
    : std::true_type {};

template <class Params, class = void>
struct HasMaps : std::false_type {};
template <class Params>
struct HasMaps<Params, std::void_t<decltype(Params::scale_log2, Params::schedule)>>
    : std::is_same<decltype(Params::o), CUtensorMap> {};

template <class Rows>
RowsOnCpu rows_of(const Rows& it) {
  return {const_cast<uint16_t*>(it.data), it.stride_b, it.stride_h, it.stride_s};
}

inline RowsOnCpu rows_of(const emulator::TensorMap& map) {
  const auto step = [&map](int axis) { return static_cast<int64_t>(map.stride_bytes[axis] / 2); };
  return {reinterpret_cast<uint16_t*>(map.base), step(2), step(1), step(0)};
}

template <class Params>
bool read(const Params& params, AttentionOnCpu& it) {
  if constexpr (HasRows<Params>::value) {
    it.q = rows_of(params.q), it.k = rows_of(params.k), it.v = rows_of(params.v);
    it.o = rows_of(params.o);
    it.batch = params.batch, it.heads = params.heads, it.seq = params.seq;
    it.scale_log2 = params.query_sign == 0 ? params.scale_log2 : -params.scale_log2;
    return true;
  } else if constexpr (HasMaps<Params>::value) {
    const auto& q = emulator::TensorMap::of(&params.q);
    it.q = rows_of(q);
    it.k = rows_of(emulator::TensorMap::of(&params.k));
    it.v = rows_of(emulator::TensorMap::of(&params.v));
    it.o = rows_of(emulator::TensorMap::of(&params.o));
    it.dim = static_cast<int>(q.last_index[0] + 1);
    it.seq = static_cast<int>(q.last_index[1] + 1);
    it.heads = static_cast<int>(q.last_index[2] + 1);
    it.batch = static_cast<int>(q.last_index[3] + 1);
    it.scale_log2 = params.scale_log2;
    return true;
  }
  return false;
}

template <class Params>
Attention attention_of(const Params& params) {
  AttentionOnCpu it;
  if (!read(params, it)) return {};
  return {static_cast<int64_t>(it.batch) * it.heads, it.seq, it.o.data};
}

template <class... Others>
Attention attention_of(const Others&...) {
  return {};
}

// The kernel's template arguments are all that tells element type, head dimension and mask.
inline bool understand(const std::string& kernel, AttentionOnCpu& it) {
  const bool d64 = kernel.find(", 64, ") != std::string::npos;
  const bool d128 = kernel.find(", 128, ") != std::string::npos;
  const bool causal = kernel.find(", true") != std::string::npos;
  if (d64 == d128 || causal == (kernel.find(", false") != std::string::npos)) return false;
  it.dim = d64 ? 64 : 128;
  it.causal = causal;
  it.bf16 = kernel.find("BFloat16") != std::string::npos;
  return true;
}

template <class Params>
bool run_shortcut(const std::string& kernel, unsigned, const Params& params) {
  AttentionOnCpu it;
  if (!read(params, it) || !understand(kernel, it)) return false;
  attend(it);
  return true;
}

// csrc/ceilings/exp.cu: x becomes 2^-x until it stays as it is, which takes some fifty steps.
inline bool run_shortcut(
    const std::string& kernel, unsigned grid, const float* x, float* y, int passes) {
  constexpr int64_t VALUES = 2048, STEPS = 4;
  if (kernel.find("exp_chains") == std::string::npos) return false;
  for (int64_t i = 0; i < grid * VALUES; ++i) {
    y[i] = x[i];
    for (int64_t step = 0; step < passes * STEPS; ++step) {
      const float next = std::exp2(-y[i]);
      if (next == y[i]) break;
      y[i] = next;
    }
  }
  return true;
}

template <class... Others>
bool run_shortcut(const std::string&, unsigned, const Others&...) {
  return false;
}

}  // namespace stand_in
