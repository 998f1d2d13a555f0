// Scores become weights, in the registers wgmma wants them in. Two ways with one face:
//   absorb(p, s, o, scale_log2, first)  weights of a block of scores; the output follows
//   normalizers(n)                      what the output's rows are multiplied by at the end; false
//                                       if they are not to be trusted
#pragma once

#include "attention/hopper/config.cuh"
#include "attention/hopper/exponential.cuh"
#include "attention/softmax.cuh"

namespace sparsek::hopper {

// A row sum below this proves that no weight was too large. FP16 ends at 65504; of BF16's range,
// half is left to the values in V.
template <class Element>
constexpr float LARGEST_SUM = std::is_same_v<Element, Half> ? 60000.0f : 0x1p64f;
// In powers of two: as far as products with two roundings of the scale may lie, so that weights
// with and without the MUFU agree to 2^-10.
constexpr float LARGEST_OFFSET = 8192.0f;

template <class Config>
using Scores = float[Config::SCORE_TILES][4];
template <class Config>
using Weights = uint32_t[Config::KEY_STEPS][4];
template <class Config>
using Output = float[Config::PANELS_ACROSS][8][4];

// One of the strip's two rows of which a lane holds parts: 0 lane / 4 of the warp's rows, 1 eight
// below. A fragment's elements 2 * half and 2 * half + 1 belong to row `half`.
template <int TILES>
SPARSEK_DEVICE float row_max(const float (&s)[TILES][4], int half) {
  float largest = -INFINITY;
#pragma unroll
  for (int t = 0; t < TILES; ++t)
    largest = fmaxf(largest, fmaxf(s[t][2 * half], s[t][2 * half + 1]));
  return quad_max(largest);
}

// Weights relative to the row maximum of the first block. Later scores may be larger: FP16 has room
// for weights of 60000. Nothing is ever rescaled and no maximum taken again; the sum at the end
// tells if the room was enough.
template <class Config>
struct ReferenceSoftmax {
  float offset[2];             // -reference: added to scaled scores
  float sum[2] = {0.0f, 0.0f};  // this lane's share

  // Before masking: ex2_pair would turn a NaN into a zero weight. The products are finite if and
  // only if the scores are (FP16 operands end at 65504), else they make the sum NaN.
  SPARSEK_DEVICE void look_at(const Scores<Config>& s, bool first) {
    if (first || Config::OFFLOAD_EVERY == 0) return;
    float witness = 0.0f;
#pragma unroll
    for (int t = 0; t < Config::SCORE_TILES; ++t) {
      if (!skips_mufu(t)) continue;
      witness = fmaf(s[t][0], s[t][1], witness);
      witness = fmaf(s[t][2], s[t][3], witness);
    }
    sum[0] = fmaf(witness, 0.0f, sum[0]);
  }

  // Where a row sees few keys, each weight counts much: the first block's are all exact.
  SPARSEK_DEVICE void absorb(Weights<Config>& p, const Scores<Config>& s, Output<Config>&,
                             float scale_log2, bool first) {
    absorb_tiles<0, Config::SCORE_TILES>(p, s, scale_log2, first);
  }

  // The same for the fragments FROM to TO - 1 of all; the first of them before the others.
  template <int FROM, int TO>
  SPARSEK_DEVICE void absorb_tiles(Weights<Config>& p, const Scores<Config>& s, float scale_log2,
                                   bool first) {
    if (first) {
      if (FROM == 0) {
        offset[0] = -scale_log2 * row_max(s, 0);
        offset[1] = -scale_log2 * row_max(s, 1);
      }
      weigh</*OFFLOAD=*/false, FROM, TO>(p, s, scale_log2);
    } else {
      weigh</*OFFLOAD=*/true, FROM, TO>(p, s, scale_log2);
    }
  }

