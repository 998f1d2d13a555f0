// A rival order: Q K^T of the next block is queued right behind P V of this one, and both are
// waited for at once. A warpgroup then meets the tensor core once per block, with twice the work.
// The next scores go where this block's were, which takes blocks of 64 keys to fit the registers.
#pragma once

#include "attention/hopper/kernel.cuh"

namespace sparsek::hopper {

template <class Config>
SPARSEK_DEVICE int attend_strip(In<Order::AHEAD>, const Ring<Config>& ring, Strip<Config>& strip,
                                Place<Config>& here, const Params& params, int item, int pass,
                                int row, bool last_pass) {
  const int needed = params.schedule.template blocks_before<Config>(row + Config::STRIP_ROWS);
  SoftmaxOf<Config> softmax;
  Output<Config> o = {};
  Scores<Config> s;
  strip.wait();
  ring.wait(here);
  multiply_qk<Config>(s, ptx::shuffle_from(strip.at(), 0),
                      ptx::shuffle_from(ring.k(here.stage), 0));
  int block = 0;
#pragma unroll 1
  while (true) {
    inspect<Config>(s, softmax, params.schedule.seq, row, block);
    Weights<Config> p;
    softmax.absorb(p, s, o, params.scale_log2, block == 0);
    start_pv<Config>(o, p, ptx::shuffle_from(ring.v(here.stage), 0));
    const Place<Config> done = here;
    here.advance();
    if (block + 1 == needed) {
      finish_pv<Config>(o);
      ptx::hold_registers(flat(p));
      if (last_pass) ring.release(done, item, block);
      break;
    }
    ring.wait(here);
    start_qk<Config>(s, ptx::shuffle_from(strip.at(), 0),
                     ptx::shuffle_from(ring.k(here.stage), 0));
    finish_pv<Config>(o);
    ptx::hold_registers(flat(s));
    ptx::hold_registers(flat(p));
    if (last_pass) ring.release(done, item, block);
    if (Config::LATE_Q && block == 0) prefetch_next<Config>(strip, item, pass);
    ++block;
  }
  finish_strip<Config>(o, softmax, strip, params, item, row);
  return needed;
}

}  // namespace sparsek::hopper
