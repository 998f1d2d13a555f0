// The kernels that variants.cu, ahead.cu and ping_pong.cu compile, for the host to start.
#pragma once

#include "attention/hopper/choices.h"
#include "attention/hopper/params.h"

namespace sparsek::hopper {

using Entry = void (*)(Params);

// FP16, D = 64, no mask; for each of OtherChoices.
template <class Choices>
Entry kernel_with();

}  // namespace sparsek::hopper
