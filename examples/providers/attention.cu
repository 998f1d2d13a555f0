// A plain .cu file: one block for each query. The declaration that it is held to, and
// SPARSEK_DTYPE, come with the compile; docs/providers.md has the order of the parameters.
#include "element.cuh"

__global__ void one_query(const Element *q, const Element *k, const Element *v, Element *out,
                          long long queries, long long keys, long long dim, long long shared,
                          bool causal, float scale) {
    extern __shared__ float weights[];
    const long long query = blockIdx.x, head = blockIdx.y, of_keys = head / shared * keys * dim;
    const Element *mine = q + (head * queries + query) * dim;
    const long long seen = causal ? keys - queries + query + 1 : keys;
    for (long long key = threadIdx.x; key < seen; key += blockDim.x) {
        float score = 0;
        for (long long d = 0; d < dim; ++d)
            score += as_float(mine[d]) * as_float(k[of_keys + key * dim + d]);
        weights[key] = score * scale;
    }
    __syncthreads();
    float largest = -INFINITY, total = 0;
    for (long long key = 0; key < seen; ++key) largest = fmaxf(largest, weights[key]);
    for (long long key = 0; key < seen; ++key) total += expf(weights[key] - largest);
    for (long long d = threadIdx.x; d < dim; d += blockDim.x) {
        float sum = 0;
        for (long long key = 0; key < seen; ++key)
            sum += expf(weights[key] - largest) * as_float(v[of_keys + key * dim + d]);
        out[(head * queries + query) * dim + d] = Element(sum / total);
    }
}

extern "C" int attention(const void *q, const void *k, const void *v, void *out, long long B,
                         long long H, long long Hkv, long long S, long long Skv, long long D,
                         long long W, long long causal, double scale, void *stream) {
    // 48 KiB is what a block may have without asking.
    if (W != 0 || Skv * sizeof(float) > 48 << 10) return SPARSEK_UNSUPPORTED;
    // Heads that share keys stand side by side, also over the batch: B * H / (B * Hkv).
    one_query<<<dim3(S, B * H), 128, Skv * sizeof(float), static_cast<cudaStream_t>(stream)>>>(
        static_cast<const Element *>(q), static_cast<const Element *>(k),
        static_cast<const Element *>(v), static_cast<Element *>(out), S, Skv, D, H / Hkv,
        causal != 0, static_cast<float>(scale));
    return cudaGetLastError();
}
