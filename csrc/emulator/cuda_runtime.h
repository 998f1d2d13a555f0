// The few CUDA runtime names our sources use, for a plain C++ compiler. Put this folder on the
// include path and `#include <cuda_runtime.h>` finds this file; nvcc never sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "emulator/cta.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

using emulator::blockIdx;
using emulator::dim3;
using emulator::gridDim;
using emulator::threadIdx;

struct alignas(16) uint4 {
  uint32_t x, y, z, w;
};

enum cudaError_t { cudaSuccess = 0, cudaErrorInvalidValue = 1, cudaErrorLaunchFailure = 719 };
enum cudaDeviceAttr {
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrMaxSharedMemoryPerBlockOptin = 97
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };

using cudaStream_t = void*;

struct cudaLaunchConfig_t {
  dim3 gridDim;
  dim3 blockDim;
  size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

// The emulated device: the capability and shared memory of an H100.
inline cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}

inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  *value = attribute == cudaDevAttrComputeCapabilityMajor ? 9 : emulator::MOST_SHARED_BYTES;
  return cudaSuccess;
}

// More dynamic shared memory than this has to be asked for, kernel by kernel, as on a GPU.
constexpr int SHARED_BYTES_WITHOUT_ASKING = 48 << 10;

inline std::map<void (*)(), int>& grantedSharedBytes() {
  static std::map<void (*)(), int> granted;
  return granted;
}

template <class Kernel>
cudaError_t cudaFuncSetAttribute(Kernel* kernel, cudaFuncAttribute, int bytes) {
  if (bytes > emulator::MOST_SHARED_BYTES) return cudaErrorInvalidValue;
  grantedSharedBytes()[reinterpret_cast<void (*)()>(kernel)] = bytes;
  return cudaSuccess;
}

inline const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorInvalidValue: return "invalid argument";
    default: return "the emulator found a fault";
  }
}

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  const size_t bytes = config->dynamicSmemBytes;
  const auto granted = grantedSharedBytes().find(reinterpret_cast<void (*)()>(kernel));
  const int most =
      granted == grantedSharedBytes().end() ? SHARED_BYTES_WITHOUT_ASKING : granted->second;
  if (bytes > static_cast<size_t>(most)) return cudaErrorInvalidValue;
  const bool sound =
      emulator::launch(config->gridDim, config->blockDim, bytes, [&] { kernel(arguments...); });
  return sound ? cudaSuccess : cudaErrorLaunchFailure;
}
