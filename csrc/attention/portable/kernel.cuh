// The portable attention forward: FlashAttention-2's tiling with mma.sync, for sm_80 and newer.
//
// One CTA owns BLOCK_Q query rows of one head and walks over the keys, BLOCK_KV at a time. Each
// warp owns WARP_ROWS of the rows alone, so softmax never leaves a warp. Q, the scores, the
// weights P and the output stay in registers; K and V pass through two shared-memory stages.
// Walk-through and measurements: docs/kernels/portable.md
#pragma once

#include "attention/mask.cuh"
#include "attention/params.h"
#include "attention/portable/config.cuh"
#include "attention/portable/tile.cuh"
#include "attention/softmax.cuh"
#include "ptx/mma.cuh"

namespace sparsek::portable {

SPARSEK_DEVICE int ceil_div(int a, int b) { return (a + b - 1) / b; }

// What one warp keeps in registers from the first key block to the last.
template <class Config>
struct WarpState {
  uint32_t q[Config::ROW_TILES][Config::DIM_STEPS][4];
  float o[Config::ROW_TILES][Config::DIM_TILES][4] = {};
  OnlineRow rows[Config::ROW_TILES][2];  // [.][0] row lane / 4 of the tile, [.][1] eight below
};

template <class Config>
using Scores = float[Config::ROW_TILES][Config::SCORE_TILES][4];

// S = Q K^T
template <class Config>
SPARSEK_DEVICE void multiply_qk(Scores<Config>& s, const WarpState<Config>& warp,
                                const Tile<Config>& k_smem) {
#pragma unroll
  for (int step = 0; step < Config::DIM_STEPS; ++step) {
#pragma unroll
    for (int pair = 0; pair < Config::SCORE_TILES / 2; ++pair) {
      uint32_t k[4];
      k_smem.load_b(k, pair * 2 * Config::MMA_COLS, step);
#pragma unroll
      for (int m = 0; m < Config::ROW_TILES; ++m) {
        const auto& q = warp.q[m][step];
        ptx::mma_m16n8k16(typename Config::Element{}, s[m][2 * pair], q, k[0], k[1]);
        ptx::mma_m16n8k16(typename Config::Element{}, s[m][2 * pair + 1], q, k[2], k[3]);
      }
    }
  }
}

// Scores become weights in place; the output so far follows the new reference.
template <class Config>
SPARSEK_DEVICE void soften(Scores<Config>& s, WarpState<Config>& warp, float scale_log2) {
#pragma unroll
  for (int m = 0; m < Config::ROW_TILES; ++m) {
    const float rescale[2] = {warp.rows[m][0].absorb(s[m], 0, scale_log2),
                              warp.rows[m][1].absorb(s[m], 1, scale_log2)};
#pragma unroll
    for (int n = 0; n < Config::DIM_TILES; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) warp.o[m][n][i] *= rescale[i / 2];
    }
  }
}

// O += P V. The accumulator layout of two neighbouring score tiles, packed to 16 bits, is the
// layout of an A operand: P goes from one mma to the next without leaving the lane.
template <class Config>
SPARSEK_DEVICE void multiply_pv(WarpState<Config>& warp, const Scores<Config>& p,
                                const Tile<Config>& v_smem) {
  using Element = typename Config::Element;
#pragma unroll
  for (int step = 0; step < Config::KEY_STEPS; ++step) {
    uint32_t a[Config::ROW_TILES][4];
#pragma unroll
    for (int m = 0; m < Config::ROW_TILES; ++m) {
#pragma unroll
      for (int part = 0; part < 4; ++part) {
        const float* pair = &p[m][2 * step + part / 2][part % 2 * 2];
        a[m][part] = ptx::pack(Element{}, pair[0], pair[1]);
      }
    }
#pragma unroll
    for (int pair = 0; pair < Config::DIM_TILES / 2; ++pair) {
      uint32_t v[4];
      v_smem.load_b_transposed(v, step * Config::MMA_DEPTH, pair);
#pragma unroll
      for (int m = 0; m < Config::ROW_TILES; ++m) {
        ptx::mma_m16n8k16(Element{}, warp.o[m][2 * pair], a[m], v[0], v[1]);
        ptx::mma_m16n8k16(Element{}, warp.o[m][2 * pair + 1], a[m], v[2], v[3]);
      }
    }
  }
}

template <class Config>
SPARSEK_DEVICE void load_queries(WarpState<Config>& warp, const Tile<Config>& q_smem, int first_row,
                                 uint32_t sign) {
#pragma unroll
  for (int m = 0; m < Config::ROW_TILES; ++m) {
#pragma unroll
    for (int step = 0; step < Config::DIM_STEPS; ++step) {
      q_smem.load_a(warp.q[m][step], first_row + m * Config::MMA_ROWS, step);
#pragma unroll
      for (uint32_t& pair : warp.q[m][step]) pair ^= sign;
    }
  }
}

