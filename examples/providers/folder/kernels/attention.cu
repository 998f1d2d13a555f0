// A .cu file whose headers lie in another folder: name the folder that holds both,
// folder/:kernels/attention.cu:attention. One block for each query; keys one after the other.
#include "../common/element.cuh"
#include "../common/reduce.cuh"

__global__ void one_query(const Element *q, const Element *k, const Element *v, Element *out,
                          long long seq, long long dim, bool causal, float scale) {
    const long long query = blockIdx.x, of_head = blockIdx.y * seq * dim, d = threadIdx.x;
    const float mine = d < dim ? as_float(q[of_head + query * dim + d]) * scale : 0;
    float largest = -INFINITY, total = 0, sum = 0;
    for (long long key = 0; key <= (causal ? query : seq - 1); ++key) {
        const long long at = of_head + key * dim + d;
        const float score = block_sum(d < dim ? mine * as_float(k[at]) : 0);
        const float grown = fmaxf(largest, score), fade = expf(largest - grown);
        const float weight = expf(score - grown);
        total = total * fade + weight;
        sum = sum * fade + (d < dim ? weight * as_float(v[at]) : 0);
        largest = grown;
    }
    if (d < dim) out[of_head + query * dim + d] = Element(sum / total);
}

extern "C" int attention(const void *q, const void *k, const void *v, void *out, long long B,
                         long long H, long long Hkv, long long S, long long Skv, long long D,
                         long long W, long long causal, double scale, void *stream) {
    if (H != Hkv || S != Skv || W != 0 || D > 128) return SPARSEK_UNSUPPORTED;
    one_query<<<dim3(S, B * H), 128, 0, static_cast<cudaStream_t>(stream)>>>(
        static_cast<const Element *>(q), static_cast<const Element *>(k),
        static_cast<const Element *>(v), static_cast<Element *>(out), S, D, causal != 0,
        static_cast<float>(scale));
    return cudaGetLastError();
}
