// wgmma: one warpgroup (four warps) multiplies D[64, n] = A[64, 16] * B[16, n] (+ D), 16-bit
// elements, FP32 accumulators, while its threads go on. n = 2 * COUNT of the accumulators d.
//
// Thread t of the warpgroup, with row = 16 * (t / 32) + t % 32 / 4 and pair = 2 * (t % 4), holds
//   d[4 i], d[4 i + 1]      D[row][8 i + pair, +1]
//   d[4 i + 2], d[4 i + 3]  D[row + 8][8 i + pair, +1]
//   a[0] A[row][pair, +1]       a[1] A[row + 8][pair, +1]
//   a[2] A[row][pair + 8, +9]   a[3] A[row + 8][pair + 8, +9]
// so a packed accumulator is an A fragment. From issue until wgmma_wait the accumulators and the
// A registers belong to the tensor core: neither read nor write them, do not reuse their operands.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#asynchronous-warpgroup-level-matrix-instructions-wgmma-mma
#pragma once

#include "ptx/caller.cuh"
#include "ptx/matrix_descriptor.cuh"
#include "ptx/target.cuh"

#ifdef __CUDACC__
#include "ptx/wgmma_operands.cuh"
#else
#include "emulator/wgmma.h"
#endif

namespace sparsek::ptx {

// wgmma.fence: earlier writes to accumulators and A registers come before the wgmma that follow.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#asynchronous-multiply-and-accumulate-instruction-wgmma-fence
SPARSEK_DEVICE void wgmma_fence(SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#else
  emulator::step("wgmma.fence", file, line);
  emulator::wgmma().fence();
#endif
}

// wgmma.commit_group: closes the group of all wgmma issued since the last one.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#asynchronous-multiply-and-accumulate-instruction-wgmma-commit-group
SPARSEK_DEVICE void wgmma_commit_group(SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#else
  emulator::step("wgmma.commit_group", file, line);
  emulator::wgmma().commit();
#endif
}

// wgmma.wait_group: until at most PENDING of the newest groups are under way. Vouches for this
// warp alone: other warps of the warpgroup may still be waiting.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#asynchronous-multiply-and-accumulate-instruction-wgmma-wait-group
template <int PENDING>
SPARSEK_DEVICE void wgmma_wait_group(SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
#else
  emulator::step("wgmma.wait_group", file, line);
  emulator::wgmma().wait(PENDING);
#endif
}

#ifdef __CUDACC__

// One instruction's text: the predicate makes scale-d (0: D = A * B, 1: D += A * B), then the
// immediates: A and B not negated, and which way the operands in shared memory run.
// P0, P1, ... are the numbers of the operands after the accumulators.
#define SPARSEK_WGMMA_SS(TYPE, COUNT, P0, P1, P2, P3, P4)                         \
  asm volatile("{\n.reg .pred accumulate;\nsetp.ne.b32 accumulate, %" P2          \
               ", 0;\n"                                                           \
               "wgmma.mma_async.sync.aligned.m64n" TYPE " {" SPARSEK_TEXT_##COUNT \
               "}, %" P0 ", %" P1 ", accumulate, 1, 1, %" P3 ", %" P4 ";\n}"      \
               : SPARSEK_BIND_##COUNT(d, 0)                                       \
               : "l"(a), "l"(b), "r"(static_cast<int>(accumulate)),               \
                 "n"(static_cast<int>(MAJOR_A)), "n"(static_cast<int>(MAJOR_B)))

#define SPARSEK_WGMMA_RS(TYPE, COUNT, P0, P1, P2, P3, P4, P5, P6)                                \
  asm volatile("{\n.reg .pred accumulate;\nsetp.ne.b32 accumulate, %" P5                         \
               ", 0;\n"                                                                          \
               "wgmma.mma_async.sync.aligned.m64n" TYPE " {" SPARSEK_TEXT_##COUNT                \
               "}, {%" P0 ", %" P1 ", %" P2 ", %" P3 "}, %" P4 ", accumulate, 1, 1, %" P6 ";\n}" \
               : SPARSEK_BIND_##COUNT(d, 0)                                                      \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b),                             \
                 "r"(static_cast<int>(accumulate)), "n"(static_cast<int>(MAJOR_B)))

// wgmma.mma_async.m64nNk16.f32.f16.f16, both operands in shared memory
template <Major MAJOR_A, Major MAJOR_B, int COUNT>
SPARSEK_DEVICE void wgmma_ss(Half, float (&d)[COUNT], uint64_t a, uint64_t b, bool accumulate,
                             SPARSEK_CALLER) {
  static_assert(COUNT == 4 || COUNT == 8 || COUNT == 16 || COUNT == 32 || COUNT == 48 ||
                    COUNT == 64 || COUNT == 96 || COUNT == 128,
                "n is 8, 16, 32, 64, 96, 128, 192 or 256");
  if constexpr (COUNT == 4) SPARSEK_WGMMA_SS("8k16.f32.f16.f16", 4, "4", "5", "6", "7", "8");
  if constexpr (COUNT == 8) SPARSEK_WGMMA_SS("16k16.f32.f16.f16", 8, "8", "9", "10", "11", "12");
  if constexpr (COUNT == 16)
    SPARSEK_WGMMA_SS("32k16.f32.f16.f16", 16, "16", "17", "18", "19", "20");
  if constexpr (COUNT == 32)
    SPARSEK_WGMMA_SS("64k16.f32.f16.f16", 32, "32", "33", "34", "35", "36");
  if constexpr (COUNT == 48)
    SPARSEK_WGMMA_SS("96k16.f32.f16.f16", 48, "48", "49", "50", "51", "52");
  if constexpr (COUNT == 64)
    SPARSEK_WGMMA_SS("128k16.f32.f16.f16", 64, "64", "65", "66", "67", "68");
  if constexpr (COUNT == 96)
    SPARSEK_WGMMA_SS("192k16.f32.f16.f16", 96, "96", "97", "98", "99", "100");
  if constexpr (COUNT == 128)
    SPARSEK_WGMMA_SS("256k16.f32.f16.f16", 128, "128", "129", "130", "131", "132");
}

// wgmma.mma_async.m64nNk16.f32.f16.f16, A in registers
template <Major MAJOR_B, int COUNT>
SPARSEK_DEVICE void wgmma_rs(Half, float (&d)[COUNT], const uint32_t (&a)[4], uint64_t b,
                             bool accumulate, SPARSEK_CALLER) {
  static_assert(COUNT == 4 || COUNT == 8 || COUNT == 16 || COUNT == 32 || COUNT == 48 ||
                    COUNT == 64 || COUNT == 96 || COUNT == 128,
                "n is 8, 16, 32, 64, 96, 128, 192 or 256");
  if constexpr (COUNT == 4)
    SPARSEK_WGMMA_RS("8k16.f32.f16.f16", 4, "4", "5", "6", "7", "8", "9", "10");
  if constexpr (COUNT == 8)
    SPARSEK_WGMMA_RS("16k16.f32.f16.f16", 8, "8", "9", "10", "11", "12", "13", "14");
  if constexpr (COUNT == 16)
    SPARSEK_WGMMA_RS("32k16.f32.f16.f16", 16, "16", "17", "18", "19", "20", "21", "22");
  if constexpr (COUNT == 32)
    SPARSEK_WGMMA_RS("64k16.f32.f16.f16", 32, "32", "33", "34", "35", "36", "37", "38");
  if constexpr (COUNT == 48)
    SPARSEK_WGMMA_RS("96k16.f32.f16.f16", 48, "48", "49", "50", "51", "52", "53", "54");
  if constexpr (COUNT == 64)
    SPARSEK_WGMMA_RS("128k16.f32.f16.f16", 64, "64", "65", "66", "67", "68", "69", "70");
  if constexpr (COUNT == 96)
    SPARSEK_WGMMA_RS("192k16.f32.f16.f16", 96, "96", "97", "98", "99", "100", "101", "102");
  if constexpr (COUNT == 128)
    SPARSEK_WGMMA_RS("256k16.f32.f16.f16", 128, "128", "129", "130", "131", "132", "133", "134");
}

// wgmma.mma_async.m64nNk16.f32.bf16.bf16, both operands in shared memory
template <Major MAJOR_A, Major MAJOR_B, int COUNT>
SPARSEK_DEVICE void wgmma_ss(BFloat16, float (&d)[COUNT], uint64_t a, uint64_t b, bool accumulate,
                             SPARSEK_CALLER) {
  static_assert(COUNT == 4 || COUNT == 8 || COUNT == 16 || COUNT == 32 || COUNT == 48 ||
                    COUNT == 64 || COUNT == 96 || COUNT == 128,
                "n is 8, 16, 32, 64, 96, 128, 192 or 256");
  if constexpr (COUNT == 4) SPARSEK_WGMMA_SS("8k16.f32.bf16.bf16", 4, "4", "5", "6", "7", "8");
  if constexpr (COUNT == 8) SPARSEK_WGMMA_SS("16k16.f32.bf16.bf16", 8, "8", "9", "10", "11", "12");
  if constexpr (COUNT == 16)
    SPARSEK_WGMMA_SS("32k16.f32.bf16.bf16", 16, "16", "17", "18", "19", "20");
  if constexpr (COUNT == 32)
    SPARSEK_WGMMA_SS("64k16.f32.bf16.bf16", 32, "32", "33", "34", "35", "36");
  if constexpr (COUNT == 48)
    SPARSEK_WGMMA_SS("96k16.f32.bf16.bf16", 48, "48", "49", "50", "51", "52");
  if constexpr (COUNT == 64)
    SPARSEK_WGMMA_SS("128k16.f32.bf16.bf16", 64, "64", "65", "66", "67", "68");
  if constexpr (COUNT == 96)
    SPARSEK_WGMMA_SS("192k16.f32.bf16.bf16", 96, "96", "97", "98", "99", "100");
  if constexpr (COUNT == 128)
    SPARSEK_WGMMA_SS("256k16.f32.bf16.bf16", 128, "128", "129", "130", "131", "132");
}

// wgmma.mma_async.m64nNk16.f32.bf16.bf16, A in registers
template <Major MAJOR_B, int COUNT>
SPARSEK_DEVICE void wgmma_rs(BFloat16, float (&d)[COUNT], const uint32_t (&a)[4], uint64_t b,
                             bool accumulate, SPARSEK_CALLER) {
  static_assert(COUNT == 4 || COUNT == 8 || COUNT == 16 || COUNT == 32 || COUNT == 48 ||
                    COUNT == 64 || COUNT == 96 || COUNT == 128,
                "n is 8, 16, 32, 64, 96, 128, 192 or 256");
  if constexpr (COUNT == 4)
    SPARSEK_WGMMA_RS("8k16.f32.bf16.bf16", 4, "4", "5", "6", "7", "8", "9", "10");
  if constexpr (COUNT == 8)
    SPARSEK_WGMMA_RS("16k16.f32.bf16.bf16", 8, "8", "9", "10", "11", "12", "13", "14");
  if constexpr (COUNT == 16)
    SPARSEK_WGMMA_RS("32k16.f32.bf16.bf16", 16, "16", "17", "18", "19", "20", "21", "22");
  if constexpr (COUNT == 32)
    SPARSEK_WGMMA_RS("64k16.f32.bf16.bf16", 32, "32", "33", "34", "35", "36", "37", "38");
  if constexpr (COUNT == 48)
    SPARSEK_WGMMA_RS("96k16.f32.bf16.bf16", 48, "48", "49", "50", "51", "52", "53", "54");
  if constexpr (COUNT == 64)
    SPARSEK_WGMMA_RS("128k16.f32.bf16.bf16", 64, "64", "65", "66", "67", "68", "69", "70");
  if constexpr (COUNT == 96)
    SPARSEK_WGMMA_RS("192k16.f32.bf16.bf16", 96, "96", "97", "98", "99", "100", "101", "102");
  if constexpr (COUNT == 128)
    SPARSEK_WGMMA_RS("256k16.f32.bf16.bf16", 128, "128", "129", "130", "131", "132", "133", "134");
}

#undef SPARSEK_WGMMA_SS
#undef SPARSEK_WGMMA_RS

#else

template <Major MAJOR_A, Major MAJOR_B, int COUNT, class Element>
void wgmma_ss(Element, float (&d)[COUNT], uint64_t a, uint64_t b, bool accumulate, SPARSEK_CALLER) {
  emulator::step("wgmma.mma_async", file, line);
  emulator::WgmmaCall call =
      emulator::wgmma_call(Element{}, d, b, MAJOR_B == Major::MN, accumulate);
  call.a_descriptor = a;
  call.a_is_mn_major = MAJOR_A == Major::MN;
  emulator::wgmma().issue(call);
}

template <Major MAJOR_B, int COUNT, class Element>
void wgmma_rs(Element, float (&d)[COUNT], const uint32_t (&a)[4], uint64_t b, bool accumulate,
              SPARSEK_CALLER) {
  emulator::step("wgmma.mma_async", file, line);
  emulator::WgmmaCall call =
      emulator::wgmma_call(Element{}, d, b, MAJOR_B == Major::MN, accumulate);
  call.a_registers = a;
  emulator::wgmma().issue(call);
}

#endif

}  // namespace sparsek::ptx
