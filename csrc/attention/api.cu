#include "attention/api.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "attention/hopper/launch.h"
#include "attention/portable/launch.h"

namespace sparsek {
namespace {

constexpr float LOG2_E = 1.4426950408889634f;
constexpr uint32_t BOTH_SIGN_BITS = 0x80008000u;
constexpr int64_t MOST_CTAS = std::numeric_limits<int32_t>::max();  // gridDim.x, all since sm_30
// Key and query indices, rounded up to a whole tile, must stay below 2^31.
constexpr int64_t LONGEST_SEQ = std::numeric_limits<int32_t>::max() - 1024;
constexpr int64_t ROW_ALIGNMENT_BYTES = 16;  // of cp.async and 16-byte stores
constexpr int64_t ELEMENT_BYTES = 2;
constexpr int OLDEST_CAPABILITY_MAJOR = 8;  // cp.async and mma.m16n8k16 came with sm_80
// Stands for a scale of zero: small enough that every finite score becomes 0, large enough that
// a hidden key's -infinity does not become NaN.
constexpr float SMALLEST_SCALE_LOG2 = 1e-30f;

bool aligned(const void* data, const int64_t (&stride)[3], const SparsekAttention& args) {
  const int64_t sizes[3] = {args.batch, args.heads, args.seq};
  if (reinterpret_cast<uintptr_t>(data) % ROW_ALIGNMENT_BYTES != 0) return false;
  for (int axis = 0; axis < 3; ++axis)
    if (sizes[axis] > 1 && stride[axis] * ELEMENT_BYTES % ROW_ALIGNMENT_BYTES != 0) return false;
  return true;
}

bool sizes_fit(const SparsekAttention& args, int block_q) {
  if (args.seq > LONGEST_SEQ || args.heads > MOST_CTAS || args.batch > MOST_CTAS) return false;
  const int64_t blocks = (args.seq + block_q - 1) / block_q;
  return args.heads <= MOST_CTAS / blocks && args.batch <= MOST_CTAS / blocks / args.heads;
}

int refuse(const SparsekAttention* args) {
  if (args == nullptr || !args->q || !args->k || !args->v || !args->o) return SPARSEK_NULL_POINTER;
  if (args->batch < 1 || args->heads < 1 || args->seq < 1) return SPARSEK_BAD_SIZE;
  if (args->dim != 64 && args->dim != 128) return SPARSEK_BAD_DIM;
  if (args->dtype != SPARSEK_FP16 && args->dtype != SPARSEK_BF16) return SPARSEK_BAD_DTYPE;
  if (!aligned(args->q, args->q_stride, *args) || !aligned(args->k, args->k_stride, *args) ||
      !aligned(args->v, args->v_stride, *args) || !aligned(args->o, args->o_stride, *args))
    return SPARSEK_BAD_ALIGNMENT;
  if (!std::isfinite(args->scale * LOG2_E)) return SPARSEK_BAD_SCALE;
  return SPARSEK_OK;
}

struct Device {
  int capability_major;
  int shared_bytes;  // that one CTA may have
};

int read_device(Device& device) {
  int current = 0;
  cudaError_t failed = cudaGetDevice(&current);
  if (failed == cudaSuccess)
    failed = cudaDeviceGetAttribute(&device.capability_major, cudaDevAttrComputeCapabilityMajor,
                                    current);
  if (failed == cudaSuccess)
    failed = cudaDeviceGetAttribute(&device.shared_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin,
                                    current);
  if (failed != cudaSuccess) return SPARSEK_CUDA + failed;
  return device.capability_major < OLDEST_CAPABILITY_MAJOR ? SPARSEK_OLD_DEVICE : SPARSEK_OK;
}

RowsIn rows_in(const void* data, const int64_t (&stride)[3]) {
  return {static_cast<const uint16_t*>(data), stride[0], stride[1], stride[2]};
}

AttentionParams params_of(const SparsekAttention& args) {
  AttentionParams params = {};
  params.q = rows_in(args.q, args.q_stride);
  params.k = rows_in(args.k, args.k_stride);
  params.v = rows_in(args.v, args.v_stride);
  params.o = {static_cast<uint16_t*>(args.o), args.o_stride[0], args.o_stride[1], args.o_stride[2]};
  params.batch = static_cast<int>(args.batch);
  params.heads = static_cast<int>(args.heads);
  params.seq = static_cast<int>(args.seq);
  params.scale_log2 = std::fmax(std::fabs(args.scale) * LOG2_E, SMALLEST_SCALE_LOG2);
  params.query_sign = std::signbit(args.scale) ? BOTH_SIGN_BITS : 0u;
  return params;
}

bool hopper_can(const SparsekAttention& args, const Device& device, const Variant& variant) {
  return device.capability_major == hopper::CAPABILITY_MAJOR &&
         device.shared_bytes >= variant.shared_bytes && sizes_fit(args, variant.block_q) &&
         hopper::supports(params_of(args));
}

// What is to run, if nothing refuses.
int choose(const SparsekAttention* args, const Variant** chosen) {
  if (const int refused = refuse(args)) return refused;
  const bool bf16 = args->dtype == SPARSEK_BF16, causal = args->causal != 0;
  const Variant& on_any = *portable::find_variant(bf16, args->dim, causal);
  const int choices = std::max<int>(SPARSEK_HOPPER, args->kernel) - SPARSEK_HOPPER;
  const Variant* on_hopper = hopper::find_variant(bf16, args->dim, causal, choices);
  if (!sizes_fit(*args, on_any.block_q)) return SPARSEK_TOO_LARGE;
  Device device = {};
  if (const int refused = read_device(device)) return refused;
  if (on_hopper != nullptr && !hopper_can(*args, device, *on_hopper)) on_hopper = nullptr;
  switch (args->kernel) {
    case SPARSEK_AUTO: *chosen = on_hopper != nullptr ? on_hopper : &on_any; break;
    case SPARSEK_PORTABLE: *chosen = &on_any; break;
    default: *chosen = args->kernel < 0 ? nullptr : on_hopper;
  }
  if (*chosen == nullptr) return SPARSEK_BAD_KERNEL;
  return device.shared_bytes < (*chosen)->shared_bytes ? SPARSEK_LITTLE_SHARED_MEMORY : SPARSEK_OK;
}

static_assert(sizeof(Call) <= sizeof(SparsekCall), "a caller's SparsekCall must hold a Call");

}  // namespace
}  // namespace sparsek

