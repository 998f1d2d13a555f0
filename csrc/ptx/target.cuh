// What every wrapper in this folder needs: the CUDA runtime's types and how device code is marked.
//
// Two compilers read these files. nvcc takes the inline PTX. A plain C++ compiler (no __CUDACC__)
// finds csrc/emulator/cuda_runtime.h in place of CUDA's and takes the C++ twin beside each
// instruction, so that a kernel's own source runs, unchanged, on a CPU.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "ptx/elements.h"

#define SPARSEK_DEVICE __device__ __forceinline__

namespace sparsek {

constexpr int WARP_LANES = 32;

}  // namespace sparsek
