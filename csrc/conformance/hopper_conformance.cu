// What a GPU does and the emulator claims it does, as text to compare: build it twice, with nvcc
// for sm_90a and with g++ over the emulator, run both, and `diff` what they print.
//
//   nvcc -std=c++17 -gencode=arch=compute_90a,code=sm_90a -Icsrc
//     csrc/conformance/hopper_conformance.cu -o on_gpu
//   g++ -std=c++17 -O2 -Icsrc -Icsrc/emulator -x c++ csrc/conformance/hopper_conformance.cu
//     csrc/emulator/*.cpp -o emulated
//
// `orchestrator profile --prove` does all of that.
//
// Every line is a case and a checksum of all bits it produced; a case that differs is then looked
// at alone (give its number, and its words are printed). Inputs are small integers where the order
// of additions is not documented, so that every order gives the same bits. Left out of the
// comparison, on stderr as words to read: ex2.approx's error, which only a GPU has, and what becomes
// of a kernel that releases an operand wrongly, which is undefined.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "conformance/probes.cuh"
#include "conformance/release_hazard.cuh"

namespace {

using namespace probes;

constexpr int SHARED_BYTES = 200 << 10;

// The questions cannot be asked here.
[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "cannot run: %s\n", why);
  std::exit(2);
}

// Memory both sides see.
template <class T>
struct Buffer {
  T* data = nullptr;
  int count;
  explicit Buffer(int n) : count(n) {
    void* room = nullptr;
    const cudaError_t failed = cudaMallocManaged(&room, sizeof(T) * static_cast<size_t>(n));
    if (failed != cudaSuccess) give_up(cudaGetErrorString(failed));
    data = static_cast<T*>(room);
    std::memset(room, 0, sizeof(T) * static_cast<size_t>(n));
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { cudaFree(data); }
};

class Report {
 public:
  explicit Report(int chosen) : chosen_(chosen) {}

  template <class T>
  void line(const char* name, const Buffer<T>& result) {
    const auto* words = reinterpret_cast<const uint32_t*>(result.data);
    const size_t count = sizeof(T) * static_cast<size_t>(result.count) / sizeof *words;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; ++i) {
      sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15u;
      sum ^= sum >> 32;
    }
    std::printf("%3d %-52s %08x\n", ++number_, name, static_cast<unsigned>(sum));
    if (number_ != chosen_) return;
    for (size_t i = 0; i < count; ++i) std::printf("%08x%c", words[i], i % 8 == 7 ? '\n' : ' ');
  }

 private:
  int number_ = 0, chosen_;
};

template <class... Parameters, class... Arguments>
cudaError_t launch(int ctas, int threads, void (*kernel)(Parameters...), Arguments... arguments) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(ctas));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.dynamicSmemBytes = SHARED_BYTES;
  cudaError_t failed =
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, SHARED_BYTES);
  if (failed == cudaSuccess) failed = cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...);
  if (failed == cudaSuccess) failed = cudaDeviceSynchronize();
  return failed;
}

template <class... Parameters, class... Arguments>
void run(int threads, void (*kernel)(Parameters...), Arguments... arguments) {
  const cudaError_t failed = launch(1, threads, kernel, arguments...);
  if (failed == cudaSuccess) return;
  std::printf("failed: %s\n", cudaGetErrorString(failed));
  std::exit(1);
}

CUtensorMap map_of(uint16_t* tensor, cuuint64_t columns, cuuint64_t rows, cuuint32_t box_columns,
                   cuuint32_t box_rows, CUtensorMapSwizzle swizzle) {
  void* found = nullptr;
  cudaDriverEntryPointQueryResult result;
  if (cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault,
                                       &result) != cudaSuccess ||
      found == nullptr)
    give_up("the driver has no cuTensorMapEncodeTiled");
  CUtensorMap map;
  const cuuint64_t sizes[] = {columns, rows}, strides[] = {2 * columns};
  const cuuint32_t box[] = {box_columns, box_rows}, every[] = {1, 1};
  if (reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(found)(
          &map, CU_TENSOR_MAP_DATA_TYPE_UINT16, 2, tensor, sizes, strides, box, every,
          CU_TENSOR_MAP_INTERLEAVE_NONE, swizzle, CU_TENSOR_MAP_L2_PROMOTION_NONE,
          CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) != CUDA_SUCCESS)
    give_up("cuTensorMapEncodeTiled refused a map");
  return map;
}

