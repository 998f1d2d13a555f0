"""A torch extension out of a text: compiled on the host at first use, found again afterwards."""

from torch.utils.cpp_extension import load_inline

SOURCE = """
at::Tensor attention(at::Tensor q, at::Tensor k, at::Tensor v, bool causal, double scale) {
    auto scores = at::matmul(q.to(at::kFloat), k.to(at::kFloat).transpose(-1, -2)) * scale;
    if (causal) {
        auto hidden = at::ones_like(scores, at::kBool).triu(1 + k.size(2) - q.size(2));
        scores = scores.masked_fill(hidden, -INFINITY);
    }
    return at::matmul(at::softmax(scores, -1), v.to(at::kFloat)).to(q.scalar_type());
}
"""

extension = load_inline("attention_inline", SOURCE, functions=["attention"], extra_cflags=["-O1"])


def attention(q, k, v, causal, scale):
    return extension.attention(q, k, v, causal, scale)
