// The C interface to conformance/probes.cuh, for tests that load it as a library.
#include "attention/hopper/tensor_map.h"
#include "conformance/probes.cuh"

namespace {

using namespace probes;

template <class... Parameters, class... Arguments>
int run(int threads, int data_bytes, void (*kernel)(Parameters...), Arguments... arguments) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(1);
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = DATA_AT + data_bytes;
  const cudaError_t refused = cudaFuncSetAttribute(
      kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, DATA_AT + data_bytes);
  if (refused != cudaSuccess) return refused;
  return cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...);
}

using WgmmaKernel = void (*)(const uint32_t*, int, Tile, Tile, const uint32_t (*)[4], float*, bool);

template <class Element, int N>
WgmmaKernel wgmma_kernel(bool a_mn, bool b_mn) {
  if (a_mn) {
    return b_mn ? wgmma<Element, N, Major::MN, Major::MN> : wgmma<Element, N, Major::MN, Major::K>;
  }
  return b_mn ? wgmma<Element, N, Major::K, Major::MN> : wgmma<Element, N, Major::K, Major::K>;
}

template <class Element>
WgmmaKernel wgmma_kernel(int n, bool a_mn, bool b_mn) {
  switch (n) {
    case 8: return wgmma_kernel<Element, 8>(a_mn, b_mn);
    case 64: return wgmma_kernel<Element, 64>(a_mn, b_mn);
    case 128: return wgmma_kernel<Element, 128>(a_mn, b_mn);
    default: return wgmma_kernel<Element, 256>(a_mn, b_mn);
  }
}

}  // namespace

extern "C" {

int probe_wgmma(bool bf16, int n, bool a_mn, bool b_mn, const uint32_t* image, int words, Tile a,
                Tile b, const uint32_t (*a_registers)[4], float* d, bool accumulate) {
  const WgmmaKernel kernel =
      bf16 ? wgmma_kernel<BFloat16>(n, a_mn, b_mn) : wgmma_kernel<Half>(n, a_mn, b_mn);
  return run(WARPGROUP, 4 * words, kernel, image, words, a, b, a_registers, d, accumulate);
}

// A tensor map of 16-bit elements; sizes and box count elements, innermost first.
int probe_encode(CUtensorMap* map, void* base, int rank, const uint64_t* sizes,
                 const uint64_t* strides_bytes, const uint32_t* box, int swizzle) {
  sparsek::hopper::Encode encode_tiled = nullptr;
  if (sparsek::hopper::find_encode(&encode_tiled) != cudaSuccess) return 1000;
  const cuuint32_t every[5] = {1, 1, 1, 1, 1};
  cuuint64_t size[5] = {}, stride[5] = {};
  for (int i = 0; i < rank; ++i) size[i] = sizes[i];
  for (int i = 0; i + 1 < rank; ++i) stride[i] = strides_bytes[i];
  return encode_tiled(map, CU_TENSOR_MAP_DATA_TYPE_UINT16, static_cast<cuuint32_t>(rank), base,
                      size, stride, box, every, CU_TENSOR_MAP_INTERLEAVE_NONE,
                      static_cast<CUtensorMapSwizzle>(swizzle), CU_TENSOR_MAP_L2_PROMOTION_NONE,
                      CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
}

int probe_tma_load(const CUtensorMap* map, int rank, const int* c, int bytes, uint4* target) {
  return run(WARPGROUP, bytes, tma_load, *map, rank, c[0], c[1], c[2], c[3], bytes, target);
}

int probe_tma_store(const CUtensorMap* map, int rank, const int* c, int bytes,
                    const uint32_t* source) {
  return run(WARPGROUP, bytes, tma_store, *map, rank, c[0], c[1], c[2], c[3], bytes, source);
}

int probe_mbarrier_phases(int* seen) { return run(32, 0, mbarrier_phases, seen); }

int probe_mbarrier_bytes(const CUtensorMap* map, int bytes, uint4* target) {
  return run(WARPGROUP, 2 * bytes, mbarrier_bytes, *map, bytes, target);
}

int probe_stmatrix(const uint32_t (*fragments)[4], uint4* rows, bool transposed) {
  return run(32, 512, stmatrix, fragments, rows, transposed);
}

int probe_one_lane(int* elected, uint32_t* values, int from) {
  return run(32, 0, one_lane, elected, values, from);
}

int probe_pairs(const uint32_t* a, const uint32_t* b, const uint32_t* c, uint32_t (*results)[6],
                int count) {
  return run(32, 0, pairs, a, b, c, results, count);
}

int probe_floats(const float* a, const float* b, const float* c, float (*results)[2], int count) {
  return run(32, 0, floats, a, b, c, results, count);
}

int probe_counting(uint32_t* sums, int* any, int thread) {
  return run(WARPGROUP, 16, counting, sums, any, thread);
}

int probe_register_budget(int* done) { return run(3 * WARPGROUP, 0, register_budget, done); }
}
