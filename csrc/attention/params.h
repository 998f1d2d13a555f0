// What an attention kernel is given. Plain data, the same for every kernel.
#pragma once

#include <cstdint>

namespace sparsek {

// A [batch, heads, seq, dim] tensor of 16-bit elements; dim is contiguous, rows 16-byte aligned.
// Strides count elements.
struct RowsIn {
  const uint16_t* __restrict__ data;
  int64_t stride_b, stride_h, stride_s;
};

struct RowsOut {
  uint16_t* __restrict__ data;
  int64_t stride_b, stride_h, stride_s;
};

struct AttentionParams {
  RowsIn q;   // [batch, heads, seq, dim]
  RowsIn k;   // [batch, heads, seq, dim]
  RowsIn v;   // [batch, heads, seq, dim]
  RowsOut o;  // [batch, heads, seq, dim]
  int batch;
  int heads;
  int seq;
  // Scores are scaled by +-scale_log2 / log2(e), so that exp(x) becomes 2^y. Always positive: the
  // row maximum may then be taken before scaling. query_sign carries a negative scale's sign, as
  // the sign bits of two packed elements to flip in q.
  float scale_log2;
  uint32_t query_sign;
};

}  // namespace sparsek