void tma_cases(Report& report) {
  constexpr int COLUMNS = 128, ROWS = 200;
  Buffer<uint16_t> tensor(COLUMNS * ROWS);
  for (int i = 0; i < tensor.count; ++i) tensor.data[i] = static_cast<uint16_t>(i + 1);
  const struct {
    const char* name;
    cuuint32_t columns, rows;
    CUtensorMapSwizzle swizzle;
    int c0, c1;
  } boxes[] = {
      {"TMA load {64, 64} 128B", 64, 64, CU_TENSOR_MAP_SWIZZLE_128B, 0, 0},
      {"TMA load {64, 128} 128B", 64, 128, CU_TENSOR_MAP_SWIZZLE_128B, 64, 3},
      {"TMA load {32, 64} 128B: rows half a swizzle wide", 32, 64, CU_TENSOR_MAP_SWIZZLE_128B, 0,
       0},
      {"TMA load {32, 64} 64B", 32, 64, CU_TENSOR_MAP_SWIZZLE_64B, 0, 0},
      {"TMA load {16, 64} 32B", 16, 64, CU_TENSOR_MAP_SWIZZLE_32B, 0, 0},
      {"TMA load {64, 64} without swizzle", 64, 64, CU_TENSOR_MAP_SWIZZLE_NONE, 0, 0},
      {"TMA load, rows past the end", 64, 64, CU_TENSOR_MAP_SWIZZLE_128B, 0, 180},
      {"TMA load, columns past the end", 64, 64, CU_TENSOR_MAP_SWIZZLE_128B, 100, 0},
      {"TMA load, before the start", 64, 64, CU_TENSOR_MAP_SWIZZLE_128B, -5, -7},
      {"TMA load, wholly outside: zeros and the full count", 64, 64, CU_TENSOR_MAP_SWIZZLE_128B,
       4096, 4096},
  };
  for (const auto& box : boxes) {
    const int bytes = static_cast<int>(2 * box.columns * box.rows);
    Buffer<uint4> dump(bytes / 16);
    run(WARPGROUP, tma_load, map_of(tensor.data, COLUMNS, ROWS, box.columns, box.rows, box.swizzle),
        2, box.c0, box.c1, 0, 0, bytes, dump.data);
    report.line(box.name, dump);
  }
  Buffer<uint4> twice(2 * 8192 / 16);
  run(WARPGROUP, mbarrier_bytes,
      map_of(tensor.data, COLUMNS, ROWS, 64, 64, CU_TENSOR_MAP_SWIZZLE_128B), 8192, twice.data);
  report.line("two loads, bytes before their expectation", twice);
  Buffer<uint16_t> target(COLUMNS * ROWS);
  run(WARPGROUP, tma_store, map_of(target.data, COLUMNS, ROWS, 64, 64, CU_TENSOR_MAP_SWIZZLE_128B),
      2, 100, 180, 0, 0, 8192, reinterpret_cast<const uint32_t*>(tensor.data));
  report.line("TMA store, rows and columns past the end", target);
}

template <class Element, int N, Major A, Major B>
void wgmma_case(Report& report, const char* name, Tile a, Tile b, bool a_in_registers) {
  constexpr int WORDS = 32 << 10;
  Buffer<uint32_t> image(WORDS);
  Buffer<uint32_t> fragments(WARPGROUP * 4);
  Buffer<float> d(WARPGROUP * N / 2);
  // Integers from -8 to 7, as FP16 or BF16, all different places distinguishable by their sums.
  uint32_t state = 1;
  const auto element = [&state](int) {
    state = state * 1664525u + 1013904223u;
    const auto value = static_cast<float>(static_cast<int>(state >> 28) - 8);
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if (std::is_same<Element, BFloat16>::value || value == 0) return bits >> 16;
    return (bits >> 16 & 0x8000u) | (((bits >> 23 & 0xffu) - 112u) << 10) | (bits >> 13 & 0x3ffu);
  };
  for (int i = 0; i < image.count; ++i) image.data[i] = element(i) | element(i) << 16;
  for (int i = 0; i < fragments.count; ++i) fragments.data[i] = element(i) | element(i) << 16;
  for (int i = 0; i < d.count; ++i) d.data[i] = static_cast<float>(i % 97);
  using Fragments = const uint32_t(*)[4];
  run(WARPGROUP, wgmma<Element, N, A, B>, static_cast<const uint32_t*>(image.data), WORDS, a, b,
      a_in_registers ? reinterpret_cast<Fragments>(fragments.data) : nullptr, d.data, true);
  report.line(name, d);
}

