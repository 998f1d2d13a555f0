#include "attention/hopper/ping_pong.cuh"

#include "attention/hopper/variants.cuh"

namespace sparsek::hopper {

template Entry kernel_with<PingPong>();

}  // namespace sparsek::hopper
