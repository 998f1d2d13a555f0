// What all kernels share on the host: how one is started, and how its variants are found.
#pragma once

#include <cuda_runtime.h>

#include <cstdio>
#include <type_traits>

#include "attention/variant.h"
#include "ptx/target.cuh"

namespace sparsek {
// Unnamed: GCC gives a static variable of a template one place per process (STB_GNU_UNIQUE), and two
// builds of this library in one process would run the kernels of whichever came first.
namespace {

template <class Element>
constexpr bool IS_BF16 = std::is_same_v<Element, BFloat16>;

// A Kernel has THREADS and SHARED_BYTES, Params and `entry`, the __global__ function of them.
template <class Kernel>
cudaError_t launch(const Call& call, cudaStream_t stream) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(call.ctas));
  config.blockDim = dim3(Kernel::THREADS);
  config.dynamicSmemBytes = Kernel::SHARED_BYTES;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, Kernel::entry(), call.kept<typename Kernel::Params>());
}

// Makes `call` ready to enqueue `ctas` CTAs of the Kernel's size on the current device.
template <class Kernel>
cudaError_t make_ready(const typename Kernel::Params& params, int ctas, Call& call) {
  // More than 48 KB of dynamic shared memory has to be asked for. That holds for the kernel on this
  // device from now on, for every launch of every call.
  // https://docs.nvidia.com/cuda/cuda-c-programming-guide/#shared-memory-9-x
  const cudaError_t refused = cudaFuncSetAttribute(
      Kernel::entry(), cudaFuncAttributeMaxDynamicSharedMemorySize, Kernel::SHARED_BYTES);
  if (refused != cudaSuccess) return refused;
  call.launch = launch<Kernel>;
  call.ctas = ctas;
  call.keep(params);
  return cudaSuccess;
}

// Kernel<Element, DIM, CAUSAL> has SHARED_BYTES, BLOCK_Q and prepare, as Variant describes them.
template <template <class, int, bool> class Kernel, class Element, int DIM, bool CAUSAL>
const Variant* variant(const char* kernel_name) {
  using K = Kernel<Element, DIM, CAUSAL>;
  static const Variant it = [kernel_name] {
    Variant made = {{}, K::SHARED_BYTES, K::BLOCK_Q, K::prepare};
    std::snprintf(made.name, sizeof made.name, "%s_%s_d%d%s", kernel_name,
                  IS_BF16<Element> ? "bf16" : "fp16", DIM, CAUSAL ? "_causal" : "");
    return made;
  }();
  return &it;
}

template <template <class, int, bool> class Kernel, class Element, int DIM>
const Variant* variant(const char* kernel_name, bool causal) {
  return causal ? variant<Kernel, Element, DIM, true>(kernel_name)
                : variant<Kernel, Element, DIM, false>(kernel_name);
}

// The variant named e.g. "hopper_bf16_d128_causal"; null for a head dimension there is none for.
template <template <class, int, bool> class Kernel>
const Variant* find_variant_of(const char* kernel_name, bool bf16, int dim, bool causal) {
  if (dim == 64)
    return bf16 ? variant<Kernel, BFloat16, 64>(kernel_name, causal)
                : variant<Kernel, Half, 64>(kernel_name, causal);
  if (dim == 128)
    return bf16 ? variant<Kernel, BFloat16, 128>(kernel_name, causal)
                : variant<Kernel, Half, 128>(kernel_name, causal);
  return nullptr;
}

}  // namespace
}  // namespace sparsek