  SPARSEK_DEVICE bool normalizers(float (&n)[2]) const {
    bool trusted = true;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float total = quad_sum(sum[half]);
      n[half] = ptx::reciprocal(total);
      trusted = trusted && total < LARGEST_SUM<typename Config::Element> &&
                fabsf(offset[half]) <= LARGEST_OFFSET;
    }
    return trusted;
  }

 private:
  // Tiles that may skip the MUFU come last: what that needs then lives shortly, and registers are
  // full.
  template <bool OFFLOAD, int FROM, int TO>
  SPARSEK_DEVICE void weigh(Weights<Config>& p, const Scores<Config>& s, float scale_log2) {
#pragma unroll
    for (int t = FROM; t < TO; ++t) {
      if (!skips_mufu(t)) weigh_with_mufu(p, s, t, scale_log2);
    }
#pragma unroll
    for (int t = FROM; t < TO; ++t) {
      if (!skips_mufu(t)) continue;
      if (OFFLOAD) {
        weigh_without_mufu(p, s, t, scale_log2);
      } else {
        weigh_with_mufu(p, s, t, scale_log2);
      }
    }
  }

  SPARSEK_DEVICE void weigh_with_mufu(Weights<Config>& p, const Scores<Config>& s, int t,
                                      float scale_log2) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float w0 = ptx::ex2(fmaf(s[t][2 * half], scale_log2, offset[half]));
      const float w1 = ptx::ex2(fmaf(s[t][2 * half + 1], scale_log2, offset[half]));
      sum[half] += w0 + w1;
      p[t / 2][t % 2 * 2 + half] = ptx::pack(typename Config::Element{}, w0, w1);
    }
  }

  SPARSEK_DEVICE void weigh_without_mufu(Weights<Config>& p, const Scores<Config>& s, int t,
                                         float scale_log2) {
    const float slope = scale_log2 * (1.0f / EXPONENTS);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const uint32_t pair = ex2_pair(s[t][2 * half], s[t][2 * half + 1], slope,
                                     saturating_offset(offset[half]));
      sum[half] += ptx::low_of_pair(Half{}, pair) + ptx::high_of_pair(Half{}, pair);
      p[t / 2][t % 2 * 2 + half] = pair;
    }
  }

  SPARSEK_DEVICE static constexpr bool skips_mufu(int tile) {
    return Config::OFFLOAD_EVERY != 0 && tile % Config::OFFLOAD_EVERY == 0;
  }
};

// Classic online softmax; always right.
template <class Config>
struct OnlineSoftmax {
  OnlineRow rows[2];

  SPARSEK_DEVICE void look_at(const Scores<Config>&, bool) {}

  SPARSEK_DEVICE void absorb(Weights<Config>& p, Scores<Config>& s, Output<Config>& o,
                             float scale_log2, bool) {
    const float rescale[2] = {rows[0].absorb(s, 0, scale_log2), rows[1].absorb(s, 1, scale_log2)};
#pragma unroll
    for (int panel = 0; panel < Config::PANELS_ACROSS; ++panel) {
#pragma unroll
      for (int n = 0; n < 8; ++n) {
#pragma unroll
        for (int i = 0; i < 4; ++i) o[panel][n][i] *= rescale[i / 2];
      }
    }
#pragma unroll
    for (int t = 0; t < Config::SCORE_TILES; ++t) {
#pragma unroll
      for (int half = 0; half < 2; ++half)
        p[t / 2][t % 2 * 2 + half] =
            ptx::pack(typename Config::Element{}, s[t][2 * half], s[t][2 * half + 1]);
    }
  }

  SPARSEK_DEVICE bool normalizers(float (&n)[2]) const {
    n[0] = rows[0].normalizer();
    n[1] = rows[1].normalizer();
    return true;
  }
};

template <class Config>
using SoftmaxOf = std::conditional_t<Config::SOFTMAX == Softmax::REFERENCE,
                                     ReferenceSoftmax<Config>, OnlineSoftmax<Config>>;

}  // namespace sparsek::hopper
