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
#include <cstring>
#include <initializer_list>

#include "conformance/probes.cuh"
#include "conformance/questions.cuh"
#include "conformance/release_hazard.cuh"

namespace {

using namespace probes;
using namespace questions;

constexpr Use USED = Use::BY_THE_KERNEL, APART = Use::APART;

// A matrix, no element like another.
constexpr int COLUMNS = 128, ROWS = 200;

uint16_t* numbered(Buffer<uint16_t>& tensor) {
  for (int i = 0; i < tensor.count(); ++i) tensor.data[i] = static_cast<uint16_t>(i + 1);
  return tensor.sent();
}

// Boxes of it. The kernel's maps have rank 4: these show how a map is walked at all.
void matrix_cases(Report& report) {
  Buffer<uint16_t> tensor(COLUMNS * ROWS);
  uint16_t* const source = numbered(tensor);
  const struct {
    Use use;
    const char* question;
    cuuint32_t columns, rows;
    CUtensorMapSwizzle swizzle;
    int c0, c1;
  } boxes[] = {
      {USED, "TMA load {64, 64} 128B", 64, 64, CU_TENSOR_MAP_SWIZZLE_128B, 0, 0},
      {APART, "TMA load {64, 128} 128B", 64, 128, CU_TENSOR_MAP_SWIZZLE_128B, 64, 3},
      {APART, "TMA load {32, 64} 128B: rows half a swizzle wide", 32, 64,
       CU_TENSOR_MAP_SWIZZLE_128B, 0, 0},
      {APART, "TMA load {32, 64} 64B", 32, 64, CU_TENSOR_MAP_SWIZZLE_64B, 0, 0},
      {APART, "TMA load {16, 64} 32B", 16, 64, CU_TENSOR_MAP_SWIZZLE_32B, 0, 0},
      {APART, "TMA load {64, 64} without swizzle", 64, 64, CU_TENSOR_MAP_SWIZZLE_NONE, 0, 0},
      {USED, "TMA load, rows past the end", 64, 64, CU_TENSOR_MAP_SWIZZLE_128B, 0, 180},
      {APART, "TMA load, columns past the end", 64, 64, CU_TENSOR_MAP_SWIZZLE_128B, 100, 0},
      {APART, "TMA load, before the start", 64, 64, CU_TENSOR_MAP_SWIZZLE_128B, -5, -7},
      {APART, "TMA load, wholly outside: zeros and the full count", 64, 64,
       CU_TENSOR_MAP_SWIZZLE_128B, 4096, 4096},
  };
  for (const auto& box : boxes) {
    const int bytes = static_cast<int>(2 * box.columns * box.rows);
    Buffer<uint4> dump(bytes / 16);
    run(WARPGROUP, tma_load,
        map_of(source, matrix(COLUMNS, ROWS, box.columns, box.rows, box.swizzle)), 2, box.c0,
        box.c1, 0, 0, bytes, dump.sent());
    report.line(box.use, box.question, dump);
  }
}

// Two boxes before their bytes are expected, and one stored past a corner.
void square_cases(Report& report) {
  Buffer<uint16_t> tensor(COLUMNS * ROWS);
  uint16_t* const source = numbered(tensor);
  const Walk<2> square = matrix(COLUMNS, ROWS, 64, 64, CU_TENSOR_MAP_SWIZZLE_128B);
  Buffer<uint4> twice(2 * 8192 / 16);
  run(WARPGROUP, mbarrier_bytes, map_of(source, square), 8192, twice.sent());
  report.line(APART, "two loads, bytes before their expectation", twice);
  Buffer<uint16_t> target(COLUMNS * ROWS);
  run(WARPGROUP, tma_store, map_of(target.sent(), square), 2, 100, 180, 0, 0, 8192,
      reinterpret_cast<const uint32_t*>(source));
  report.line(APART, "TMA store, rows and columns past the end", target);
}

// The kernel's maps: {dim, seq, heads, batch}, boxes of 64 rows of 64 elements of one head.
struct Heads {
  static constexpr int DIM = 128, SEQ = 150, HEADS = 3, BATCH = 2, WIDE = DIM + 8;
  static constexpr int COUNT = BATCH * HEADS * SEQ * WIDE + 64, BOX_BYTES = 64 * 64 * 2;
  static constexpr cuuint64_t ROW = 2 * WIDE;

