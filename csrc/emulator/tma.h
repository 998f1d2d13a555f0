// The copy engine: boxes between global and shared memory, landing whenever the schedule says.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <vector>

#include "emulator/cta.h"
#include "emulator/tensor_map.h"

namespace emulator {

class Tma {
 public:
  void reset(int threads);

  void prefetch(const CUtensorMap* map);
  void load(uint32_t destination, const CUtensorMap* map, uint32_t barrier,
            std::initializer_list<int> corner);
  void store(const CUtensorMap* map, uint32_t source, std::initializer_list<int> corner);
  void commit();
  void wait_read(int pending_groups);
  void wait_written(int pending_groups);
  void check_thread_end() const;

  // One step of one operation drawn at random.
  bool loading() const { return !loads_.empty(); }
  bool storing() const { return !stores_.empty(); }
  bool land_load();
  bool land_store();

 private:
  struct Box {
    TensorMap map;
    int corner[TensorMap::MOST_RANK];
    uint32_t shared;  // address
  };
  struct Load {
    Box box;
    uint32_t barrier;
    uint32_t landed_rows;
  };
  struct Store {
    enum class Stage { ISSUED, READ, WRITTEN };
    Box box;
    int thread;
    const char* file;
    int line;
    Stage stage = Stage::ISSUED;
    bool held = true;  // the source is not yet known to be free
    std::vector<uint8_t> source;
  };
  using Group = std::vector<std::shared_ptr<Store>>;
  struct Bulk {
    Group open;
    std::deque<Group> committed;  // oldest first
  };

  static Box box_of(const CUtensorMap* map, std::initializer_list<int> corner, uint32_t shared);
  static void load_rows(const Box& box, uint32_t first, uint32_t count);
  static void land_rows(Load& load, uint32_t count);
  static void write_rows(const Store& store);
  void advance(Store& store);
  void wait(int pending_groups, Store::Stage stage, const char* what);
  Bulk& mine() { return bulk_[static_cast<size_t>(current_thread())]; }

  std::vector<Load> loads_;
  std::vector<std::shared_ptr<Store>> stores_;
  std::vector<Bulk> bulk_;  // per thread
  WaitList waiting_;
};

Tma& tma();

}  // namespace emulator
