// Products of a warpgroup: what matrix descriptors and fragments mean.
#pragma once

#include <cmath>
#include <cstring>
#include <type_traits>

#include "conformance/probes.cuh"
#include "conformance/questions.cuh"

namespace questions {

using namespace probes;

template <class Element, int N, Major A, Major B>
void wgmma_case(Report& report, Use use, const char* question, Tile a, Tile b, bool a_in_registers,
                bool accumulate = true) {
  constexpr int WORDS = 32 << 10;
  Buffer<uint32_t> image(WORDS);
  Buffer<uint32_t> fragments(WARPGROUP * 4);
  Buffer<float> d(WARPGROUP * N / 2);
  // Integers from -8 to 7, as FP16 or BF16, all different places distinguishable by their sums.
  uint32_t state = 1;
  const auto element = [&state] {
    state = state * 1664525u + 1013904223u;
    const auto value = static_cast<float>(static_cast<int>(state >> 28) - 8);
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if (std::is_same<Element, BFloat16>::value || value == 0) return bits >> 16;
    return (bits >> 16 & 0x8000u) | (((bits >> 23 & 0xffu) - 112u) << 10) | (bits >> 13 & 0x3ffu);
  };
  for (uint32_t& pair : image.data) pair = element() | element() << 16;
  for (uint32_t& pair : fragments.data) pair = element() | element() << 16;
  for (int i = 0; i < d.count(); ++i) d.data[i] = accumulate ? static_cast<float>(i % 97) : NAN;
  using Fragments = const uint32_t(*)[4];
  run(WARPGROUP, wgmma<Element, N, A, B>, static_cast<const uint32_t*>(image.sent()), WORDS, a, b,
      a_in_registers ? reinterpret_cast<Fragments>(fragments.sent()) : nullptr, d.sent(),
      accumulate);
  report.line(use, question, d);
}

// Q K^T as the kernel multiplies: A and B K-major, 128 bytes a row, steps of 32 bytes within a row.
inline void wgmma_cases_k_major(Report& report) {
  constexpr Major K = Major::K;
  constexpr uint32_t A = 64 << 10, PANEL = 8192;
  const Tile a = {A, 16, 1024, 1}, b = {0, 16, 1024, 1};
  wgmma_case<Half, 64, K, K>(report, USED, "wgmma n64 K K 128B", a, b, false);
  wgmma_case<Half, 128, K, K>(report, USED, "wgmma n128 K K 128B", a, b, false);
  wgmma_case<BFloat16, 128, K, K>(report, USED, "wgmma BF16 n128 K K 128B", a, b, false);
  wgmma_case<Half, 64, K, K>(report, USED, "wgmma n64 over NaN, not accumulated", a, b, false,
                             false);
  wgmma_case<Half, 64, K, K>(report, USED, "wgmma K 128B, start + 32", a, {32, 16, 1024, 1}, false);
  wgmma_case<Half, 64, K, K>(report, USED, "wgmma K 128B, start + 96", a, {96, 16, 1024, 1}, false);
  wgmma_case<Half, 64, K, K>(report, USED, "wgmma K 128B, A and B a panel and 64 on",
                             {A + PANEL + 64, 16, 1024, 1}, {PANEL + 64, 16, 1024, 1}, false);
  wgmma_case<Half, 64, K, K>(report, USED, "wgmma A in registers, K 128B, start + 32", a,
                             {32, 16, 1024, 1}, true);
  wgmma_case<Half, 256, K, K>(report, APART, "wgmma n256 K K 128B", a, b, false);
  wgmma_case<Half, 8, K, K>(report, APART, "wgmma n8 K K 128B", a, b, false);
  wgmma_case<Half, 64, K, K>(report, APART, "wgmma K 128B, stride 2048", a, {0, 16, 2048, 1},
                             false);
  wgmma_case<Half, 64, K, K>(report, APART, "wgmma K 128B, start + 512", a, {512, 16, 1024, 1},
                             false);
  wgmma_case<Half, 64, K, K>(report, APART, "wgmma K 64B", a, {0, 16, 512, 2}, false);
  wgmma_case<Half, 64, K, K>(report, APART, "wgmma K 32B", a, {0, 16, 256, 3}, false);
  wgmma_case<Half, 64, K, K>(report, APART, "wgmma K no swizzle", a, {0, 128, 256, 0}, false);
}

// P V: A in registers, B MN-major, 64 wide, 2048 bytes from one step of 16 keys to another.
inline void wgmma_cases_mn_major(Report& report) {
  constexpr Major K = Major::K, MN = Major::MN;
  constexpr uint32_t A = 64 << 10, PANEL = 8192;
  const Tile a = {A, 16, 1024, 1};
  wgmma_case<Half, 64, K, MN>(report, USED, "wgmma A in registers, MN 128B", a, {0, 16, 1024, 1},
                              true);
  wgmma_case<Half, 64, K, MN>(report, USED, "wgmma A in registers, MN 128B, start + 6144", a,
                              {6144, 16, 1024, 1}, true);
  wgmma_case<Half, 64, K, MN>(report, USED, "wgmma A in registers, MN 128B, a panel on", a,
                              {PANEL + 2048, 16, 1024, 1}, true);
  wgmma_case<BFloat16, 64, K, MN>(report, USED, "wgmma BF16, A in registers, MN 128B", a,
                                  {0, 16, 1024, 1}, true);
  wgmma_case<Half, 64, K, MN>(report, APART, "wgmma MN 128B", a, {0, 2048, 1024, 1}, false);
  wgmma_case<Half, 64, K, MN>(report, APART, "wgmma MN 128B, start + 2048", a, {2048, 0, 1024, 1},
                              false);
  wgmma_case<Half, 128, K, MN>(report, APART, "wgmma MN 128B n128, leading 8192", a,
                               {0, 8192, 1024, 1}, false);
  wgmma_case<Half, 64, K, MN>(report, APART, "wgmma MN 64B", a, {0, 1024, 512, 2}, false);
  wgmma_case<Half, 64, K, MN>(report, APART, "wgmma MN 32B", a, {0, 512, 256, 3}, false);
  wgmma_case<Half, 64, K, MN>(report, APART, "wgmma MN no swizzle", a, {0, 4096, 128, 0}, false);
  wgmma_case<Half, 64, MN, K>(report, APART, "wgmma A MN 128B", {A, 2048, 1024, 1},
                              {0, 16, 1024, 1}, false);
}

}  // namespace questions
