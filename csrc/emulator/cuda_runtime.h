// The few CUDA runtime names our sources use, for a plain C++ compiler. Put this folder on the
// include path and `#include <cuda_runtime.h>` finds this file; nvcc never sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <new>

#include "emulator/cta.h"
#include "emulator/cuda.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__

using emulator::blockIdx;
using emulator::dim3;
using emulator::gridDim;
using emulator::threadIdx;

struct alignas(16) uint4 {
  uint32_t x, y, z, w;
};

#define CUDART_VERSION 13000  // which CUDA we look like

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorInsufficientDriver = 35,
  cudaErrorLaunchFailure = 719
};
enum cudaDeviceAttr {
  cudaDevAttrMultiProcessorCount = 16,
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

// The emulated device: the capability and shared memory of an H100, and as many SMs as is asked.
inline cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}

inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount: *value = emulator::options().multiprocessors; break;
    case cudaDevAttrComputeCapabilityMajor: *value = 9; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = emulator::MOST_SHARED_BYTES; break;
  }
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

// Host and device share all memory here; what the host did not copy there starts as garbage.
inline cudaError_t cudaMalloc(void** memory, size_t bytes) {
  constexpr std::align_val_t AS_CUDA_DOES{256};
  constexpr int GARBAGE = 0x7e;
  *memory = ::operator new(bytes, AS_CUDA_DOES);
  std::memset(*memory, GARBAGE, bytes);
  return cudaSuccess;
}

enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };

inline cudaError_t cudaMemcpy(void* target, const void* source, size_t bytes, cudaMemcpyKind) {
  std::memcpy(target, source, bytes);
  return cudaSuccess;
}

inline cudaError_t cudaFree(void* memory) {
  constexpr std::align_val_t AS_CUDA_DOES{256};
  ::operator delete(memory, AS_CUDA_DOES);
  return cudaSuccess;
}

inline cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }

inline const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorInvalidValue: return "invalid argument";
    default: return "the emulator found a fault";
  }
}

enum cudaDriverEntryPointQueryResult {
  cudaDriverEntryPointSuccess = 0,
  cudaDriverEntryPointSymbolNotFound = 1
};
constexpr unsigned long long cudaEnableDefault = 0;

// The one driver function our sources look up.
inline cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned,
                                                    unsigned long long,
                                                    cudaDriverEntryPointQueryResult* result) {
  const bool known = std::strcmp(name, "cuTensorMapEncodeTiled") == 0;
  *function = known ? reinterpret_cast<void*>(&cuTensorMapEncodeTiled) : nullptr;
  *result = known ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
  return cudaSuccess;
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
