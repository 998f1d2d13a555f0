// How a question is put to a GPU, or to the emulator, and its answer told.
#pragma once

#include <cuda.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "attention/hopper/tensor_map.h"
#include "ptx/target.cuh"

namespace questions {

constexpr int SHARED_BYTES = 200 << 10;

// The questions cannot be asked here.
[[noreturn]] inline void give_up(const char* why) {
  std::fprintf(stderr, "cannot run: %s\n", why);
  std::exit(2);
}

inline void require(cudaError_t failed) {
  if (failed != cudaSuccess) give_up(cudaGetErrorString(failed));
}

// An array on the host, `data`, and its twin on the device.
template <class T>
class Buffer {
 public:
  std::vector<T> data;

  explicit Buffer(int count) : data(static_cast<size_t>(count)) {
    void* room = nullptr;
    require(cudaMalloc(&room, bytes()));
    device_ = static_cast<T*>(room);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { cudaFree(device_); }

  int count() const { return static_cast<int>(data.size()); }
  size_t bytes() const { return sizeof(T) * data.size(); }

  // The device's array, after the host's went there.
  T* sent() {
    require(cudaMemcpy(device_, data.data(), bytes(), cudaMemcpyHostToDevice));
    return device_;
  }

  void fetch() { require(cudaMemcpy(data.data(), device_, bytes(), cudaMemcpyDeviceToHost)); }

 private:
  T* device_ = nullptr;
};

// Whether our kernel relies on what is asked.
enum class Use { BY_THE_KERNEL, APART };
constexpr Use USED = Use::BY_THE_KERNEL, APART = Use::APART;

class Report {
 public:
  explicit Report(int chosen) : chosen_(chosen) {}

  // The answer is what the device left in `result`.
  template <class T>
  void line(Use use, const char* question, Buffer<T>& result) {
    result.fetch();
    line(use, question, result.data);
  }

  template <class T>
  void line(Use use, const char* question, const std::vector<T>& result) {
    const auto* words = reinterpret_cast<const uint32_t*>(result.data());
    const size_t count = sizeof(T) * result.size() / sizeof *words;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; ++i) {
      sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15u;
      sum ^= sum >> 32;
    }
    std::printf("%3d %-56s %08x%s\n", ++number_, question, static_cast<unsigned>(sum),
                use == Use::APART ? " apart" : "");
    if (number_ != chosen_) return;
    for (size_t i = 0; i < count; ++i) std::printf("%08x%c", words[i], i % 8 == 7 ? '\n' : ' ');
  }

 private:
  int number_ = 0, chosen_;
};

template <class... Parameters, class... Arguments>
cudaError_t launch(int ctas, int threads, void (*kernel)(Parameters...), Arguments... arguments) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(ctas));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.dynamicSmemBytes = SHARED_BYTES;
  cudaError_t failed =
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, SHARED_BYTES);
  if (failed == cudaSuccess) failed = cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...);
  if (failed == cudaSuccess) failed = cudaDeviceSynchronize();
  return failed;
}

template <class... Parameters, class... Arguments>
void run(int threads, void (*kernel)(Parameters...), Arguments... arguments) {
  const cudaError_t failed = launch(1, threads, kernel, arguments...);
  if (failed == cudaSuccess) return;
  std::printf("failed: %s\n", cudaGetErrorString(failed));
  std::exit(1);
}

// A tensor and the box that TMA takes of it, innermost dimension first; elements of 16 bits.
template <int RANK>
struct Walk {
  cuuint64_t sizes[RANK];
  cuuint64_t strides_bytes[RANK - 1];
  cuuint32_t box[RANK];
  CUtensorMapSwizzle swizzle;
  CUtensorMapDataType type = CU_TENSOR_MAP_DATA_TYPE_UINT16;
};

template <int RANK>
CUtensorMap map_of(uint16_t* on_device, const Walk<RANK>& walk) {
  sparsek::hopper::Encode encode_tiled = nullptr;
  if (sparsek::hopper::find_encode(&encode_tiled) != cudaSuccess)
    give_up("the driver has no cuTensorMapEncodeTiled");
  CUtensorMap map;
  cuuint32_t every[RANK];
  for (cuuint32_t& step : every) step = 1;
  if (encode_tiled(&map, walk.type, RANK, on_device, walk.sizes, walk.strides_bytes, walk.box,
                   every, CU_TENSOR_MAP_INTERLEAVE_NONE, walk.swizzle,
                   CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
                   CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) != CUDA_SUCCESS)
    give_up("cuTensorMapEncodeTiled refused a map");
  return map;
}

// Rows of a matrix one after another, `columns` wide.
inline Walk<2> matrix(cuuint64_t columns, cuuint64_t rows, cuuint32_t box_columns,
                      cuuint32_t box_rows, CUtensorMapSwizzle swizzle) {
  return {{columns, rows}, {2 * columns}, {box_columns, box_rows}, swizzle};
}

}  // namespace questions
