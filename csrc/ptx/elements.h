// The 16-bit element types, as tags: kernels move their bits and never hold one as a number.
#pragma once

namespace sparsek {

struct Half {};
struct BFloat16 {};

}  // namespace sparsek
