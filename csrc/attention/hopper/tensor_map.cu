#include "attention/hopper/tensor_map.h"

#include "attention/hopper/config.cuh"

namespace sparsek::hopper {
namespace {

constexpr int RANK = 4;
constexpr int64_t ELEMENT_BYTES = 2;
constexpr int64_t STRIDE_UNIT_BYTES = 16;
constexpr int64_t STRIDE_LIMIT_BYTES = int64_t{1} << 40;

bool walkable(int size, int64_t stride) {
  const int64_t bytes = stride * ELEMENT_BYTES;
  return size == 1 || (stride > 0 && stride < STRIDE_LIMIT_BYTES / ELEMENT_BYTES &&
                       bytes % STRIDE_UNIT_BYTES == 0);
}

// A dimension of one is never stepped along, but its stride must still be a valid one.
cuuint64_t stride_bytes(int size, int64_t stride, int dim) {
  return static_cast<cuuint64_t>((size == 1 ? dim : stride) * ELEMENT_BYTES);
}

}  // namespace

bool mappable(const Tensor& tensor) {
  return walkable(tensor.seq, tensor.stride_s) && walkable(tensor.heads, tensor.stride_h) &&
         walkable(tensor.batch, tensor.stride_b);
}

cudaError_t encode(Encode encode_tiled, CUtensorMap* map, const Tensor& tensor) {
  const int dim = tensor.dim;
  const cuuint64_t sizes[RANK] = {
      static_cast<cuuint64_t>(dim), static_cast<cuuint64_t>(tensor.seq),
      static_cast<cuuint64_t>(tensor.heads), static_cast<cuuint64_t>(tensor.batch)};
  const cuuint64_t strides[RANK - 1] = {stride_bytes(tensor.seq, tensor.stride_s, dim),
                                        stride_bytes(tensor.heads, tensor.stride_h, dim),
                                        stride_bytes(tensor.batch, tensor.stride_b, dim)};
  const cuuint32_t box[RANK] = {PANEL_COLS, PANEL_ROWS, 1, 1};
  const cuuint32_t every_element[RANK] = {1, 1, 1, 1};
  const CUresult refused = encode_tiled(
      map, tensor.bf16 ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_FLOAT16, RANK,
      const_cast<void*>(tensor.data), sizes, strides, box, every_element,
      CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
      CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  return refused == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue;
}

}  // namespace sparsek::hopper
