// C[M, N] = A[M, K] * B[K, N], all row by row, FP16 or BF16 with FP32 sums, for sm_80 and newer.
//
// One CTA owns a tile of C and walks along K, BLOCK_K at a time: cp.async brings tiles of A and B
// into a ring of shared-memory stages, ldmatrix takes fragments from there, mma.sync multiplies
// them. Every instruction is a wrapper of csrc/ptx, so that a C++ compiler takes this file too and
// runs it in the emulator. The declaration of gemm(), and SPARSEK_DTYPE, come with the compile.
#include "ptx/arithmetic.cuh"
#include "ptx/cp_async.cuh"
#include "ptx/global_memory.cuh"
#include "ptx/ldmatrix.cuh"
#include "ptx/mma.cuh"
#include "ptx/shared_memory.cuh"
#include "ptx/warp.cuh"

namespace {

namespace ptx = sparsek::ptx;
using sparsek::WARP_LANES;

#if SPARSEK_DTYPE == SPARSEK_BF16
using Element = sparsek::BFloat16;
#else
using Element = sparsek::Half;
#endif
constexpr bool HAS_DTYPE = SPARSEK_DTYPE == SPARSEK_FP16 || SPARSEK_DTYPE == SPARSEK_BF16;
constexpr int ELEMENT_BYTES = 2;

constexpr int MMA_M = 16, MMA_N = 8, MMA_K = 16;  // of mma.m16n8k16

constexpr int BLOCK_M = 128, BLOCK_N = 128, BLOCK_K = 64;
constexpr int STAGES = 3;                // of the ring; STAGES - 1 are under way at a time
constexpr int WARPS_M = 2, WARPS_N = 4;  // how the warps share a tile of C
constexpr int THREADS = WARPS_M * WARPS_N * WARP_LANES;
constexpr int WARP_M = BLOCK_M / WARPS_M, WARP_N = BLOCK_N / WARPS_N;   // 64 x 32
constexpr int TILES_M = WARP_M / MMA_M, TILES_N = WARP_N / MMA_N;       // 4 x 4 of mma's
constexpr int SUMS = TILES_M * TILES_N * 4, FRAGMENTS = (TILES_M + TILES_N / 2) * 4;

constexpr int CHUNK_BYTES = 16;  // what cp.async copies and ldmatrix reads of a row
constexpr int CHUNK = CHUNK_BYTES / ELEMENT_BYTES;
constexpr int SWIZZLE_ROWS = 8;  // that ldmatrix reads at once

// Registers: a launch bound of two CTAs per SM leaves each thread this many.
constexpr int CTAS_PER_SM = 2, SM_REGISTERS = 65536, FOR_ADDRESSES = 32;
static_assert(SUMS + FRAGMENTS + FOR_ADDRESSES <= SM_REGISTERS / (CTAS_PER_SM * THREADS),
              "sums, fragments and addresses of a thread must fit its registers");

// A tile of ROWS x COLUMNS elements in shared memory. Chunk c of row r lies at c ^ (r % 8), so that
// the eight rows that ldmatrix reads at one column, and the copies in, never hit a bank twice.
template <int ROWS, int COLUMNS>
struct Tile {
  static constexpr int CHUNKS = COLUMNS / CHUNK;  // of a row
  static constexpr int ROW_BYTES = COLUMNS * ELEMENT_BYTES, BYTES = ROWS * ROW_BYTES;
  static constexpr int PASS_ROWS = THREADS / CHUNKS;  // copied by all threads at a time
  static_assert(CHUNKS % SWIZZLE_ROWS == 0, "the swizzle permutes groups of eight chunks");
  static_assert(THREADS % CHUNKS == 0 && ROWS % PASS_ROWS == 0, "all threads copy equally much");

  uint32_t base;  // shared address

  SPARSEK_DEVICE uint32_t at(int row, int chunk) const {
    return base + row * ROW_BYTES + (chunk ^ (row % SWIZZLE_ROWS)) * CHUNK_BYTES;
  }

  // All threads: starts copying from [first_row, first_column] of a matrix of [rows, columns];
  // zeros beyond its edges. columns and first_column are multiples of CHUNK.
  SPARSEK_DEVICE void copy_in(const uint16_t* matrix, int64_t rows, int64_t columns,
                              int64_t first_row, int64_t first_column) const {
    const int chunk = threadIdx.x % CHUNKS;
    const int64_t column = first_column + chunk * CHUNK;
#pragma unroll
    for (int pass = 0; pass < ROWS / PASS_ROWS; ++pass) {
      const int row = pass * PASS_ROWS + threadIdx.x / CHUNKS;
      const bool exists = first_row + row < rows && column < columns;
      // What does not exist is not read, but its address must still be a valid one.
      const int64_t offset = exists ? (first_row + row) * columns + column : 0;
      ptx::cp_async_16(at(row, chunk), matrix + offset, exists ? CHUNK_BYTES : 0);
    }
  }

