// TMA: the copy engine moves boxes of a tensor between global and shared memory, laid out and
// swizzled as a tensor map says. One thread issues; coordinates count elements, innermost first.
//
// Elements outside the tensor arrive as zeros (and count as bytes) on loads, and are not written
// on stores. The shared address is 128-byte aligned, with a swizzle aligned to the repeat of its
// pattern: 256, 512 or 1024 bytes for 32B, 64B, 128B.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cp-async-bulk-tensor
#pragma once

#include <cuda.h>

#include "ptx/caller.cuh"
#include "ptx/target.cuh"

#ifndef __CUDACC__
#include "emulator/tma.h"
#endif

namespace sparsek::ptx {

// prefetch.tensormap: the map's 128 bytes into the cache the copy engine reads them from.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-prefetch-prefetchu
SPARSEK_DEVICE void prefetch_tensor_map(const CUtensorMap* map, SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory");
#else
  emulator::step("prefetch.tensormap", file, line);
  emulator::tma().prefetch(map);
#endif
}

// cp.async.bulk.tensor.2d, global to shared: completes box bytes on `barrier`.
SPARSEK_DEVICE void tma_load_2d(uint32_t destination, const CUtensorMap* map, uint32_t barrier,
                                int c0, int c1, SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%3, %4}], [%2];" ::"r"(destination),
      "l"(map), "r"(barrier), "r"(c0), "r"(c1)
      : "memory");
#else
  emulator::step("cp.async.bulk.tensor load", file, line);
  emulator::tma().load(destination, map, barrier, {c0, c1});
#endif
}

// cp.async.bulk.tensor.3d, global to shared.
SPARSEK_DEVICE void tma_load_3d(uint32_t destination, const CUtensorMap* map, uint32_t barrier,
                                int c0, int c1, int c2, SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%3, %4, %5}], [%2];" ::"r"(destination),
      "l"(map), "r"(barrier), "r"(c0), "r"(c1), "r"(c2)
      : "memory");
#else
  emulator::step("cp.async.bulk.tensor load", file, line);
  emulator::tma().load(destination, map, barrier, {c0, c1, c2});
#endif
}

// cp.async.bulk.tensor.4d, global to shared.
SPARSEK_DEVICE void tma_load_4d(uint32_t destination, const CUtensorMap* map, uint32_t barrier,
                                int c0, int c1, int c2, int c3, SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(destination),
      "l"(map), "r"(barrier), "r"(c0), "r"(c1), "r"(c2), "r"(c3)
      : "memory");
#else
  emulator::step("cp.async.bulk.tensor load", file, line);
  emulator::tma().load(destination, map, barrier, {c0, c1, c2, c3});
#endif
}

// cp.async.bulk.tensor.2d, shared to global: part of this thread's open bulk group.
SPARSEK_DEVICE void tma_store_2d(const CUtensorMap* map, uint32_t source, int c0, int c1,
                                 SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile(
      "cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [%0, {%2, %3}], [%1];" ::"l"(map),
      "r"(source), "r"(c0), "r"(c1)
      : "memory");
#else
  emulator::step("cp.async.bulk.tensor store", file, line);
  emulator::tma().store(map, source, {c0, c1});
#endif
}

// cp.async.bulk.tensor.3d, shared to global.
SPARSEK_DEVICE void tma_store_3d(const CUtensorMap* map, uint32_t source, int c0, int c1, int c2,
                                 SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile(
      "cp.async.bulk.tensor.3d.global.shared::cta.tile.bulk_group [%0, {%2, %3, %4}], [%1];" ::"l"(
          map),
      "r"(source), "r"(c0), "r"(c1), "r"(c2)
      : "memory");
#else
  emulator::step("cp.async.bulk.tensor store", file, line);
  emulator::tma().store(map, source, {c0, c1, c2});
#endif
}

// cp.async.bulk.tensor.4d, shared to global.
SPARSEK_DEVICE void tma_store_4d(const CUtensorMap* map, uint32_t source, int c0, int c1, int c2,
                                 int c3, SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile(
      "cp.async.bulk.tensor.4d.global.shared::cta.tile.bulk_group [%0, {%2, %3, %4, %5}], "
      "[%1];" ::"l"(map),
      "r"(source), "r"(c0), "r"(c1), "r"(c2), "r"(c3)
      : "memory");
#else
  emulator::step("cp.async.bulk.tensor store", file, line);
  emulator::tma().store(map, source, {c0, c1, c2, c3});
#endif
}

// cp.async.bulk.commit_group: closes the group of all stores this thread issued since the last one.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cp-async-bulk-commit-group
SPARSEK_DEVICE void bulk_commit_group(SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
#else
  emulator::step("cp.async.bulk.commit_group", file, line);
  emulator::tma().commit();
#endif
}

// cp.async.bulk.wait_group.read: until all but this thread's PENDING newest groups have read their
// sources, which may then be overwritten.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cp-async-bulk-wait-group
template <int PENDING>
SPARSEK_DEVICE void bulk_wait_group_read(SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(PENDING) : "memory");
#else
  emulator::step("cp.async.bulk.wait_group.read", file, line);
  emulator::tma().wait_read(PENDING);
#endif
}

// cp.async.bulk.wait_group: until all but this thread's PENDING newest groups are written.
// https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cp-async-bulk-wait-group
template <int PENDING>
SPARSEK_DEVICE void bulk_wait_group(SPARSEK_CALLER) {
#ifdef __CUDACC__
  asm volatile("cp.async.bulk.wait_group %0;" ::"n"(PENDING) : "memory");
#else
  emulator::step("cp.async.bulk.wait_group", file, line);
  emulator::tma().wait_written(PENDING);
#endif
}

}  // namespace sparsek::ptx
