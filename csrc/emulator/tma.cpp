#include "emulator/tma.h"

#include <algorithm>
#include <cstring>

#include "emulator/mbarriers.h"
#include "emulator/output_shadow.h"

namespace emulator {
namespace {

constexpr uint32_t PIECE = SharedMemory::CHUNK_BYTES;

// Calls visit(shared address, first element's global address, elements inside) for each 16-byte
// piece of rows [first, first + count); elements count from the piece's start. A piece wholly
// outside has none. Coordinates below zero are outside too, so a piece may start outside.
template <class Box, class Visit>
void each_piece(const Box& box, uint32_t first, uint32_t count, const Visit& visit) {
  const TensorMap& map = box.map;
  for (uint32_t row = first; row < first + count; ++row) {
    uint8_t* global = map.base;
    bool inside = true;
    uint32_t rest = row;
    for (int i = 1; i < map.rank; ++i) {
      const int64_t index = int64_t{box.corner[i]} + rest % map.box[i];
      rest /= map.box[i];
      inside = inside && index >= 0 && index <= map.last_index[i];
      if (inside) global += static_cast<uint64_t>(index) * map.stride_bytes[i - 1];
    }
    for (uint32_t offset = 0; offset < map.row_bytes(); offset += PIECE) {
      const uint32_t address = swizzled(box.shared + row * map.row_bytes() + offset, map.swizzle);
      const int64_t index = int64_t{box.corner[0]} + offset / map.element_bytes;
      const int64_t elements = PIECE / map.element_bytes;
      const int64_t skip = std::clamp<int64_t>(-index, 0, elements);
      const int64_t end = std::clamp<int64_t>(int64_t{map.last_index[0]} + 1 - index, 0, elements);
      visit(address, global + index * map.element_bytes, inside && skip < end ? skip : 0,
            inside && skip < end ? end : 0);
    }
  }
}

}  // namespace

void Tma::reset(int threads) {
  loads_.clear();
  stores_.clear();
  bulk_.assign(static_cast<size_t>(threads), Bulk{});
  waiting_.clear();
}

void Tma::prefetch(const CUtensorMap* map) { TensorMap::of(map); }

Tma::Box Tma::box_of(const CUtensorMap* map, std::initializer_list<int> corner, uint32_t shared) {
  Box box{TensorMap::of(map), {}, shared};
  if (corner.size() != box.map.rank)
    fault("%zu coordinates for a tensor map of rank %d", corner.size(), box.map.rank);
  std::copy(corner.begin(), corner.end(), box.corner);
  if (shared % box.map.alignment() != 0)
    fault("shared address %u is not %u-byte aligned", shared, box.map.alignment());
  return box;
}

void Tma::load(uint32_t destination, const CUtensorMap* map, uint32_t barrier,
               std::initializer_list<int> corner) {
  Load load{box_of(map, corner, destination), barrier, 0};
  const uint32_t bytes = load.box.map.box_bytes();
  shared().start_load(destination, bytes);
  mbarriers().start_load(barrier, destination, bytes);
  const uint16_t poison = cta_schedule().huge_poison ? 0x7b00 : 0x7e01;  // 57344 or NaN, as FP16
  for (uint32_t i = 0; i < bytes; i += sizeof poison)
    std::memcpy(shared().bytes_at(destination + i), &poison, sizeof poison);
  if (cta_schedule().loads == Landing::EARLY) return land_rows(load, load.box.map.rows());
  loads_.push_back(load);
}

bool Tma::land_load() {
  const size_t chosen = random().below(loads_.size());
  Load load = loads_[chosen];
  const auto rows = load.box.map.rows() - load.landed_rows;
  const auto count = random().one_in(2) ? rows : static_cast<uint32_t>(1 + random().below(rows));
  loads_[chosen].landed_rows += count;
  if (count == rows) loads_.erase(loads_.begin() + static_cast<std::ptrdiff_t>(chosen));
  land_rows(load, count);
  return true;
}

void Tma::land_rows(Load& load, uint32_t count) {
  load_rows(load.box, load.landed_rows, count);
  mbarriers().complete_bytes(load.barrier, load.box.shared, count * load.box.map.row_bytes());
}

void Tma::load_rows(const Box& box, uint32_t first, uint32_t count) {
  const size_t size = box.map.element_bytes;
  each_piece(
      box, first, count, [&](uint32_t address, const uint8_t* global, int64_t skip, int64_t end) {
        uint8_t* target = shared().bytes_at(address);
        if (end - skip < static_cast<int64_t>(PIECE / size)) std::memset(target, 0, PIECE);
        const size_t start = static_cast<size_t>(skip) * size;
        if (end > skip)
          std::memcpy(target + start, global + start, static_cast<size_t>(end - skip) * size);
      });
}

void Tma::store(const CUtensorMap* map, uint32_t source, std::initializer_list<int> corner) {
  auto store = std::make_shared<Store>();
  store->box = box_of(map, corner, source);
  store->thread = current_thread();
  store->file = threads().running().file;
  store->line = threads().running().line;
  const uint32_t bytes = store->box.map.box_bytes();
  shared().start_store(source, bytes);
  store->source.assign(shared().bytes_at(source), shared().bytes_at(source) + bytes);
  mine().open.push_back(store);
  if (cta_schedule().stores == Landing::EARLY) {
    advance(*store);
    advance(*store);
  } else {
    stores_.push_back(std::move(store));
  }
}

bool Tma::land_store() {
  const size_t chosen = random().below(stores_.size());
  const std::shared_ptr<Store> store = stores_[chosen];
  advance(*store);
  if (store->stage == Store::Stage::WRITTEN)
    stores_.erase(stores_.begin() + static_cast<std::ptrdiff_t>(chosen));
  return true;
}

void Tma::advance(Store& store) {
  if (store.stage == Store::Stage::ISSUED) {
    // Generic writes were refused while the source was held; this finds all others.
    const uint8_t* now = shared().bytes_at(store.box.shared);
    if (std::memcmp(now, store.source.data(), store.source.size()) != 0)
      fault("the source of the TMA store that thread %d issued at %s changed before it was read",
            store.thread, place(store.file, store.line).c_str());
    store.stage = Store::Stage::READ;
  } else {
    write_rows(store);
    store.stage = Store::Stage::WRITTEN;
  }
  threads().wake(waiting_);
}

void Tma::write_rows(const Store& store) {
  const size_t size = store.box.map.element_bytes;
  each_piece(store.box, 0, store.box.map.rows(),
             [&](uint32_t address, uint8_t* global, int64_t skip, int64_t end) {
               if (end <= skip) return;
               const size_t start = static_cast<size_t>(skip) * size;
               const size_t bytes = static_cast<size_t>(end - skip) * size;
               output_shadow().write(global + start, bytes, store.thread, store.file, store.line);
               std::memcpy(global + start, &store.source[address - store.box.shared + start],
                           bytes);
             });
}

void Tma::commit() {
  mine().committed.push_back(std::move(mine().open));
  mine().open.clear();
}

void Tma::wait_read(int pending_groups) {
  wait(pending_groups, Store::Stage::READ, "cp.async.bulk.wait_group.read");
}

void Tma::wait_written(int pending_groups) {
  wait(pending_groups, Store::Stage::WRITTEN, "cp.async.bulk.wait_group");
  Bulk& bulk = mine();
  while (bulk.committed.size() > static_cast<size_t>(pending_groups)) bulk.committed.pop_front();
}

void Tma::wait(int pending_groups, Store::Stage stage, const char* what) {
  Bulk& bulk = mine();
  for (size_t group = 0; group + static_cast<size_t>(pending_groups) < bulk.committed.size();
       ++group) {
    for (const auto& store : bulk.committed[group]) {
      while (store->stage < stage) threads().wait(waiting_, {what});
      if (!store->held) continue;
      store->held = false;
      shared().end_store(store->box.shared, static_cast<uint32_t>(store->source.size()));
    }
  }
}

void Tma::check_thread_end() const {
  const Bulk& bulk = bulk_[static_cast<size_t>(current_thread())];
  if (!bulk.open.empty()) fault("the thread ends with a TMA store never committed");
  for (const Group& group : bulk.committed)
    for (const auto& store : group)
      if (store->held)
        fault(
            "the thread ends and never waited until the TMA store it issued at %s had read shared "
            "memory",
            place(store->file, store->line).c_str());
}

}  // namespace emulator
