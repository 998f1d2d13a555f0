// D[64, 64] = A[64, 64] * B[64, 64]^T as a right kernel does it, and wrong in one place at a time:
// `Flaw` says where. Each flaw is undefined behaviour that a GPU may well forgive.
#include "conformance/probes.cuh"

namespace {

using namespace probes;

// The order is that of FLAWS in test_hopper_races.py.
enum class Flaw {
  NONE,
  READ_BEFORE_WAIT,
  TOO_FEW_BYTES_EXPECTED,
  TOO_MANY_BYTES_EXPECTED,
  WRONG_PARITY,
  UNLOOPED_TRY_WAIT,
  INIT_NOT_FENCED,
  INIT_BEFORE_NO_BARRIER,
  SECOND_INIT,
  ONE_ARRIVAL_TOO_MANY,
  STORE_ONTO_MBARRIER,
  LOAD_OUTSIDE_SHARED,
  LOAD_MISALIGNED,
  LOAD_NOBODY_AWAITS,
  NO_WGMMA_FENCE,
  REGISTERS_WRITTEN_AFTER_FENCE,
  ACCUMULATORS_WRITTEN_IN_FLIGHT,
  A_REGISTERS_WRITTEN_IN_FLIGHT,
  NO_WGMMA_WAIT,
  ONE_WARP_ISSUES_NO_WGMMA,
  WARPS_DISAGREE_ON_DESCRIPTOR,
  OPERAND_OVERWRITTEN_IN_FLIGHT,
  REFILL_AFTER_ONE_WARP_RELEASED,
  RELEASE_WITHOUT_FENCE,
  NO_PROXY_FENCE,
  NO_BARRIER_BEFORE_STORE,
  SOURCE_OVERWRITTEN_BEFORE_READ,
  EXIT_BEFORE_STORE_READ,
  STORE_NEVER_COMMITTED,
  BARRIER_COUNTS_DIFFER,
  BARRIER_ONE_WARP_MISSING,
  REGISTERS_FROM_EMPTY_POOL,
  OUTPUT_WRITTEN_TWICE,
  OUTPUT_NEVER_WRITTEN,
};

constexpr uint32_t TILE_BYTES = 64 * 64 * 2;

struct Shared {
  uint32_t base = ptx::dynamic_shared_memory();
  uint32_t full = base, spare = base + 8, releases = base + 16;
  uint32_t a = base + 1024, b = a + TILE_BYTES, end = b + TILE_BYTES;
};

SPARSEK_DEVICE void load_operands(Flaw flaw, const Shared& smem, const CUtensorMap& a,
                                  const CUtensorMap& b) {
  uint32_t expected = 2 * TILE_BYTES, target = smem.a;
  if (flaw == Flaw::TOO_FEW_BYTES_EXPECTED) expected -= 128;
  if (flaw == Flaw::TOO_MANY_BYTES_EXPECTED) expected += 128;
  if (flaw == Flaw::LOAD_OUTSIDE_SHARED) target = smem.end - 1024;
  if (flaw == Flaw::LOAD_MISALIGNED) target += 128;
  ptx::mbarrier_arrive_expect_tx(smem.full, expected);
  ptx::tma_load_2d(target, &a, smem.full, 0, 0);
  ptx::tma_load_2d(smem.b, &b, smem.full, 0, 0);
  if (flaw == Flaw::ONE_ARRIVAL_TOO_MANY) {
    ptx::mbarrier_init(smem.spare, 1, "spare");
    ptx::mbarrier_expect_tx(smem.spare, 128);  // keeps the phase open
    ptx::mbarrier_arrive(smem.spare);
    ptx::mbarrier_arrive(smem.spare);
  }
}

SPARSEK_DEVICE void set_up(Flaw flaw, const Shared& smem, const CUtensorMap& a,
                           const CUtensorMap& b) {
  if (threadIdx.x == 0) {
    ptx::mbarrier_init(smem.full, 1, "operands", 3);
    if (flaw == Flaw::SECOND_INIT) ptx::mbarrier_init(smem.full, 1, "again");
    ptx::st_shared_b32(smem.releases, 0);
    if (flaw != Flaw::INIT_NOT_FENCED) ptx::fence_mbarrier_init();
    load_operands(flaw, smem, a, b);
  }
  if (flaw != Flaw::INIT_BEFORE_NO_BARRIER) ptx::sync_cta();
  if (flaw == Flaw::STORE_ONTO_MBARRIER && threadIdx.x == 1) ptx::st_shared_b32(smem.full + 4, 0);
}

SPARSEK_DEVICE void multiply(Flaw flaw, const Shared& smem, float (&d)[32]) {
  const int warp = threadIdx.x / WARP_LANES;
  const uint64_t a = ptx::matrix_descriptor(smem.a, 16, 1024, ptx::Swizzle::B128);
  const uint64_t b = ptx::matrix_descriptor(smem.b, 16, 1024, ptx::Swizzle::B128);
  uint32_t fragment[4] = {1, 2, 3, 4};
  if (flaw != Flaw::NO_WGMMA_FENCE) ptx::wgmma_fence();
  if (flaw == Flaw::REGISTERS_WRITTEN_AFTER_FENCE) d[7] = 1.0f;
  if (flaw == Flaw::A_REGISTERS_WRITTEN_IN_FLIGHT)
    ptx::wgmma_rs<Major::K>(Half{}, d, fragment, b, false);
  const bool stays_away = flaw == Flaw::ONE_WARP_ISSUES_NO_WGMMA && warp == 2;
  for (int step = 0; step < 4 && !stays_away; ++step) {
    const int lost = flaw == Flaw::WARPS_DISAGREE_ON_DESCRIPTOR && warp == 3;
    ptx::wgmma_ss<Major::K, Major::K>(Half{}, d, ptx::advance_descriptor(a, 32 * step + 16 * lost),
                                      ptx::advance_descriptor(b, 32 * step), step > 0);
  }
  ptx::wgmma_commit_group();
  if (flaw == Flaw::A_REGISTERS_WRITTEN_IN_FLIGHT) fragment[2] = 7;
  if (flaw == Flaw::ACCUMULATORS_WRITTEN_IN_FLIGHT) d[5] = 1.0f;
  if (flaw == Flaw::OPERAND_OVERWRITTEN_IN_FLIGHT && threadIdx.x == 40)
    ptx::st_shared_b32(smem.a + 4096, 0);
  if (flaw != Flaw::NO_WGMMA_WAIT) ptx::wgmma_wait_group<0>();
  ptx::hold_registers(d);
}

// B again, into its place, once everybody has released it: what a ring does all the time.
SPARSEK_DEVICE void refill(Flaw flaw, const Shared& smem, const CUtensorMap& b) {
  const bool every_warp = flaw != Flaw::REFILL_AFTER_ONE_WARP_RELEASED;
  const bool mine = every_warp ? threadIdx.x % WARP_LANES == 0 : threadIdx.x == 0;
  if (mine) {
    if (flaw != Flaw::RELEASE_WITHOUT_FENCE) ptx::fence_acq_rel_cta();
    const uint32_t before = ptx::atomic_add_relaxed_shared(smem.releases, 1);
    if (before == (every_warp ? 3u : 0u)) {
      if (flaw != Flaw::RELEASE_WITHOUT_FENCE) ptx::fence_acq_rel_cta();
      ptx::mbarrier_arrive_expect_tx(smem.full, TILE_BYTES);
      ptx::tma_load_2d(smem.b, &b, smem.full, 0, 0);
    }
  }
  if (flaw != Flaw::LOAD_NOBODY_AWAITS) ptx::mbarrier_wait_parity(smem.full, 1);
}

SPARSEK_DEVICE void store(Flaw flaw, const Shared& smem, const float (&d)[32],
                          const CUtensorMap& map) {
  const int lane = threadIdx.x % WARP_LANES, row = threadIdx.x / WARP_LANES * 16 + lane % 16;
  const uint32_t row_at = smem.a + row * 128;
  ptx::named_barrier_sync(2, WARPGROUP, "operands read");  // a wait vouches for its own warp alone
  for (int tile = 0; tile < 8; tile += 2) {
    uint32_t fragment[4];
    for (int i = 0; i < 4; ++i)
      fragment[i] = ptx::pack(Half{}, d[4 * tile + 2 * i], d[4 * tile + 2 * i + 1]);
    ptx::stmatrix_x4(row_at + ((tile + lane / 16) ^ (row % 8)) * 16, fragment);
  }
  if (flaw != Flaw::NO_PROXY_FENCE) ptx::fence_proxy_async_shared();
  const int counted = flaw == Flaw::BARRIER_COUNTS_DIFFER && threadIdx.x >= 96 ? 96 : 128;
  const bool missing = flaw == Flaw::BARRIER_ONE_WARP_MISSING && threadIdx.x >= 96;
  if (flaw != Flaw::NO_BARRIER_BEFORE_STORE && !missing)
    ptx::named_barrier_sync(1, counted, "output staged");
  if (threadIdx.x != 0 || flaw == Flaw::OUTPUT_NEVER_WRITTEN) return;
  ptx::tma_store_2d(&map, smem.a, 0, 0);
  if (flaw == Flaw::OUTPUT_WRITTEN_TWICE) ptx::tma_store_2d(&map, smem.a, 0, 0);
  if (flaw != Flaw::STORE_NEVER_COMMITTED) ptx::bulk_commit_group();
  if (flaw == Flaw::SOURCE_OVERWRITTEN_BEFORE_READ) ptx::st_shared_b32(smem.a, 0);
  if (flaw != Flaw::EXIT_BEFORE_STORE_READ) ptx::bulk_wait_group_read<0>();
}

__global__ void tile_product(const __grid_constant__ CUtensorMap a,
                             const __grid_constant__ CUtensorMap b,
                             const __grid_constant__ CUtensorMap output, Flaw flaw) {
  const Shared smem;
  set_up(flaw, smem, a, b);
  if (flaw == Flaw::READ_BEFORE_WAIT) {
    // nothing: wgmma reads what TMA may still be bringing
  } else if (flaw == Flaw::UNLOOPED_TRY_WAIT) {
    ptx::mbarrier_try_wait_parity(smem.full, 0);
  } else {
    ptx::mbarrier_wait_parity(smem.full, flaw == Flaw::WRONG_PARITY ? 1 : 0);
  }
  float d[32] = {};
  multiply(flaw, smem, d);
  refill(flaw, smem, b);
  if (flaw == Flaw::REGISTERS_FROM_EMPTY_POOL) ptx::decrease_registers<64>();
  if (flaw == Flaw::REGISTERS_FROM_EMPTY_POOL) ptx::increase_registers<256>();
  store(flaw, smem, d, output);
}

}  // namespace

extern "C" int races_run(const CUtensorMap* a, const CUtensorMap* b, const CUtensorMap* output,
                         int flaw) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(1);
  config.blockDim = dim3(WARPGROUP);
  config.dynamicSmemBytes = 1024 + 2 * TILE_BYTES;
  return cudaLaunchKernelEx(&config, tile_product, *a, *b, *output, static_cast<Flaw>(flaw));
}
