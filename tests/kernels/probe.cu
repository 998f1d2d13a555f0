// One tiny kernel per instruction wrapper: registers in, registers out. The same file compiles
// with nvcc, so that a GPU can later be asked the same questions as the emulator.
#include "ptx/arithmetic.cuh"
#include "ptx/cp_async.cuh"
#include "ptx/ldmatrix.cuh"
#include "ptx/mma.cuh"
#include "ptx/shared_memory.cuh"
#include "ptx/warp.cuh"

namespace {

using namespace sparsek;

// Blocks are one warp, or two where a barrier is at stake.
template <class... Parameters>
int run(int threads, int shared_bytes, void (*kernel)(Parameters...), Parameters... parameters) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(1);
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = shared_bytes;
  return cudaLaunchKernelEx(&config, kernel, parameters...);
}

template <class Element>
__global__ void mma(const uint32_t (*a)[4], const uint32_t (*b)[2], float (*d)[4]) {
  const int lane = threadIdx.x;
  ptx::mma_m16n8k16(Element{}, d[lane], a[lane], b[lane][0], b[lane][1]);
}

__global__ void ldmatrix(const uint32_t (*rows)[4], uint32_t (*fragments)[4], bool transposed) {
  const int lane = threadIdx.x;
  const uint32_t mine = ptx::dynamic_shared_memory() + 16 * lane;
  for (int word = 0; word < 4; ++word) ptx::st_shared_b32(mine + 4 * word, rows[lane][word]);
  ptx::sync_warp();
  if (transposed) {
    ptx::ldmatrix_x4_trans(fragments[lane], mine);
  } else {
    ptx::ldmatrix_x4(fragments[lane], mine);
  }
}

__global__ void cp_async(const uint4* source, uint4* target, const int* bytes) {
  const int lane = threadIdx.x;
  const uint32_t mine = ptx::dynamic_shared_memory() + 16 * lane;
  ptx::cp_async_16(mine, source + lane, bytes[lane]);
  ptx::cp_async_commit();
  ptx::cp_async_wait<0>();
  target[lane] = ptx::ld_shared_v4(mine);
}

__global__ void shuffle(const float* values, float* exchanged, int lane_mask) {
  exchanged[threadIdx.x] = ptx::shuffle_xor(values[threadIdx.x], lane_mask);
}

template <class Element>
__global__ void pack(const float* low, const float* high, uint32_t* packed, int count) {
  for (int i = threadIdx.x; i < count; i += WARP_LANES)
    packed[i] = ptx::pack(Element{}, low[i], high[i]);
}

__global__ void ex2(const float* x, float* y, int count) {
  for (int i = threadIdx.x; i < count; i += WARP_LANES) y[i] = ptx::ex2(x[i]);
}

// Each of these is undefined on a GPU; the emulator must refuse it. Two warps, 64 chunks.
__global__ void wrong(int what, const uint4* source) {
  const int thread = threadIdx.x;
  const uint32_t smem = ptx::dynamic_shared_memory();
  const uint32_t mine = smem + 16 * thread, other = smem + 16 * (63 - thread);
  uint32_t fragment[4];
  if (what == 0 && thread != 5) ptx::shuffle_xor(1.0f, 1);
  if (what == 1 && thread < 32) ptx::sync_cta();
  if (what == 2) ptx::ld_shared_v4(mine);
  if (what == 3) ptx::st_shared_b32(smem + 16 * 64, 0u);
  if (what == 4) ptx::st_shared_b32(mine + 2, 0u);
  if (what == 5 || what == 6) {
    ptx::cp_async_16(mine, source + thread, 16);
    ptx::cp_async_commit();
    if (what == 5) ptx::ld_shared_v4(mine);
  }
  if (what == 7) ptx::cp_async_16(mine, reinterpret_cast<const char*>(source) + 8, 16);
  if (what == 8) {
    ptx::st_shared_b32(mine, 0u);
    ptx::ld_shared_v4(other);
  }
  if (what == 9) {
    if (thread % 2 == 0) ptx::ldmatrix_x4(fragment, mine);
    if (thread % 2 == 1) ptx::sync_warp();
  }
  if (what == 10) {
    ptx::st_shared_b32(mine, 0u);
    ptx::sync_cta();
    ptx::ld_shared_v4(other);
    ptx::st_shared_b32(mine, 1u);
  }
}

constexpr int WARP_SHARED_BYTES = 16 * WARP_LANES;

}  // namespace

extern "C" {

int probe_mma(bool bf16, const uint32_t (*a)[4], const uint32_t (*b)[2], float (*d)[4]) {
  return run(WARP_LANES, 0, bf16 ? mma<BFloat16> : mma<Half>, a, b, d);
}

int probe_ldmatrix(const uint32_t (*rows)[4], uint32_t (*fragments)[4], bool transposed) {
  return run(WARP_LANES, WARP_SHARED_BYTES, ldmatrix, rows, fragments, transposed);
}

int probe_cp_async(const uint4* source, uint4* target, const int* bytes) {
  return run(WARP_LANES, WARP_SHARED_BYTES, cp_async, source, target, bytes);
}

int probe_shuffle(const float* values, float* exchanged, int lane_mask) {
  return run(WARP_LANES, 0, shuffle, values, exchanged, lane_mask);
}

int probe_pack(bool bf16, const float* low, const float* high, uint32_t* packed, int count) {
  return run(WARP_LANES, 0, bf16 ? pack<BFloat16> : pack<Half>, low, high, packed, count);
}

int probe_ex2(const float* x, float* y, int count) { return run(WARP_LANES, 0, ex2, x, y, count); }

int probe_wrong(int what, const uint4* source) {
  return run(2 * WARP_LANES, 2 * WARP_SHARED_BYTES, wrong, what, source);
}
}
