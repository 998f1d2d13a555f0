// out[N] = a[N] + b[N]. The declaration of the function, and SPARSEK_DTYPE, come with the compile.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#if SPARSEK_DTYPE == SPARSEK_FP16
using Element = __half;
#elif SPARSEK_DTYPE == SPARSEK_BF16
using Element = __nv_bfloat16;
#else
using Element = float;
#endif

constexpr int THREADS = 256;
constexpr int CHUNK_BYTES = 16;  // what one load instruction can fetch
constexpr int CHUNK = CHUNK_BYTES / sizeof(Element);
constexpr long long MOST_BLOCKS = 8192;  // some waves on any GPU; each thread then takes strides

struct alignas(CHUNK_BYTES) Chunk {
    Element values[CHUNK];
};

// FP32 sums, rounded once.
__device__ Element sum(Element a, Element b) {
    return Element(static_cast<float>(a) + static_cast<float>(b));
}

__global__ void __launch_bounds__(THREADS)
    add(const Element *a, const Element *b, Element *out, long long count) {
    const long long first = blockIdx.x * static_cast<long long>(THREADS) + threadIdx.x;
    const long long stride = gridDim.x * static_cast<long long>(THREADS), chunks = count / CHUNK;
    const auto *a_chunks = reinterpret_cast<const Chunk *>(a);
    const auto *b_chunks = reinterpret_cast<const Chunk *>(b);
    for (long long at = first; at < chunks; at += stride) {
        const Chunk left = a_chunks[at], right = b_chunks[at];
        Chunk result;
#pragma unroll
        for (int i = 0; i < CHUNK; ++i) result.values[i] = sum(left.values[i], right.values[i]);
        reinterpret_cast<Chunk *>(out)[at] = result;
    }
    // Less than a chunk is left.
    for (long long at = chunks * CHUNK + first; at < count; at += stride) out[at] = sum(a[at], b[at]);
}

// Inputs, outputs, every axis, the stream. Tensors are contiguous and begin at a multiple of 16 bytes.
extern "C" int vector_add(const void *a, const void *b, void *out, long long N, void *stream) {
    const long long per_block = static_cast<long long>(THREADS) * CHUNK;
    const long long blocks = (N + per_block - 1) / per_block;
    const unsigned grid = static_cast<unsigned>(blocks < MOST_BLOCKS ? blocks : MOST_BLOCKS);
    add<<<grid, THREADS, 0, static_cast<cudaStream_t>(stream)>>>(
        static_cast<const Element *>(a), static_cast<const Element *>(b),
        static_cast<Element *>(out), N);
    return cudaGetLastError();
}
