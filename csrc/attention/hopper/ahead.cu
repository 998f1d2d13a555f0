#include "attention/hopper/ahead.cuh"

#include "attention/hopper/variants.cuh"

namespace sparsek::hopper {

template Entry kernel_with<Ahead>();

}  // namespace sparsek::hopper
