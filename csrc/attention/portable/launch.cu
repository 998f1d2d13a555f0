#include "attention/portable/launch.h"

#include "attention/launch.cuh"
#include "attention/portable/kernel.cuh"

namespace sparsek::portable {
namespace {

template <class Element, int DIM, bool CAUSAL>
struct Kernel : Config<Element, DIM, CAUSAL> {
  using C = Config<Element, DIM, CAUSAL>;
  using Params = AttentionParams;

  static auto entry() { return attention_portable<C>; }

  static cudaError_t prepare(const Params& params, Call& call) {
    const int q_blocks = (params.seq + C::BLOCK_Q - 1) / C::BLOCK_Q;
    return make_ready<Kernel>(params, params.batch * params.heads * q_blocks, call);
  }
};

}  // namespace

const Variant* find_variant(bool bf16, int dim, bool causal) {
  return find_variant_of<Kernel>("portable", bf16, dim, causal);
}

}  // namespace sparsek::portable
