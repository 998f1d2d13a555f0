// The Hopper kernel with other choices than the base's: the headline configuration alone, in units of
// their own, so that the base compiles no slower and beside them. Those in the base's order are here;
// each other order has a unit, and an edit of it compiles nothing else.
#include "attention/hopper/variants.cuh"

namespace sparsek::hopper {

template Entry kernel_with<LeaderLocates>();
template Entry kernel_with<SpreadLeaders>();
template Entry kernel_with<SplitPv>();
template Entry kernel_with<LateQ>();
template Entry kernel_with<QFirst>();
template Entry kernel_with<Lean>();
template Entry kernel_with<Combined>();

}  // namespace sparsek::hopper
