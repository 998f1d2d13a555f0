// A rival order: the warpgroups of a pair take turns. A turn is P V of one block and Q K^T of the
// next, 512 clocks of the tensor core, about what softmax takes the partner.
#pragma once

#include "attention/hopper/kernel.cuh"

namespace sparsek::hopper {

template <class Config>
SPARSEK_DEVICE int attend_strip(In<Order::PING_PONG>, const Ring<Config>& ring,
                                Strip<Config>& strip, Place<Config>& here, const Params& params,
                                int item, int pass, int row, bool last_pass) {
  const Schedule& schedule = params.schedule;
  const int needed = schedule.template blocks_before<Config>(row + Config::STRIP_ROWS);
  const Turns<Config> turns{strip.warpgroup};
  // The last strip of a head may have no partner; then there is nobody to take turns with.
  const bool paired = !turns.begins() || row + Config::STRIP_ROWS < schedule.seq;
  SoftmaxOf<Config> softmax;
  Output<Config> o = {};
  strip.wait();
  if (paired) turns.take();
  ring.wait(here);
  Scores<Config> s;
  multiply_qk<Config>(s, ptx::shuffle_from(strip.at(), 0),
                      ptx::shuffle_from(ring.k(here.stage), 0));
  if (paired) turns.give();
  int block = 0;
#pragma unroll 1
  while (true) {
    inspect<Config>(s, softmax, schedule.seq, row, block);
    Weights<Config> p;
    softmax.absorb(p, s, o, params.scale_log2, block == 0);
    if (paired) turns.take();
    multiply_pv<Config>(o, p, ptx::shuffle_from(ring.v(here.stage), 0));
    if (last_pass) ring.release(here, item, block);
    here.advance();
    if (Config::LATE_Q && block == 0) prefetch_next<Config>(strip, item, pass);
    if (++block == needed) break;
    ring.wait(here);
    multiply_qk<Config>(s, ptx::shuffle_from(strip.at(), 0),
                        ptx::shuffle_from(ring.k(here.stage), 0));
    if (paired) turns.give();
  }
  if (paired) turns.give();
  finish_strip<Config>(o, softmax, strip, params, item, row);
  return needed;
}

}  // namespace sparsek::hopper
