#include "emulator/shared_memory.h"

#include <algorithm>

#include "emulator/cta.h"
#include "emulator/wgmma.h"

namespace emulator {
namespace {

constexpr int WARPS_IN_GROUP = 4;

Event now(int thread) {
  const Sources& sources = cta_sources();
  const uint16_t source = sources.thread(thread);
  return {source, threads().at(thread).clock.at(source)};
}

bool seen(Event event) { return threads().running().clock.has_seen(event); }

int warp_of(Event event) { return event.source / WARP_LANES; }

bool in_running_warp(Event event) {
  const Sources& sources = cta_sources();
  if (sources.is_thread(event.source)) return warp_of(event) == current_warp();
  return event.source == sources.collectives_of_warp(current_warp());
}

std::string named(Event event) {
  if (cta_sources().is_mbarrier(event.source)) return "a TMA load";
  return "thread " + std::to_string(event.source);
}

}  // namespace

void SharedMemory::reset(uint32_t bytes, int threads) {
  constexpr uint8_t POISON = 0xff;  // NaN as FP16, BF16 and FP32
  bytes_.assign((bytes + CHUNK_BYTES - 1) / CHUNK_BYTES * CHUNK_BYTES, POISON);
  chunks_.assign(bytes_.size() / CHUNK_BYTES, Chunk{});
  bytes_.resize(bytes);
  unfenced_.assign(static_cast<size_t>(threads), {});
  bank_conflicts_ = 0;
}

const uint8_t* SharedMemory::read(uint32_t address, uint32_t bytes, const char* what) {
  Chunk& it = checked_chunk(address, bytes, what);
  check_readable(it, address, what);
  const Sources& sources = cta_sources();
  // A warp-wide instruction reads for all its lanes: any of them may vouch for it afterwards.
  const uint16_t warp = sources.collectives_of_warp(current_warp());
  const Event mine =
      in_collective() ? Event{warp, threads().running().clock.at(warp) + 1} : now(current_thread());
  for (Event& reader : it.readers) {
    if (reader.source != mine.source && !seen(reader)) continue;
    reader = mine;
    return bytes_at(address);
  }
  it.readers.push_back(mine);
  return bytes_at(address);
}

uint8_t* SharedMemory::write(uint32_t address, uint32_t bytes, const char* what, int thread) {
  Chunk& it = checked_chunk(address, bytes, what);
  check_writable(it, address, what);
  const int writer = thread < 0 ? current_thread() : thread;
  if (!it.unfenced || it.writer.source != cta_sources().thread(writer))
    unfenced_[static_cast<size_t>(writer)].push_back((address - BASE) / CHUNK_BYTES);
  it.written = it.unfenced = true;
  it.writer = now(writer);
  it.readers.clear();
  return bytes_at(address);
}

uint8_t* SharedMemory::atomic(uint32_t address, uint32_t bytes, const char* what) {
  check_readable(checked_chunk(address, bytes, what), address, what);
  return bytes_at(address);
}

uint8_t* SharedMemory::start_copy(uint32_t address) {
  uint8_t* target = write(address, CHUNK_BYTES, "cp.async");
  chunk(address).in_flight = true;
  return target;
}

void SharedMemory::end_copy(uint32_t address) {
  Chunk& it = chunk(address);
  it.in_flight = false;
  it.writer = now(current_thread());
}

void SharedMemory::start_load(uint32_t address, uint32_t bytes) {
  constexpr const char* WHAT = "a TMA load";
  require_inside(address, bytes, WHAT);
  for (uint32_t a = address; a < address + bytes; a += CHUNK_BYTES) {
    Chunk& it = chunk(a);
    check_writable(it, a, WHAT);
    if (it.unfenced)
      fault("%s fills offset %u, which %s wrote with no fence.proxy.async since", WHAT, a - BASE,
            named(it.writer).c_str());
    if (it.written && !seen(it.fence))
      fault("%s fills offset %u, which %s wrote and fenced, with no barrier since the fence", WHAT,
            a - BASE, named(it.writer).c_str());
    it.in_flight = true;
    it.readers.clear();
  }
}

void SharedMemory::end_load(uint32_t address, uint32_t bytes, Event arrival) {
  for (uint32_t a = address; a < address + bytes; a += CHUNK_BYTES) {
    Chunk& it = chunk(a);
    it.in_flight = false;
    it.written = true;
    it.unfenced = false;
    it.writer = it.fence = arrival;
  }
}

Event SharedMemory::operand_written(uint32_t address, const char* what) {
  const Chunk& it = checked_chunk(address, CHUNK_BYTES, what);
  if (it.in_flight) fault("%s reads offset %u while a copy fills it", what, address - BASE);
  if (!it.written) fault("%s reads offset %u, never written", what, address - BASE);
  if (it.unfenced)
    fault("%s reads offset %u, which %s wrote with no fence.proxy.async since", what,
          address - BASE, named(it.writer).c_str());
  return it.fence;
}

void SharedMemory::product_reads(uint32_t address, int warpgroup, uint32_t product) {
  chunk(address).products[warpgroup] = product;
}

void SharedMemory::start_store(uint32_t address, uint32_t bytes) {
  constexpr const char* WHAT = "a TMA store";
  require_inside(address, bytes, WHAT);
  for (uint32_t a = address; a < address + bytes; a += CHUNK_BYTES) {
    require_seen(operand_written(a, WHAT), a, WHAT);
    ++chunk(a).stores;
  }
}

void SharedMemory::end_store(uint32_t address, uint32_t bytes) {
  for (uint32_t a = address; a < address + bytes; a += CHUNK_BYTES) {
    Chunk& it = chunk(a);
    --it.stores;
    it.readers.push_back(now(current_thread()));
  }
}

void SharedMemory::reserve(uint32_t address) {
  chunk(address).mbarriers |= static_cast<uint8_t>(1u << (address / 8 % 2));
}

void SharedMemory::release(uint32_t address) {
  chunk(address).mbarriers &= static_cast<uint8_t>(~(1u << (address / 8 % 2)));
}

void SharedMemory::fence_proxy() {
  const Event mine = now(current_thread());
  auto& mine_unfenced = unfenced_[static_cast<size_t>(current_thread())];
  for (const uint32_t index : mine_unfenced) {
    Chunk& it = chunks_[index];
    if (!it.unfenced || it.writer.source != mine.source) continue;
    it.unfenced = false;
    it.fence = mine;
  }
  mine_unfenced.clear();
}

void SharedMemory::count_bank_conflicts(const uint32_t (&addresses)[8]) {
  uint32_t groups = 0;
  for (const uint32_t address : addresses) {
    const uint32_t group = 1u << address / CHUNK_BYTES % 8;
    bank_conflicts_ += (groups & group) != 0;
    groups |= group;
  }
}

void SharedMemory::require_inside(uint32_t address, uint32_t bytes, const char* what) const {
  const uint64_t end = uint64_t{address} + bytes;
  if (address < BASE || end > BASE + bytes_.size())
    fault("%s: shared address %u + %u lies outside the CTA's %zu bytes", what, address, bytes,
          bytes_.size());
}

SharedMemory::Chunk& SharedMemory::checked_chunk(uint32_t address, uint32_t bytes,
                                                 const char* what) {
  require_inside(address, bytes, what);
  if (address % bytes != 0)
    fault("%s: shared address %u is not %u-byte aligned", what, address, bytes);
  Chunk& it = chunk(address);
  const unsigned halves = bytes > 8 ? 3u : 1u << (address / 8 % 2);
  if ((it.mbarriers & halves) != 0)
    fault("%s touches an mbarrier at offset %u", what, address - BASE);
  return it;
}

void SharedMemory::require_seen(Event write, uint32_t address, const char* what) {
  if (seen(write)) return;
  if (cta_sources().is_mbarrier(write.source))
    fault("%s reads offset %u, loaded by TMA, and this thread has not waited on its mbarrier", what,
          address - BASE);
  fault("%s reads offset %u, written by %s with no barrier since", what, address - BASE,
        named(write).c_str());
}

void SharedMemory::check_readable(const Chunk& it, uint32_t address, const char* what) {
  if (it.in_flight) fault("%s reads offset %u while a copy fills it", what, address - BASE);
  if (!it.written) fault("%s reads offset %u, never written", what, address - BASE);
  require_seen(it.writer, address, what);
}

void SharedMemory::check_writable(const Chunk& it, uint32_t address, const char* what) {
  const uint32_t offset = address - BASE;
  if (it.in_flight) fault("%s writes offset %u while a copy fills it", what, offset);
  if (it.stores > 0)
    fault("%s writes offset %u while a TMA store that reads it was not waited for", what, offset);
  check_products(it, address, what);
  for (const Event reader : it.readers)
    if (!seen(reader) && !in_running_warp(reader))
      fault("%s writes offset %u, which another warp read with no barrier since", what, offset);
  if (it.written && !seen(it.writer) && !in_running_warp(it.writer))
    fault("%s writes offset %u, written by %s with no barrier since", what, offset,
          named(it.writer).c_str());
}

void SharedMemory::check_products(const Chunk& it, uint32_t address, const char* what) {
  const Clock& mine = threads().running().clock;
  for (int group = 0; group < MOST_WARPGROUPS; ++group) {
    if (it.products[group] == 0) continue;
    for (int warp = group * WARPS_IN_GROUP; warp < (group + 1) * WARPS_IN_GROUP; ++warp)
      if (mine.at(cta_sources().products_of_warp(warp)) < it.products[group])
        fault(
            "%s writes offset %u while the wgmma of warpgroup %d at %s may read it: nothing tells "
            "this thread that warp %d has waited for it",
            what, address - BASE, group, wgmma().place_of(group, it.products[group]).c_str(), warp);
  }
}

}  // namespace emulator