void wgmma_cases(Report& report) {
  constexpr Major K = Major::K, MN = Major::MN;
  constexpr uint32_t A = 64 << 10;
  const Tile a = {A, 16, 1024, 1};
  wgmma_case<Half, 64, K, K>(report, "wgmma n64 K K 128B", a, {0, 16, 1024, 1}, false);
  wgmma_case<Half, 128, K, K>(report, "wgmma n128 K K 128B", a, {0, 16, 1024, 1}, false);
  wgmma_case<Half, 256, K, K>(report, "wgmma n256 K K 128B", a, {0, 16, 1024, 1}, false);
  wgmma_case<Half, 8, K, K>(report, "wgmma n8 K K 128B", a, {0, 16, 1024, 1}, false);
  wgmma_case<Half, 64, K, K>(report, "wgmma K 128B, start + 32", a, {32, 16, 1024, 1}, false);
  wgmma_case<Half, 64, K, K>(report, "wgmma K 128B, start + 96", a, {96, 16, 1024, 1}, false);
  wgmma_case<Half, 64, K, K>(report, "wgmma K 128B, stride 2048", a, {0, 16, 2048, 1}, false);
  wgmma_case<Half, 64, K, K>(report, "wgmma K 128B, start + 512", a, {512, 16, 1024, 1}, false);
  wgmma_case<Half, 64, K, K>(report, "wgmma K 64B", a, {0, 16, 512, 2}, false);
  wgmma_case<Half, 64, K, K>(report, "wgmma K 32B", a, {0, 16, 256, 3}, false);
  wgmma_case<Half, 64, K, K>(report, "wgmma K no swizzle", a, {0, 128, 256, 0}, false);
  wgmma_case<Half, 64, K, MN>(report, "wgmma MN 128B", a, {0, 2048, 1024, 1}, false);
  wgmma_case<Half, 64, K, MN>(report, "wgmma MN 128B, start + 2048", a, {2048, 0, 1024, 1}, false);
  wgmma_case<Half, 128, K, MN>(report, "wgmma MN 128B n128, leading 8192", a, {0, 8192, 1024, 1},
                               false);
  wgmma_case<Half, 64, K, MN>(report, "wgmma MN 64B", a, {0, 1024, 512, 2}, false);
  wgmma_case<Half, 64, K, MN>(report, "wgmma MN 32B", a, {0, 512, 256, 3}, false);
  wgmma_case<Half, 64, K, MN>(report, "wgmma MN no swizzle", a, {0, 4096, 128, 0}, false);
  wgmma_case<Half, 64, MN, K>(report, "wgmma A MN 128B", {A, 2048, 1024, 1}, {0, 16, 1024, 1},
                              false);
  wgmma_case<Half, 64, K, MN>(report, "wgmma A in registers, MN 128B", a, {0, 2048, 1024, 1}, true);
  wgmma_case<BFloat16, 64, K, MN>(report, "wgmma BF16", a, {0, 2048, 1024, 1}, true);
}

