#include "online.h"

extern "C" void attention(const float *q, const float *k, const float *v, float *out,
                          long long heads, long long seq, long long dim, int causal,
                          double scale) {
    for (long long row = 0; row < heads * seq; ++row) {
        const long long of_head = row / seq * seq * dim, query = row % seq;
        float *mine = out + row * dim;
        for (long long d = 0; d < dim; ++d) mine[d] = 0;
        Online online;
        for (long long key = 0; key <= (causal ? query : seq - 1); ++key) {
            const float *other = k + of_head + key * dim;
            float score = 0, weight;
            for (long long d = 0; d < dim; ++d) score += q[row * dim + d] * other[d];
            const float fade = online.add(score * static_cast<float>(scale), weight);
            for (long long d = 0; d < dim; ++d)
                mine[d] = mine[d] * fade + weight * v[of_head + key * dim + d];
        }
        for (long long d = 0; d < dim; ++d) mine[d] /= online.total;
    }
}