// Registers -> the warp's own rows of the Q tile (nobody needs them any more) -> global memory,
// so that each row leaves in whole 16-byte pieces.
template <class Config>
SPARSEK_DEVICE void store_output(const WarpState<Config>& warp, const Tile<Config>& strip_smem,
                                 int first_row, uint16_t* o, int64_t stride_s, int rows_left) {
  const int lane = threadIdx.x % WARP_LANES;
#pragma unroll
  for (int m = 0; m < Config::ROW_TILES; ++m) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float normalizer = warp.rows[m][half].normalizer();
      const int row = first_row + m * Config::MMA_ROWS + half * 8 + lane / 4;
#pragma unroll
      for (int n = 0; n < Config::DIM_TILES; ++n) {
        const float* pair = &warp.o[m][n][2 * half];
        ptx::st_shared_b32(
            strip_smem.at(row, n) + lane % 4 * 4,
            ptx::pack(typename Config::Element{}, pair[0] * normalizer, pair[1] * normalizer));
      }
    }
  }
  ptx::sync_warp();
  constexpr int CHUNKS = Tile<Config>::CHUNKS;
#pragma unroll
  for (int i = 0; i < Config::WARP_ROWS * CHUNKS / WARP_LANES; ++i) {
    const int row = first_row + (i * WARP_LANES + lane) / CHUNKS;
    const int chunk = (i * WARP_LANES + lane) % CHUNKS;
    if (row < rows_left) {
      uint16_t* target = o + row * stride_s + chunk * CHUNK_ELEMENTS;
      *reinterpret_cast<uint4*>(target) = ptx::ld_shared_v4(strip_smem.at(row, chunk));
    }
  }
}

// Grid: one CTA per (head, block of queries), flat, blocks of one head adjacent: they share K and
// V through L2. Any batch * heads fits while the product stays below 2^31.
template <class Config>
__global__ void __launch_bounds__(Config::THREADS, Config::CTAS_PER_SM)
    attention_portable(const AttentionParams params) {
  const int q_blocks = ceil_div(params.seq, Config::BLOCK_Q);
  const int head = blockIdx.x / q_blocks;
  // Under a causal mask the last queries have the most keys: start them first.
  const int q_block = q_blocks - 1 - static_cast<int>(blockIdx.x % q_blocks);
  const int first_query = q_block * Config::BLOCK_Q;
  const int b = head / params.heads, h = head % params.heads;
  const uint16_t* q = params.q.data + b * params.q.stride_b + h * params.q.stride_h;
  const uint16_t* k = params.k.data + b * params.k.stride_b + h * params.k.stride_h;
  const uint16_t* v = params.v.data + b * params.v.stride_b + h * params.v.stride_h;
  uint16_t* o = params.o.data + b * params.o.stride_b + h * params.o.stride_h;

  const uint32_t smem = ptx::dynamic_shared_memory();
  const Tile<Config> q_smem{smem};
  const auto k_smem = [=](int stage) {
    return Tile<Config>{smem + Config::Q_BYTES + stage * 2 * Config::KV_BYTES};
  };
  const auto v_smem = [=](int stage) {
    return Tile<Config>{k_smem(stage).base + Config::KV_BYTES};
  };
  const auto start_loading = [&](int block) {
    const int stage = block % Config::STAGES, key = block * Config::BLOCK_KV;
    k_smem(stage).template copy_in<Config::BLOCK_KV>(k, params.k.stride_s, key, params.seq);
    v_smem(stage).template copy_in<Config::BLOCK_KV>(v, params.v.stride_s, key, params.seq);
  };

  const int warp_row = threadIdx.x / WARP_LANES * Config::WARP_ROWS;
  int last_key = params.seq;
  if (Config::CAUSAL && first_query + Config::BLOCK_Q < last_key)
    last_key = first_query + Config::BLOCK_Q;
  const int kv_blocks = ceil_div(last_key, Config::BLOCK_KV);

  WarpState<Config> warp;
  q_smem.template copy_in<Config::BLOCK_Q>(q, params.q.stride_s, first_query, params.seq);
  start_loading(0);
  ptx::cp_async_commit();

  for (int block = 0; block < kv_blocks; ++block) {
    ptx::cp_async_wait<0>();
    // After this barrier block's K and V are everybody's, and the other stage is nobody's.
    ptx::sync_cta();
    if (block + 1 < kv_blocks) {
      start_loading(block + 1);
      ptx::cp_async_commit();
    }
    if (block == 0) load_queries(warp, q_smem, warp_row, params.query_sign);

    const int stage = block % Config::STAGES, first_key = block * Config::BLOCK_KV;
    Scores<Config> s = {};
    multiply_qk<Config>(s, warp, k_smem(stage));
    const int end_key = first_key + Config::BLOCK_KV;
    if (end_key > params.seq || (Config::CAUSAL && end_key > first_query + warp_row + 1)) {
#pragma unroll
      for (int m = 0; m < Config::ROW_TILES; ++m)
        hide_keys<Config::CAUSAL>(s[m], first_query + warp_row + m * Config::MMA_ROWS, first_key,
                                  params.seq);
    }
    soften<Config>(s, warp, params.scale_log2);
    multiply_pv<Config>(warp, s, v_smem(stage));
  }
  store_output(warp, q_smem, warp_row, o + first_query * params.o.stride_s, params.o.stride_s,
               params.seq - first_query);
}

}  // namespace sparsek::portable
