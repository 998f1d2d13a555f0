// What a GPU does and the emulator claims it does, as text to compare. `orchestrator prove` builds
// this with nvcc, runs it and compares with the emulator's answers in emulated_answers.txt, to which
// tests/kernels/test_hopper_conformance.py holds the emulator. By hand it is built twice, and `diff`
// compares:
//
//   nvcc -std=c++17 -gencode=arch=compute_90a,code=sm_90a -Icsrc
//     csrc/conformance/hopper_conformance.cu -o on_gpu
//   g++ -std=c++17 -O2 -Icsrc -Icsrc/emulator -x c++ csrc/conformance/hopper_conformance.cu
//     csrc/emulator/*.cpp -o emulated
//
// Every line is a case and a checksum of all bits it produced; a case that differs is then looked
// at alone (give its number, and its words are printed). Each case says whether our kernel relies
// on it: what it never does stands apart, and a difference there is worth knowing but refutes
// nothing. Inputs are small integers where the order of additions is not documented, so that every
// order gives the same bits. Left out of the comparison, on stderr as words to read: ex2.approx's
// error, which only a GPU has, how wgmma cuts sums off, and what becomes of a kernel that releases
// an operand wrongly, which is undefined.
#include <cmath>
#include <cstdio>
#include <initializer_list>

#include "conformance/probes.cuh"
#include "conformance/questions.cuh"
#include "conformance/release_hazard.cuh"
#include "conformance/tma_questions.cuh"
#include "conformance/wgmma_questions.cuh"