using namespace sparsek;

int sparsek_abi_version(void) { return SPARSEK_ABI_VERSION; }

int sparsek_prepare(const SparsekAttention* args, SparsekCall* call) {
  if (call == nullptr) return SPARSEK_NULL_POINTER;
  *call = SparsekCall{};
  const Variant* variant = nullptr;
  if (const int refused = choose(args, &variant)) return refused;
  Call ready = {};
  cudaError_t failed = cudaGetDevice(&ready.device);
  if (failed == cudaSuccess) failed = variant->prepare(params_of(*args), ready);
  if (failed != cudaSuccess) return SPARSEK_CUDA + failed;
  std::memcpy(call, &ready, sizeof ready);
  return SPARSEK_OK;
}

int sparsek_launch(const SparsekCall* call, void* stream) {
  if (call == nullptr) return SPARSEK_NULL_POINTER;
  Call ready;
  std::memcpy(&ready, call, sizeof ready);
  if (ready.launch == nullptr) return SPARSEK_NOT_PREPARED;
  int device = 0;
  cudaError_t failed = cudaGetDevice(&device);
  if (failed == cudaSuccess && device != ready.device) return SPARSEK_OTHER_DEVICE;
  if (failed == cudaSuccess) failed = ready.launch(ready, static_cast<cudaStream_t>(stream));
  return failed == cudaSuccess ? SPARSEK_OK : SPARSEK_CUDA + failed;
}

int sparsek_attention_forward(const SparsekAttention* args, void* stream) {
  SparsekCall call;
  const int refused = sparsek_prepare(args, &call);
  return refused ? refused : sparsek_launch(&call, stream);
}

const char* sparsek_kernel_name(const SparsekAttention* args) {
  const Variant* variant = nullptr;
  return choose(args, &variant) == SPARSEK_OK ? variant->name : nullptr;
}

const char* sparsek_error_text(int error) {
  if (error >= SPARSEK_CUDA)
    return cudaGetErrorString(static_cast<cudaError_t>(error - SPARSEK_CUDA));
  switch (error) {
    case SPARSEK_OK: return "no error";
    case SPARSEK_NULL_POINTER: return "a pointer is null";
    case SPARSEK_BAD_SIZE: return "batch, heads and seq must be at least 1";
    case SPARSEK_BAD_DIM: return "the head dimension must be 64 or 128";
    case SPARSEK_BAD_DTYPE: return "the element type must be FP16 or BF16";
    case SPARSEK_BAD_ALIGNMENT: return "rows must start at multiples of 16 bytes";
    case SPARSEK_BAD_SCALE: return "the scale must be finite";
    case SPARSEK_TOO_LARGE: return "batch * heads * query blocks must stay below 2^31";
    case SPARSEK_OLD_DEVICE: return "the device is older than compute capability 8.0";
    case SPARSEK_LITTLE_SHARED_MEMORY: return "the device has too little shared memory per block";
    case SPARSEK_BAD_KERNEL: return "the kernel asked for cannot run this here";
    case SPARSEK_NOT_PREPARED: return "the call was not prepared";
    case SPARSEK_OTHER_DEVICE: return "the call was prepared for another device";
    default: return "an error code this library does not know";
  }
}
