// The two products of attention as wgmma on swizzled panels.
#pragma once

#include "attention/hopper/config.cuh"
#include "ptx/registers.cuh"
#include "ptx/wgmma.cuh"

namespace sparsek::hopper {

// Fragments of 8 columns each, as one register array.
template <class Register, int TILES>
SPARSEK_DEVICE Register (&flat(Register (&tiles)[TILES][4]))[4 * TILES] {
  return reinterpret_cast<Register(&)[4 * TILES]>(tiles);
}

// A column of panels as an operand: eight rows of the swizzle pattern follow each other. The
// leading offset is not used, because no operand here is wider than the swizzle.
SPARSEK_DEVICE uint64_t panel_descriptor(uint32_t panel) {
  return ptx::matrix_descriptor(panel, 16, SWIZZLE_BYTES, ptx::Swizzle::B128);
}

// Bytes from one step of 16 along the head dimension to another: within rows, then to the next
// column of panels, DOWN panels high.
template <int DOWN>
SPARSEK_DEVICE constexpr uint32_t along_dim(int step) {
  constexpr int STEP_BYTES = 32, STEPS = ROW_BYTES / STEP_BYTES;
  return step / STEPS * DOWN * PANEL_BYTES + step % STEPS * STEP_BYTES;
}

// Bytes from one step of 16 keys to another.
SPARSEK_DEVICE constexpr uint32_t along_keys(int step) { return step * 16 * ROW_BYTES; }

// Starts S = Q K^T; both lie along the head dimension.
template <class Config>
SPARSEK_DEVICE void start_qk(float (&s)[Config::SCORE_TILES][4], uint32_t q, uint32_t k) {
  using ptx::Major;
  const uint64_t q_operand = panel_descriptor(q), k_operand = panel_descriptor(k);
  ptx::wgmma_fence();
#pragma unroll
  for (int step = 0; step < Config::DIM_STEPS; ++step)
    ptx::wgmma_ss<Major::K, Major::K>(
        typename Config::Element{}, flat(s), ptx::advance_descriptor(q_operand, along_dim<1>(step)),
        ptx::advance_descriptor(k_operand, along_dim<Config::PANELS_DOWN>(step)), step != 0);
  ptx::wgmma_commit_group();
}

template <class Config>
SPARSEK_DEVICE void multiply_qk(float (&s)[Config::SCORE_TILES][4], uint32_t q, uint32_t k) {
  start_qk<Config>(s, q, k);
  ptx::wgmma_wait_group<0>();
  ptx::hold_registers(flat(s));
}

// The same with Q as A fragments.
template <class Config>
SPARSEK_DEVICE void multiply_qk(float (&s)[Config::SCORE_TILES][4],
                                const uint32_t (&q)[Config::DIM_STEPS][4], uint32_t k) {
  const uint64_t k_operand = panel_descriptor(k);
  ptx::wgmma_fence();
#pragma unroll
  for (int step = 0; step < Config::DIM_STEPS; ++step)
    ptx::wgmma_rs<ptx::Major::K>(
        typename Config::Element{}, flat(s), q[step],
        ptx::advance_descriptor(k_operand, along_dim<Config::PANELS_DOWN>(step)), step != 0);
  ptx::wgmma_commit_group();
  ptx::wgmma_wait_group<0>();
  ptx::hold_registers(flat(s));
}

// Starts O += P V for the steps of 16 keys from FROM to TO - 1. P stays in registers; V is stored
// by key and read across, so nothing is transposed.
template <class Config, int FROM = 0, int TO = Config::KEY_STEPS>
SPARSEK_DEVICE void start_pv(float (&o)[Config::PANELS_ACROSS][8][4],
                             const uint32_t (&p)[Config::KEY_STEPS][4], uint32_t v) {
  const uint64_t v_operand = panel_descriptor(v);
  ptx::wgmma_fence();
#pragma unroll
  for (int step = FROM; step < TO; ++step) {
#pragma unroll
    for (int across = 0; across < Config::PANELS_ACROSS; ++across)
      ptx::wgmma_rs<ptx::Major::MN>(
          typename Config::Element{}, flat(o[across]), p[step],
          ptx::advance_descriptor(v_operand, along_keys(step) +
                                                 across * Config::PANELS_DOWN * PANEL_BYTES),
          true);
  }
  ptx::wgmma_commit_group();
}

// Until all products are done, those with O among them.
template <class Config>
SPARSEK_DEVICE void finish_pv(float (&o)[Config::PANELS_ACROSS][8][4]) {
  ptx::wgmma_wait_group<0>();
#pragma unroll
  for (int across = 0; across < Config::PANELS_ACROSS; ++across)
    ptx::hold_registers(flat(o[across]));
}

template <class Config>
SPARSEK_DEVICE void multiply_pv(float (&o)[Config::PANELS_ACROSS][8][4],
                                const uint32_t (&p)[Config::KEY_STEPS][4], uint32_t v) {
  start_pv<Config>(o, p, v);
  finish_pv<Config>(o);
}

}  // namespace sparsek::hopper
