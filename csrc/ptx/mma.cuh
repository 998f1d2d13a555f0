// The tensor core's warp-wide product D[16, 8] += A[16, 16] * B[16, 8], FP32 accumulators.
//
// With group = lane / 4 and pair = 2 * (lane % 4), lane holds
//   a[0] A[group][pair, +1]       a[1] A[group + 8][pair, +1]
//   a[2] A[group][pair + 8, +9]   a[3] A[group + 8][pair + 8, +9]
//   b0   B[pair, +1][group]       b1   B[pair + 8, +9][group]
//   d[0], d[1] D[group][pair, +1]   d[2], d[3] D[group + 8][pair, +1]
// https://docs.nvidia.com/cuda/parallel-thread-execution/#warp-level-matrix-fragment-mma-16816-float
#pragma once

#include "ptx/target.cuh"

#ifndef __CUDACC__
#include "emulator/cta.h"
#include "emulator/numbers.h"
#endif

namespace sparsek::ptx {

#ifdef __CUDACC__

// mma.sync.m16n8k16, FP16 operands
SPARSEK_DEVICE void mma_m16n8k16(Half, float (&d)[4], const uint32_t (&a)[4], uint32_t b0,
                                 uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// mma.sync.m16n8k16, BF16 operands
SPARSEK_DEVICE void mma_m16n8k16(BFloat16, float (&d)[4], const uint32_t (&a)[4], uint32_t b0,
                                 uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

#else

struct MmaLane {
  float* d;
  const uint32_t* a;
  uint32_t b[2];
};

// One product for the whole warp: gather the fragments, multiply, add in FP32, scatter. The order
// of the sixteen additions is ours: the hardware's is not documented.
template <class Element>
void mma_m16n8k16_warp(const emulator::Lanes<MmaLane>& lanes) {
  float a[16][16], b[16][8];
  for (int lane = 0; lane < WARP_LANES; ++lane) {
    const int group = lane / 4, pair = 2 * (lane % 4);
    for (int high = 0; high < 2; ++high) {
      for (int part = 0; part < 4; ++part)
        a[group + 8 * (part % 2)][pair + 8 * (part / 2) + high] =
            emulator::to_float(Element{}, lanes[lane]->a[part] >> (16 * high));
      for (int part = 0; part < 2; ++part)
        b[pair + 8 * part + high][group] =
            emulator::to_float(Element{}, lanes[lane]->b[part] >> (16 * high));
    }
  }
  for (int lane = 0; lane < WARP_LANES; ++lane) {
    const int group = lane / 4, pair = 2 * (lane % 4);
    for (int i = 0; i < 4; ++i) {
      float sum = lanes[lane]->d[i];
      for (int k = 0; k < 16; ++k) sum += a[group + 8 * (i / 2)][k] * b[k][pair + i % 2];
      lanes[lane]->d[i] = sum;
    }
  }
}

template <class Element>
void mma_m16n8k16(Element, float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  MmaLane mine{d, a, {b0, b1}};
  emulator::collective("mma.m16n8k16", mine, mma_m16n8k16_warp<Element>);
}

#endif

}  // namespace sparsek::ptx
