// gemm.cu for FP16, taken by a C++ compiler over csrc/emulator. What the orchestrator says before a
// .cu file is said here.
#define SPARSEK_UNSUPPORTED (-1)
#define SPARSEK_FP16 1
#define SPARSEK_BF16 2
#define SPARSEK_DTYPE SPARSEK_FP16

#include "gemm.cu"
