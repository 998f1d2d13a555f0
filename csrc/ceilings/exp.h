/* The C interface of the exponential ceiling: no torch, no C++, no exceptions, nothing printed. */
#ifndef SPARSEK_CEILINGS_EXP_H
#define SPARSEK_CEILINGS_EXP_H

#ifdef __cplusplus
extern "C" {
#endif

enum SparsekExp {
  SPARSEK_EXP_VALUES = 2048, /* floats that one block works on */
  SPARSEK_EXP_STEPS = 4      /* exponentials of one value in one pass */
};

/* Each of blocks * SPARSEK_EXP_VALUES floats x becomes 2^-x, passes * SPARSEK_EXP_STEPS times; what
 * comes of it is written to y, which may be x. Enqueued on `stream` (a cudaStream_t) of the current
 * device. Returns a cudaError_t. */
int sparsek_exp_chains(const float* x, float* y, int blocks, int passes, void* stream);

#ifdef __cplusplus
}
#endif

#endif
