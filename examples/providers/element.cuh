// The element type of the case, which is another compile for each.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#if SPARSEK_DTYPE == SPARSEK_FP16
using Element = __half;
#elif SPARSEK_DTYPE == SPARSEK_BF16
using Element = __nv_bfloat16;
#else
using Element = float;
#endif

__device__ inline float as_float(Element value) { return static_cast<float>(value); }