namespace {

using namespace probes;
using namespace questions;

// results[count][2]: fma saturated, ex2.
void ask_floats(Buffer<float>& a, Buffer<float>& b, Buffer<float>& c, Buffer<float>& results) {
  const float *on_a = a.sent(), *on_b = b.sent(), *on_c = c.sent();
  run(32, floats, on_a, on_b, on_c, reinterpret_cast<float(*)[2]>(results.sent()), a.count());
  results.fetch();
}

void pair_cases(Report& report) {
  constexpr int COUNT = 4096, KINDS = 6;  // of results: see probes::pairs
  Buffer<uint32_t> a(COUNT), b(COUNT), c(COUNT), results(COUNT * KINDS);
  uint32_t state = 7;
  for (auto* each : {&a, &b, &c})
    for (uint32_t& pair : each->data)
      pair = (state = state * 1664525u + 1013904223u) & 0x7bff7bffu;
  const uint32_t *on_a = a.sent(), *on_b = b.sent(), *on_c = c.sent();
  run(32, pairs, on_a, on_b, on_c, reinterpret_cast<uint32_t(*)[KINDS]>(results.sent()), COUNT);
  results.fetch();
  const auto chosen = [&](Use use, const char* question, std::initializer_list<int> kinds) {
    std::vector<uint32_t> some;
    for (int i = 0; i < COUNT; ++i)
      for (const int kind : kinds) some.push_back(results.data[i * KINDS + kind]);
    report.line(use, question, some);
  };
  chosen(USED, "half2 fma and mul; prmt", {0, 1, 5});
  chosen(APART, "half2 add; bfloat162 fma and mul", {2, 3, 4});
}

void register_cases(Report& report) {
  pair_cases(report);
  Buffer<uint32_t> fragments(32 * 4);
  Buffer<uint4> rows(32);
  for (int i = 0; i < fragments.count(); ++i)
    fragments.data[i] = static_cast<uint32_t>(i) * 0x10001u;
  for (const bool transposed : {false, true}) {
    run(32, stmatrix, reinterpret_cast<const uint32_t(*)[4]>(fragments.sent()), rows.sent(),
        transposed);
    rows.fetch();
    report.line(transposed ? APART : USED, transposed ? "stmatrix transposed" : "stmatrix",
                rows.data);
  }
  Buffer<int> seen(3);
  run(32, mbarrier_phases, seen.sent());
  report.line(USED, "mbarrier parities", seen);
  Buffer<float> x(8), y(8), z(8), results(16);
  const float given[8] = {0.5f, 2, -1, NAN, INFINITY, 0.25f, -0.0f, 1e-40f};
  for (int i = 0; i < 8; ++i) x.data[i] = given[i], y.data[i] = 1, z.data[i] = 0.125f;
  ask_floats(x, y, z, results);
  for (int i = 0; i < 8; ++i) results.data[2 * i + 1] = 0;  // ex2 is not exact: see below
  report.line(USED, "fma saturated, NaN and infinities", results.data);
  Buffer<int> done(3 * WARPGROUP);
  run(3 * WARPGROUP, register_budget, done.sent());
  report.line(APART, "setmaxnreg 40 + 232 + 232", done);
}

// Together about a million rounds on a GPU; in the emulator few, under one schedule after another.
#ifdef __CUDACC__
constexpr int RELEASE_CTAS = 128, RELEASE_ROUNDS = 8192, SCHEDULES = 1;
void choose_schedule(int) {}
const char* finding() { return "no complaint"; }
#else
constexpr int RELEASE_CTAS = 1, RELEASE_ROUNDS = 6, SCHEDULES = 8;
void choose_schedule(int number) { emulator::options().seed = static_cast<uint64_t>(number); }
const char* finding() { return emulator::fault_text(); }
#endif

// Rounds, counted once for each thread, in which the product was another than in the first.
struct Released {
  cudaError_t failed;
  unsigned spoilt;
};

Released release(int releasing_warps, Buffer<float>& products) {
  constexpr int SIDE = 64;
  constexpr uint16_t ONE = 0x3c00, NOT_A_NUMBER = 0x7e00;
  Buffer<uint16_t> tile(SIDE * SIDE), poison(SIDE * SIDE);
  for (int i = 0; i < tile.count(); ++i) {
    tile.data[i] = static_cast<uint16_t>(ONE + ((i * 7 + i / SIDE) % 16 << 6));
    poison.data[i] = NOT_A_NUMBER;
  }
  Buffer<uint32_t> spoilt(RELEASE_CTAS);
  const auto map = [](Buffer<uint16_t>& tensor) {
    return map_of(tensor.sent(), matrix(SIDE, SIDE, SIDE, SIDE, CU_TENSOR_MAP_SWIZZLE_128B));
  };
  Released outcome = {cudaSuccess, 0};
  for (int schedule = 0; schedule < SCHEDULES; ++schedule) {
    choose_schedule(schedule);
    outcome.failed = launch(RELEASE_CTAS, RELEASE_THREADS, release_hazard, map(tile), map(poison),
                            RELEASE_ROUNDS, releasing_warps, products.sent(), spoilt.sent());
    if (outcome.failed != cudaSuccess) break;
    products.fetch();
    spoilt.fetch();
    for (int cta = 0; cta < RELEASE_CTAS; ++cta) outcome.spoilt += spoilt.data[cta];
  }
  return outcome;
}

void release_cases(Report& report) {
  Buffer<float> products(WARPGROUP * 32 + 1);
  const Released by_all = release(WARPGROUP / WARP_LANES, products);
  if (by_all.failed != cudaSuccess) {
    std::printf("failed: %s: %s\n", cudaGetErrorString(by_all.failed), finding());
    std::exit(1);
  }
  products.data[WARPGROUP * 32] = static_cast<float>(by_all.spoilt);
  report.line(USED, "operand released by all four warps, one late", products.data);
}

// Undefined, so it comes last: whatever becomes of it, all else is said.
void print_wrong_release() {
  Buffer<float> ignored(WARPGROUP * 32);
  const Released by_one = release(1, ignored);
  std::fprintf(stderr, "operand released by warp 0 for all, %d rounds: %u times a thread's product "
               "was spoilt; %s, %s\n", RELEASE_CTAS * RELEASE_ROUNDS, by_one.spoilt,
               cudaGetErrorString(by_one.failed), finding());
}

void print_ex2_error() {
  constexpr int COUNT = 1 << 16;
  Buffer<float> x(COUNT), nothing(COUNT), results(2 * COUNT);
  for (int i = 0; i < COUNT; ++i) x.data[i] = -150.0f + 160.0f * static_cast<float>(i) / COUNT;
  ask_floats(x, nothing, nothing, results);
  double worst = 0;
  int flushed = 0;
  for (int i = 0; i < COUNT; ++i) {
    const double exact = std::exp2(static_cast<double>(x.data[i])), got = results.data[2 * i + 1];
    if (exact < 1.1754943508222875e-38) {
      flushed += got == 0;
    } else {
      worst = std::fmax(worst, std::fabs(got / exact - 1));
    }
  }
  std::fprintf(stderr, "ex2.approx.ftz: largest relative error %.3g, %d results flushed\n", worst,
               flushed);
}

// How far below a sum of 1 a product of wgmma still counts: where hardware cuts off is not
// documented. All elements of A are alike and all of B, so that no layout matters.
void print_aligned_bits() {
  constexpr int FIRST = 20, LAST = 28, WORDS = 2048;
  int last = 0;
  for (int exponent = FIRST; exponent <= LAST; ++exponent) {
    const auto power_of_two = [](int power) {  // FP16, twice
      return (static_cast<uint32_t>(15 + power) << 10) * 0x10001u;
    };
    Buffer<uint32_t> image(WORDS), fragments(WARPGROUP * 4);
    Buffer<float> d(WARPGROUP * 32);
    for (uint32_t& pair : image.data) pair = power_of_two(-exponent / 2);
    for (uint32_t& pair : fragments.data) pair = power_of_two(exponent / 2 - exponent);
    for (float& sum : d.data) sum = 1.0f;
    run(WARPGROUP, wgmma<Half, 64, Major::K, Major::K>, static_cast<const uint32_t*>(image.sent()),
        WORDS, Tile{}, Tile{0, 16, 1024, 1},
        reinterpret_cast<const uint32_t(*)[4]>(fragments.sent()), d.sent(), true);
    d.fetch();
    if (d.data[0] > 1.0f) last = exponent;
  }
  std::fprintf(stderr, "wgmma: beside a sum of 1, 16 products of 2^-%d count, smaller ones do not\n",
               last);
}

}  // namespace

int main(int count, char** arguments) {
  Report report(count > 1 ? std::atoi(arguments[1]) : 0);
  matrix_cases(report);
  square_cases(report);
  head_cases(report);
  wgmma_cases_k_major(report);
  wgmma_cases_mn_major(report);
  register_cases(report);
  release_cases(report);
  std::fflush(stdout);
  choose_schedule(0);
  print_ex2_error();
  print_aligned_bits();
  print_wrong_release();
}