void register_cases(Report& report) {
  constexpr int COUNT = 4096;
  Buffer<uint32_t> a(COUNT), b(COUNT), c(COUNT), pair_results(COUNT * 6);
  uint32_t state = 7;
  for (auto* each : {&a, &b, &c})
    for (int i = 0; i < COUNT; ++i)
      each->data[i] = (state = state * 1664525u + 1013904223u) & 0x7bff7bffu;
  run(32, pairs, static_cast<const uint32_t*>(a.data), static_cast<const uint32_t*>(b.data),
      static_cast<const uint32_t*>(c.data), reinterpret_cast<uint32_t(*)[6]>(pair_results.data),
      COUNT);
  report.line("half2 and bfloat162 fma, mul, add; prmt", pair_results);
  Buffer<uint32_t> fragments(32 * 4);
  Buffer<uint4> rows(32);
  for (int i = 0; i < fragments.count; ++i) fragments.data[i] = static_cast<uint32_t>(i) * 0x10001u;
  for (const bool transposed : {false, true}) {
    run(32, stmatrix, reinterpret_cast<const uint32_t(*)[4]>(fragments.data), rows.data,
        transposed);
    report.line(transposed ? "stmatrix transposed" : "stmatrix", rows);
  }
  Buffer<int> seen(3);
  run(32, mbarrier_phases, seen.data);
  report.line("mbarrier parities", seen);
  Buffer<float> x(8), y(8), z(8), float_results(16);
  const float given[8] = {0.5f, 2, -1, NAN, INFINITY, 0.25f, -0.0f, 1e-40f};
  for (int i = 0; i < 8; ++i) x.data[i] = given[i], y.data[i] = 1, z.data[i] = 0.125f;
  run(32, floats, static_cast<const float*>(x.data), static_cast<const float*>(y.data),
      static_cast<const float*>(z.data), reinterpret_cast<float(*)[2]>(float_results.data), 8);
  for (int i = 0; i < 8; ++i) float_results.data[2 * i + 1] = 0;  // ex2 is not exact: see below
  report.line("fma saturated, NaN and infinities", float_results);
  Buffer<int> done(3 * WARPGROUP);
  run(3 * WARPGROUP, register_budget, done.data);
  report.line("setmaxnreg 40 + 232 + 232", done);
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
  for (int i = 0; i < tile.count; ++i) {
    tile.data[i] = static_cast<uint16_t>(ONE + ((i * 7 + i / SIDE) % 16 << 6));
    poison.data[i] = NOT_A_NUMBER;
  }
  Buffer<uint32_t> spoilt(RELEASE_CTAS);
  const auto map = [](Buffer<uint16_t>& tensor) {
    return map_of(tensor.data, SIDE, SIDE, SIDE, SIDE, CU_TENSOR_MAP_SWIZZLE_128B);
  };
  Released outcome = {cudaSuccess, 0};
  for (int schedule = 0; schedule < SCHEDULES && outcome.failed == cudaSuccess; ++schedule) {
    choose_schedule(schedule);
    outcome.failed = launch(RELEASE_CTAS, RELEASE_THREADS, release_hazard, map(tile), map(poison),
                            RELEASE_ROUNDS, releasing_warps, products.data, spoilt.data);
    for (int cta = 0; cta < RELEASE_CTAS; ++cta) outcome.spoilt += spoilt.data[cta];
  }
  return outcome;
}

void release_cases(Report& report) {
  Buffer<float> products(WARPGROUP * 32 + 1), ignored(WARPGROUP * 32);
  const Released by_all = release(WARPGROUP / WARP_LANES, products);
  if (by_all.failed != cudaSuccess) {
    std::printf("failed: %s: %s\n", cudaGetErrorString(by_all.failed), finding());
    std::exit(1);
  }
  products.data[WARPGROUP * 32] = static_cast<float>(by_all.spoilt);
  report.line("operand released by all four warps, one late", products);
  const Released by_one = release(1, ignored);
  std::fflush(stdout);
  std::fprintf(stderr, "operand released by warp 0 for all, %d rounds: %u times a thread's product "
               "was spoilt; %s, %s\n", RELEASE_CTAS * RELEASE_ROUNDS, by_one.spoilt,
               cudaGetErrorString(by_one.failed), finding());
  choose_schedule(0);
}

void print_ex2_error() {
  constexpr int COUNT = 1 << 16;
  Buffer<float> x(COUNT), nothing(COUNT), results(2 * COUNT);
  for (int i = 0; i < COUNT; ++i) x.data[i] = -150.0f + 160.0f * static_cast<float>(i) / COUNT;
  run(32, floats, static_cast<const float*>(x.data), static_cast<const float*>(nothing.data),
      static_cast<const float*>(nothing.data), reinterpret_cast<float(*)[2]>(results.data), COUNT);
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
  std::fflush(stdout);
  std::fprintf(stderr, "ex2.approx.ftz: largest relative error %.3g, %d results flushed\n", worst,
               flushed);
}

}  // namespace

int main(int count, char** arguments) {
  Report report(count > 1 ? std::atoi(arguments[1]) : 0);
  tma_cases(report);
  wgmma_cases(report);
  register_cases(report);
  release_cases(report);
  print_ex2_error();
}
