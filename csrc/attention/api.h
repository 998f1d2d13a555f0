/* The library's C interface: no torch, no C++, no exceptions, nothing printed. */
#ifndef SPARSEK_ATTENTION_API_H
#define SPARSEK_ATTENTION_API_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever SparsekAttention, SparsekCall's size or the meaning of a code changes. */
#define SPARSEK_ABI_VERSION 3

enum SparsekDType { SPARSEK_FP16 = 0, SPARSEK_BF16 = 1 };

/* Which kernel is to run; any other than AUTO is refused where it cannot. */
enum SparsekKernel {
  SPARSEK_AUTO = 0,     /* hopper where it can run, else portable */
  SPARSEK_PORTABLE = 1, /* any device from compute capability 8.0 on */
  SPARSEK_HOPPER = 2,   /* compute capability 9.0; scale not negative, strides positive */
  /* The Hopper kernel with other choices (hopper/choices.h); FP16, dim 64, no mask alone. */
  SPARSEK_HOPPER_LEADER_LOCATES = 3,
  SPARSEK_HOPPER_SPREAD_LEADERS = 4,
  SPARSEK_HOPPER_SPLIT_PV = 5,
  SPARSEK_HOPPER_LATE_Q = 6,
  SPARSEK_HOPPER_Q_FIRST = 7,
  SPARSEK_HOPPER_LEAN = 8,
  SPARSEK_HOPPER_COMBINED = 9,
  SPARSEK_HOPPER_AHEAD = 10,
  SPARSEK_HOPPER_PING_PONG = 11
};

/* Codes from SPARSEK_CUDA on are cudaError_t + SPARSEK_CUDA. */
enum SparsekError {
  SPARSEK_OK = 0,
  SPARSEK_NULL_POINTER = 1,
  SPARSEK_BAD_SIZE = 2,
  SPARSEK_BAD_DIM = 3,
  SPARSEK_BAD_DTYPE = 4,
  SPARSEK_BAD_ALIGNMENT = 5,
  SPARSEK_BAD_SCALE = 6,
  SPARSEK_TOO_LARGE = 7,
  SPARSEK_OLD_DEVICE = 8,
  SPARSEK_LITTLE_SHARED_MEMORY = 9,
  SPARSEK_BAD_KERNEL = 10,
  SPARSEK_NOT_PREPARED = 11,
  SPARSEK_OTHER_DEVICE = 12,
  SPARSEK_CUDA = 1000
};

/* q, k, v and o are [batch, heads, seq, dim]. Strides are {batch, heads, seq} in elements; dim is
 * contiguous. Pointers are 16-byte aligned and strides multiples of 8 elements (a stride along a
 * dimension of size 1 is ignored). o must not overlap itself or the inputs. */
typedef struct SparsekAttention {
  const void* q;
  const void* k;
  const void* v;
  void* o;
  int64_t q_stride[3];
  int64_t k_stride[3];
  int64_t v_stride[3];
  int64_t o_stride[3];
  int64_t batch;
  int64_t heads;
  int64_t seq;
  int32_t dim;    /* 64 or 128 */
  int32_t dtype;  /* enum SparsekDType */
  int32_t causal; /* 0 or 1: query i sees keys 0 to i */
  float scale;    /* of the scores before softmax; finite, any sign */
  int32_t kernel; /* enum SparsekKernel */
} SparsekAttention;

/* A call made ready, to be launched any number of times; a new one for other pointers. The caller
 * owns it and may copy it or drop it at any time. It keeps the addresses of q, k, v and o, not what
 * lies there; launching it is right as long as these are device memory of that layout. */
typedef struct SparsekCall {
  uint64_t opaque[88];
} SparsekCall;

int sparsek_abi_version(void);

/* Checks `args`, chooses the kernel and makes `call` ready for the current device. Returns a
 * SparsekError; `call` is all zero then. Enqueues nothing and allocates nothing. */
int sparsek_prepare(const SparsekAttention* args, SparsekCall* call);

/* o = softmax(scale * q k^T) v as prepared, enqueued on `stream` (a cudaStream_t) of the device it
 * was prepared for, which must be current. Only reads `call`: threads may share it. Returns a
 * SparsekError; what goes wrong while the kernel runs shows at the next synchronisation. */
int sparsek_launch(const SparsekCall* call, void* stream);

/* sparsek_prepare and sparsek_launch in one. */
int sparsek_attention_forward(const SparsekAttention* args, void* stream);

/* The kernel that sparsek_attention_forward would launch on the current device, or null if it would
 * refuse. */
const char* sparsek_kernel_name(const SparsekAttention* args);

/* One sentence for any code; never null. */
const char* sparsek_error_text(int error);

#ifdef __cplusplus
}
#endif

#endif
