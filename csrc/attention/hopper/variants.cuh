// How a unit of variants makes its kernels.
#pragma once

#include "attention/hopper/kernel.cuh"
#include "attention/hopper/variants.h"

namespace sparsek::hopper {

template <class Choices>
Entry kernel_with() {
  return attention_hopper<Config<Half, 64, false, Choices>>;
}

}  // namespace sparsek::hopper
