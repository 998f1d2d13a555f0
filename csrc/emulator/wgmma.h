// wgmma: products that a warpgroup issues together and waits for warp by warp.
//
// The accumulators of a thread are taken at issue, replaced by poison, and handed back by the wait
// that covers the last product on them. Beyond PTX, a fence is wanted after every wait.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "emulator/cta.h"
#include "emulator/matrix_operand.h"

namespace emulator {

// One thread's wgmma.mma_async.
struct WgmmaCall {
  float* d = nullptr;  // accumulators, n / 2 of them
  int n = 0;
  bool bf16 = false;
  bool accumulate = false;
  const uint32_t* a_registers = nullptr;  // null: A is in shared memory
  uint64_t a_descriptor = 0;
  bool a_is_mn_major = false;
  uint64_t b_descriptor = 0;
  bool b_is_mn_major = false;

  bool agrees_with(const WgmmaCall& other) const;
};

inline WgmmaCall wgmma_call_of(bool bf16, float* d, int count, uint64_t b, bool b_is_mn_major,
                               bool accumulate) {
  WgmmaCall call;
  call.d = d;
  call.n = 2 * count;
  call.bf16 = bf16;
  call.accumulate = accumulate;
  call.b_descriptor = b;
  call.b_is_mn_major = b_is_mn_major;
  return call;
}

template <int COUNT>
WgmmaCall wgmma_call(sparsek::Half, float (&d)[COUNT], uint64_t b, bool mn_major, bool accumulate) {
  return wgmma_call_of(false, d, COUNT, b, mn_major, accumulate);
}

template <int COUNT>
WgmmaCall wgmma_call(sparsek::BFloat16, float (&d)[COUNT], uint64_t b, bool mn_major,
                     bool accumulate) {
  return wgmma_call_of(true, d, COUNT, b, mn_major, accumulate);
}

class Wgmma {
 public:
  static constexpr int GROUP_THREADS = 128;
  static constexpr int GROUP_WARPS = 4;
  static constexpr int ROWS = 64;
  static constexpr int DEPTH = 16;

  void reset(int threads);

  void fence();
  void issue(const WgmmaCall& call);
  void commit();
  void wait(int pending_groups);
  void check_thread_end() const;

  // Where a warpgroup issued a product, for reports.
  std::string place_of(int warpgroup, uint32_t number) const;

  // One product drawn at random takes effect, in order among those on the same accumulators.
  bool busy() const { return !executable_.empty(); }
  bool land();

 private:
  // Accumulators in flight: D of all products since the threads last owned the registers.
  struct Chain {
    int n;
    std::vector<float> d;  // [64][n]
  };
  struct Product {
    WgmmaCall call;       // of the first thread to arrive
    uint32_t number = 0;  // in its warpgroup, from 1
    int group = 0;
    int arrived = 0;
    int retired = 0;
    bool executed = false;
    std::shared_ptr<Chain> chain;
    const MatrixOperand* a = nullptr;
    const MatrixOperand* b = nullptr;
    std::vector<Event> writes;         // that every issuing thread must have seen
    std::vector<uint32_t> a_at_issue;  // [128][4]
    const uint32_t* a_now[GROUP_THREADS] = {};
    uint32_t retired_at_issue[GROUP_WARPS] = {};  // products each warp had waited for
  };
  struct Group {
    std::deque<std::unique_ptr<Product>> products;  // from number `first` on
    uint32_t first = 1;
    std::vector<std::pair<const char*, int>> places;  // file and line of every product so far
    WaitList waiting;
  };
  struct InFlight {
    float* d;
    int count;
    std::shared_ptr<Chain> chain;
    uint32_t last;  // product
  };
  struct ThreadState {
    uint32_t issued = 0;
    uint32_t retired = 0;
    std::vector<uint32_t> committed;  // newest product of each group
    std::vector<InFlight> in_flight;
    bool fenced = false;
    const char* fenced_from = nullptr;  // the stack at the last fence: its registers
    std::vector<char> fenced_stack;
  };

  ThreadState& mine() { return states_[static_cast<size_t>(current_thread())]; }
  Group& my_group() { return groups_[static_cast<size_t>(current_thread() / GROUP_THREADS)]; }
  Product& product(Group& group, uint32_t number) { return *group.products[number - group.first]; }

  InFlight* own_registers_in_flight(const WgmmaCall& call);
  void check_unchanged_since_fence(const void* registers, size_t bytes, const char* what);
  Product& join_product(const WgmmaCall& call, const InFlight* in_flight);
  void look_at_operand(Product& product, const MatrixOperand& operand, const char* what);
  void hand_over_registers(Product& product, const WgmmaCall& call, InFlight* in_flight);
  void execute(Product& product);
  void check_a_registers(const Product& product) const;
  void retire(Group& group, uint32_t number);
  void take_back_registers(uint32_t number);

  std::vector<ThreadState> states_;
  std::vector<Group> groups_;
  std::vector<Product*> executable_;
  OperandCache operands_;
};

Wgmma& wgmma();

}  // namespace emulator
