// P V in two halves: while the tensor core multiplies the first half of a block's weights with V,
// the second half is computed. A rival to weighing all and then multiplying all.
#pragma once

#include "attention/hopper/multiply.cuh"
#include "attention/hopper/weights.cuh"

namespace sparsek::hopper {

template <class Config>
SPARSEK_DEVICE void weigh_and_multiply(Output<Config>& o, const Scores<Config>& s,
                                       SoftmaxOf<Config>& softmax, uint32_t v, float scale_log2,
                                       bool first) {
  constexpr int TILES = Config::SCORE_TILES, STEPS = Config::KEY_STEPS;
  Weights<Config> p;
  softmax.template absorb_tiles<0, TILES / 2>(p, s, scale_log2, first);
  start_pv<Config, 0, STEPS / 2>(o, p, v);
  softmax.template absorb_tiles<TILES / 2, TILES>(p, s, scale_log2, first);
  start_pv<Config, STEPS / 2, STEPS>(o, p, v);
  finish_pv<Config>(o);
  ptx::hold_registers(flat(p));  // the tensor core read them until now
}

}  // namespace sparsek::hopper
