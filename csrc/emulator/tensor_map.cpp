#include "emulator/tensor_map.h"

#include "emulator/fault.h"

namespace emulator {
namespace {

static_assert(sizeof(TensorMap) <= sizeof(CUtensorMap), "a tensor map is 128 opaque bytes");

constexpr uint32_t MOST_BOX = 256;
constexpr uint64_t MOST_SIZE = uint64_t{1} << 32;
constexpr uint64_t MOST_STRIDE_BYTES = uint64_t{1} << 40;
constexpr uint32_t GRAIN_BYTES = 16;

int bytes_of(CUtensorMapDataType type) {
  switch (type) {
    case CU_TENSOR_MAP_DATA_TYPE_UINT8: return 1;
    case CU_TENSOR_MAP_DATA_TYPE_UINT16:
    case CU_TENSOR_MAP_DATA_TYPE_FLOAT16:
    case CU_TENSOR_MAP_DATA_TYPE_BFLOAT16: return 2;
    case CU_TENSOR_MAP_DATA_TYPE_UINT64:
    case CU_TENSOR_MAP_DATA_TYPE_INT64:
    case CU_TENSOR_MAP_DATA_TYPE_FLOAT64: return 8;
    default: return 4;
  }
}

bool multiple_of_grain(uint64_t value) { return value % GRAIN_BYTES == 0; }

}  // namespace

const TensorMap& TensorMap::of(const CUtensorMap* map) {
  const auto* it = reinterpret_cast<const TensorMap*>(map);
  if (it->mark != MARK) fault("the tensor map was not made by cuTensorMapEncodeTiled");
  return *it;
}

uint32_t TensorMap::rows() const {
  uint32_t count = 1;
  for (int i = 1; i < rank; ++i) count *= box[i];
  return count;
}

// 128 bytes, and with a swizzle the repeat of its pattern.
uint32_t TensorMap::alignment() const { return 128u << swizzle; }

}  // namespace emulator

// Refuses what the driver refuses.
// https://docs.nvidia.com/cuda/cuda-driver-api/group__CUDA__TENSOR__MEMORY.html
CUresult cuTensorMapEncodeTiled(CUtensorMap* map, CUtensorMapDataType type, cuuint32_t rank,
                                void* base, const cuuint64_t* sizes,
                                const cuuint64_t* strides_bytes, const cuuint32_t* box,
                                const cuuint32_t* element_strides, CUtensorMapInterleave,
                                CUtensorMapSwizzle swizzle, CUtensorMapL2promotion,
                                CUtensorMapFloatOOBfill) {
  using namespace emulator;
  TensorMap it = {};
  if (map == nullptr || rank < 1 || rank > TensorMap::MOST_RANK) return CUDA_ERROR_INVALID_VALUE;
  if (base == nullptr || !multiple_of_grain(reinterpret_cast<uintptr_t>(base)))
    return CUDA_ERROR_INVALID_VALUE;
  it.base = static_cast<uint8_t*>(base);
  it.mark = TensorMap::MARK;
  it.rank = static_cast<uint8_t>(rank);
  it.element_bytes = static_cast<uint8_t>(bytes_of(type));
  it.swizzle = static_cast<uint8_t>(swizzle);
  for (cuuint32_t i = 0; i < rank; ++i) {
    if (sizes[i] < 1 || sizes[i] > MOST_SIZE || box[i] < 1 || box[i] > MOST_BOX)
      return CUDA_ERROR_INVALID_VALUE;
    if (element_strides[i] != 1) return CUDA_ERROR_INVALID_VALUE;  // others are not emulated
    it.last_index[i] = static_cast<uint32_t>(sizes[i] - 1);
    it.box[i] = static_cast<uint16_t>(box[i]);
    if (i + 1 == rank) break;
    if (!multiple_of_grain(strides_bytes[i]) || strides_bytes[i] >= MOST_STRIDE_BYTES)
      return CUDA_ERROR_INVALID_VALUE;
    it.stride_bytes[i] = strides_bytes[i];
  }
  if (!multiple_of_grain(it.row_bytes())) return CUDA_ERROR_INVALID_VALUE;
  if (swizzle != CU_TENSOR_MAP_SWIZZLE_NONE && it.row_bytes() > (GRAIN_BYTES << swizzle))
    return CUDA_ERROR_INVALID_VALUE;
  *map = CUtensorMap{};
  *reinterpret_cast<TensorMap*>(map) = it;
  return CUDA_SUCCESS;
}
