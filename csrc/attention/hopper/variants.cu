// The Hopper kernel with other choices than the base's: the headline configuration alone, in a unit
// of its own, so that the base compiles no slower and beside them.
#include "attention/hopper/variants.h"

#include "attention/hopper/ahead.cuh"
#include "attention/hopper/kernel.cuh"
#include "attention/hopper/ping_pong.cuh"

namespace sparsek::hopper {

template <class Choices>
Entry kernel_with() {
  return attention_hopper<Config<Half, 64, false, Choices>>;
}

template Entry kernel_with<LeaderLocates>();
template Entry kernel_with<SpreadLeaders>();
template Entry kernel_with<SplitPv>();
template Entry kernel_with<LateQ>();
template Entry kernel_with<QFirst>();
template Entry kernel_with<Lean>();
template Entry kernel_with<Combined>();
template Entry kernel_with<Ahead>();
template Entry kernel_with<PingPong>();

}  // namespace sparsek::hopper
