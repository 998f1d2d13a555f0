// Tensor maps: what TMA is told about a tensor, made when a call is made ready.
#pragma once

#include <cuda.h>
#include <cuda_runtime.h>

#include "attention/params.h"

namespace sparsek::hopper {

// A [batch, heads, seq, dim] tensor of 16-bit elements; strides count elements.
struct Tensor {
  const void* data;
  int64_t stride_b, stride_h, stride_s;
  int batch, heads, seq, dim;
  bool bf16;
};

// Can TMA walk over it?
bool mappable(const Tensor& tensor);

using Encode = decltype(&cuTensorMapEncodeTiled);

// The driver's function without linking to the driver, which a machine without a GPU lacks.
inline cudaError_t find_encode(Encode* encode_tiled) {
  constexpr unsigned FIRST_WITH_MAPS = 12000;  // CUDA 12.0
  void* found = nullptr;
  cudaDriverEntryPointQueryResult result;
#if CUDART_VERSION >= 12050
  const cudaError_t failed = cudaGetDriverEntryPointByVersion(
      "cuTensorMapEncodeTiled", &found, FIRST_WITH_MAPS, cudaEnableDefault, &result);
#else
  const cudaError_t failed =
      cudaGetDriverEntryPoint("cuTensorMapEncodeTiled", &found, cudaEnableDefault, &result);
#endif
  if (failed != cudaSuccess) return failed;
  if (result != cudaDriverEntryPointSuccess || found == nullptr)
    return cudaErrorInsufficientDriver;
  *encode_tiled = reinterpret_cast<Encode>(found);
  return cudaSuccess;
}

// Fills `map` so that coordinates are {dim, seq, heads, batch} and a box is one panel.
cudaError_t encode(Encode encode_tiled, CUtensorMap* map, const Tensor& tensor);

}  // namespace sparsek::hopper