  // 16 x 16 elements from [row, column] on: lane l names row l % 16 and half l / 16 of the columns.
  SPARSEK_DEVICE uint32_t lane_address(int row, int column) const {
    const int lane = threadIdx.x % WARP_LANES;
    return at(row + lane % 16, column / CHUNK + lane / 16);
  }
};

using TileA = Tile<BLOCK_M, BLOCK_K>;  // rows of A, along K
using TileB = Tile<BLOCK_K, BLOCK_N>;  // along K, columns of B
constexpr int STAGE_BYTES = TileA::BYTES + TileB::BYTES, SHARED_BYTES = STAGES * STAGE_BYTES;
static_assert(BLOCK_K % MMA_K == 0 && TILES_N % 2 == 0, "ldmatrix.x4 of B feeds two mma's");
static_assert(SHARED_BYTES <= 99 * 1024, "one CTA must fit sm_86 and sm_89, which offer 99 KB");

struct Problem {
  const uint16_t *a, *b;  // [m, k] and [k, n]
  uint16_t* c;            // [m, n]
  int64_t m, n, k;        // n and k are multiples of CHUNK
};

// The warp's sums of [WARP_M, WARP_N] += A[., BLOCK_K] * B[BLOCK_K, .] of one stage.
SPARSEK_DEVICE void multiply(float (&sums)[TILES_M][TILES_N][4], const TileA& a, const TileB& b,
                             int warp_row, int warp_column) {
#pragma unroll
  for (int k = 0; k < BLOCK_K; k += MMA_K) {
    uint32_t left[TILES_M][4], right[TILES_N / 2][4];
#pragma unroll
    for (int i = 0; i < TILES_M; ++i)
      ptx::ldmatrix_x4(left[i], a.lane_address(warp_row + i * MMA_M, k));
    // B is stored along N and the operand runs along K: ldmatrix transposes on the way.
#pragma unroll
    for (int j = 0; j < TILES_N / 2; ++j)
      ptx::ldmatrix_x4_trans(right[j], b.lane_address(k, warp_column + j * 2 * MMA_N));
#pragma unroll
    for (int i = 0; i < TILES_M; ++i) {
#pragma unroll
      for (int j = 0; j < TILES_N; ++j)
        ptx::mma_m16n8k16(Element{}, sums[i][j], left[i], right[j / 2][j % 2 * 2],
                          right[j / 2][j % 2 * 2 + 1]);
    }
  }
}

// Lane l holds two neighbours of row l / 4 of each mma's tile, and of the row eight below.
SPARSEK_DEVICE void store(const float (&sums)[TILES_M][TILES_N][4], const Problem& problem,
                          int64_t first_row, int64_t first_column) {
  const int lane = threadIdx.x % WARP_LANES;
#pragma unroll
  for (int i = 0; i < TILES_M; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int64_t row = first_row + i * MMA_M + half * 8 + lane / 4;
#pragma unroll
      for (int j = 0; j < TILES_N; ++j) {
        const int64_t column = first_column + j * MMA_N + lane % 4 * 2;
        const float* pair = &sums[i][j][2 * half];
        if (row < problem.m && column < problem.n)
          ptx::st_global_b32(problem.c + row * problem.n + column,
                             ptx::pack(Element{}, pair[0], pair[1]));
      }
    }
  }
}

// Grid: one CTA for each tile of C, flat; neighbours share columns of B through L2.
__global__ void __launch_bounds__(THREADS, CTAS_PER_SM) gemm_kernel(const Problem problem) {
  const int64_t rows_of_tiles = (problem.m + BLOCK_M - 1) / BLOCK_M;
  const int64_t row = blockIdx.x % rows_of_tiles * BLOCK_M;
  const int64_t column = blockIdx.x / rows_of_tiles * BLOCK_N;
  const int warp = threadIdx.x / WARP_LANES;
  const int warp_row = warp / WARPS_N * WARP_M, warp_column = warp % WARPS_N * WARP_N;
  const int blocks = static_cast<int>((problem.k + BLOCK_K - 1) / BLOCK_K);

  const uint32_t shared = ptx::dynamic_shared_memory();
  const auto tile_a = [=](int block) { return TileA{shared + block % STAGES * STAGE_BYTES}; };
  const auto tile_b = [=](int block) { return TileB{tile_a(block).base + TileA::BYTES}; };
  // A group is closed for each block, also for one that is not there, so that counting them works.
  const auto start_loading = [&](int block) {
    const int64_t depth = static_cast<int64_t>(block) * BLOCK_K;
    if (block < blocks) {
      tile_a(block).copy_in(problem.a, problem.m, problem.k, row, depth);
      tile_b(block).copy_in(problem.b, problem.k, problem.n, depth, column);
    }
    ptx::cp_async_commit();
  };

  float sums[TILES_M][TILES_N][4] = {};
  for (int block = 0; block < STAGES - 1; ++block) start_loading(block);
  for (int block = 0; block < blocks; ++block) {
    ptx::cp_async_wait<STAGES - 2>();
    // After this barrier this block is everybody's, and the stage of the last one is nobody's.
    ptx::sync_cta();
    start_loading(block + STAGES - 1);
    multiply(sums, tile_a(block), tile_b(block), warp_row, warp_column);
  }
  store(sums, problem, row + warp_row, column + warp_column);
}

}  // namespace

extern "C" int gemm(const void* A, const void* B, void* C, long long M, long long N, long long K,
                    void* stream) {
  // Rows of A and B have to begin at multiples of 16 bytes; blocks are counted in 31 bits.
  const long long tiles = ((M + BLOCK_M - 1) / BLOCK_M) * ((N + BLOCK_N - 1) / BLOCK_N);
  constexpr long long MOST = 0x7fffffff;
  if (!HAS_DTYPE || N % CHUNK != 0 || K % CHUNK != 0 || tiles > MOST) return SPARSEK_UNSUPPORTED;
  const Problem problem = {static_cast<const uint16_t*>(A), static_cast<const uint16_t*>(B),
                           static_cast<uint16_t*>(C), M, N, K};
  // More than 48 KB of dynamic shared memory has to be asked for.
  const cudaError_t refused = cudaFuncSetAttribute(
      gemm_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, SHARED_BYTES);
  if (refused != cudaSuccess) return refused;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(tiles));
  config.blockDim = dim3(THREADS);
  config.dynamicSmemBytes = SHARED_BYTES;
  config.stream = static_cast<cudaStream_t>(stream);
  return cudaLaunchKernelEx(&config, gemm_kernel, problem);
}