  Walk<4> in_turn = walk(ROW, SEQ * ROW);  // [batch, heads, seq, dim]
  Walk<4> woven = walk(HEADS * ROW, ROW);  // [batch, seq, heads, dim]
  Walk<4> alone = in_turn;                 // sizes of one: strides that lead nowhere

  Heads() {
    alone.sizes[2] = alone.sizes[3] = 1;
    alone.strides_bytes[1] = alone.strides_bytes[2] = 2 * DIM;
  }

  static Walk<4> walk(cuuint64_t stride_s, cuuint64_t stride_h) {
    return {{DIM, SEQ, HEADS, BATCH},
            {stride_s, stride_h, HEADS * SEQ * ROW},
            {64, 64, 1, 1},
            CU_TENSOR_MAP_SWIZZLE_128B,
            CU_TENSOR_MAP_DATA_TYPE_FLOAT16};
  }
};

struct HeadBox {
  const char* question;
  const Walk<4>& walk;
  int column, row, head, batch;
};

void head_loads(Report& report, const Heads& of, uint16_t* source) {
  const HeadBox boxes[] = {
      {"TMA 4D load, head 2 of batch 1", of.in_turn, 0, 64, 2, 1},
      {"TMA 4D load, second columns", of.in_turn, 64, 64, 1, 1},
      {"TMA 4D load, past the end of seq, where head 2 starts", of.in_turn, 64, 128, 1, 0},
      {"TMA 4D load, past the end of seq of the last head", of.in_turn, 0, 128, 2, 1},
      {"TMA 4D load, wholly past the end of seq", of.in_turn, 0, 192, 0, 1},
      {"TMA 4D load, heads woven", of.woven, 64, 3, 2, 1},
      {"TMA 4D load, heads woven, past the end of seq", of.woven, 0, 100, 1, 0},
      {"TMA 4D load, one head of one batch", of.alone, 64, 128, 0, 0},
  };
  for (const HeadBox& box : boxes) {
    Buffer<uint4> dump(Heads::BOX_BYTES / 16);
    run(WARPGROUP, tma_load, map_of(source, box.walk), 4, box.column, box.row, box.head, box.batch,
        Heads::BOX_BYTES, dump.sent());
    report.line(USED, box.question, dump);
  }
}

void head_stores(Report& report, const Heads& of, const uint16_t* source) {
  const HeadBox boxes[] = {
      {"TMA 4D store, head 2 of batch 1", of.in_turn, 64, 64, 2, 1},
      {"TMA 4D store, past the end of seq, where head 2 starts", of.in_turn, 0, 128, 1, 0},
      {"TMA 4D store, heads woven, past the end of seq", of.woven, 64, 100, 1, 1},
      {"TMA 4D store, one head of one batch", of.alone, 0, 100, 0, 0},
  };
  for (const HeadBox& box : boxes) {
    Buffer<uint16_t> target(Heads::COUNT);
    run(WARPGROUP, tma_store, map_of(target.sent(), box.walk), 4, box.column, box.row, box.head,
        box.batch, Heads::BOX_BYTES, reinterpret_cast<const uint32_t*>(source));
    report.line(USED, box.question, target);
  }
}

void head_cases(Report& report) {
  Buffer<uint16_t> tensor(Heads::COUNT);
  // Any bits, NaN included: nothing may be changed on the way.
  for (int i = 0; i < tensor.count(); ++i)
    tensor.data[i] = static_cast<uint16_t>(static_cast<uint32_t>(i) * 40503u >> 3);
  uint16_t* const source = tensor.sent();
  const Heads heads;
  head_loads(report, heads, source);
  head_stores(report, heads, source);
}

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
void wgmma_cases_k_major(Report& report) {
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
void wgmma_cases_mn_major(Report& report) {
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
