// A call made ready: all that a launch needs and that does not change from launch to launch.
#pragma once

#include <cuda_runtime.h>

#include <cstring>
#include <type_traits>

namespace sparsek {

// Plain bytes, so that a caller who knows none of this can keep it for us. Holds addresses of
// device memory and nothing of the host's; belongs to one device and is only read by launches.
struct Call {
  static constexpr int MOST_PARAMS_BYTES = 640;  // four tensor maps of 128 bytes and some numbers

  cudaError_t (*launch)(const Call& call, cudaStream_t stream);
  int device;
  int ctas;
  unsigned char params[MOST_PARAMS_BYTES];  // the kernel's own; at no particular alignment

  template <class Params>
  void keep(const Params& given) {
    static_assert(std::is_trivially_copyable_v<Params>, "parameters are kept as plain bytes");
    static_assert(sizeof(Params) <= MOST_PARAMS_BYTES, "a call must hold any kernel's parameters");
    std::memcpy(params, &given, sizeof given);
  }

  template <class Params>
  Params kept() const {
    Params given;
    std::memcpy(&given, params, sizeof given);
    return given;
  }
};

}  // namespace sparsek
