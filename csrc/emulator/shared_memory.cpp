#include "emulator/shared_memory.h"

#include "emulator/cta.h"

namespace emulator {

void SharedMemory::reset(uint32_t bytes) {
  constexpr uint8_t POISON = 0xff;  // NaN as FP16, BF16 and FP32
  bytes_.assign(bytes, POISON);
  chunks_.assign((bytes + CHUNK_BYTES - 1) / CHUNK_BYTES, Chunk{});
  bank_conflicts_ = 0;
}

const uint8_t* SharedMemory::read(uint32_t address, uint32_t bytes, const char* what) {
  Chunk& it = chunk(address, bytes, what);
  if (it.in_flight) fault("%s reads offset %u while a copy fills it", what, address - BASE);
  if (!it.written) fault("%s reads offset %u, never written", what, address - BASE);
  const bool own = it.writer == current_thread();
  const bool same_warp = it.writer / 32 == current_warp();
  const bool seen_by_warp = same_warp && it.write_warp_phase < warp_phase();
  if (!own && !seen_by_warp && it.write_cta_phase == cta_phase())
    fault("%s reads offset %u, written by thread %d with no barrier since", what, address - BASE,
          it.writer);
  if (it.read_cta_phase != cta_phase()) it.reader_warps = 0;
  it.read_cta_phase = cta_phase();
  it.reader_warps |= 1u << current_warp();
  return &bytes_[address - BASE];
}

uint8_t* SharedMemory::write(uint32_t address, uint32_t bytes, const char* what) {
  Chunk& it = chunk(address, bytes, what);
  check_writable(it, address, what);
  stamp_write(it);
  return &bytes_[address - BASE];
}

uint8_t* SharedMemory::start_copy(uint32_t address) {
  Chunk& it = chunk(address, CHUNK_BYTES, "cp.async");
  check_writable(it, address, "cp.async");
  stamp_write(it);
  it.in_flight = true;
  return &bytes_[address - BASE];
}

void SharedMemory::end_copy(uint32_t address) {
  Chunk& it = chunk(address, CHUNK_BYTES, "cp.async");
  it.in_flight = false;
  stamp_write(it);
}

void SharedMemory::count_bank_conflicts(const uint32_t (&addresses)[8]) {
  uint32_t groups = 0;
  for (const uint32_t address : addresses) {
    const uint32_t group = 1u << address / CHUNK_BYTES % 8;
    bank_conflicts_ += (groups & group) != 0;
    groups |= group;
  }
}

SharedMemory::Chunk& SharedMemory::chunk(uint32_t address, uint32_t bytes, const char* what) {
  const uint64_t end = uint64_t{address} + bytes;
  if (address < BASE || end > BASE + bytes_.size())
    fault("%s: shared address %u + %u lies outside the CTA's %zu bytes", what, address, bytes,
          bytes_.size());
  if (address % bytes != 0)
    fault("%s: shared address %u is not %u-byte aligned", what, address, bytes);
  return chunks_[(address - BASE) / CHUNK_BYTES];
}

void SharedMemory::check_writable(Chunk& it, uint32_t address, const char* what) {
  if (it.in_flight) fault("%s writes offset %u while a copy fills it", what, address - BASE);
  const uint32_t others = it.reader_warps & ~(1u << current_warp());
  if (it.read_cta_phase == cta_phase() && others != 0)
    fault("%s writes offset %u, which another warp read with no barrier since", what,
          address - BASE);
  if (it.written && it.write_cta_phase == cta_phase() && it.writer / 32 != current_warp())
    fault("%s writes offset %u, written by thread %d with no barrier since", what, address - BASE,
          it.writer);
}

void SharedMemory::stamp_write(Chunk& it) {
  it.written = true;
  it.writer = current_thread();
  it.write_cta_phase = cta_phase();
  it.write_warp_phase = warp_phase();
}

}  // namespace emulator
