// What the Hopper kernel might do in another way. Every choice gives the same results; which is
// fastest, only a GPU can tell, so each waits beside the base as a variant of its own.
#pragma once

namespace sparsek::hopper {

// When a warpgroup multiplies.
enum class Order {
  ALTERNATE,  // Q K^T, softmax, P V, and again: the four warpgroups ignore each other
  AHEAD,      // Q K^T of the next block is queued behind P V of this one, one wait for both
  PING_PONG   // two pairs; of a pair, one multiplies while the other is at its softmax
};

// Names an order to choose among functions by.
template <Order ORDER>
struct In {};

// What the library runs unless it is asked for a variant.
struct Base {
  static constexpr Order ORDER = Order::ALTERNATE;
  // Only the thread that stores a strip works out where to, which takes two divisions.
  static constexpr bool LEADER_LOCATES = false;
  // The threads that speak to TMA sit in warps that four schedulers issue, not one: warp w of
  // warpgroup w.
  static constexpr bool SPREAD_LEADERS = false;
  // The first half of the weights is multiplied with V while the second half is computed.
  static constexpr bool SPLIT_PV = false;
  // The next strip's Q is asked for behind a strip's first block, when the store that must have
  // read its buffer is long done.
  static constexpr bool LATE_Q = false;
  // At the start Q is asked for before K and V, and the stages are filled by four threads.
  static constexpr bool Q_FIRST = false;
};

// Instead of it, for FP16, D = 64 and no mask. NAME ends the kernel's name.
struct LeaderLocates : Base {
  static constexpr const char* NAME = "leader_locates";
  static constexpr bool LEADER_LOCATES = true;
};

struct SpreadLeaders : Base {
  static constexpr const char* NAME = "spread_leaders";
  static constexpr bool SPREAD_LEADERS = true;
};

struct SplitPv : Base {
  static constexpr const char* NAME = "split_pv";
  static constexpr bool SPLIT_PV = true;
};

struct LateQ : Base {
  static constexpr const char* NAME = "late_q";
  static constexpr bool LATE_Q = true;
};

struct QFirst : Base {
  static constexpr const char* NAME = "q_first";
  static constexpr bool Q_FIRST = true;
};

// All that only takes work away.
struct Lean : Base {
  static constexpr const char* NAME = "lean";
  static constexpr bool LEADER_LOCATES = true;
  static constexpr bool SPREAD_LEADERS = true;
  static constexpr bool Q_FIRST = true;
};

struct Combined : Base {
  static constexpr const char* NAME = "combined";
  static constexpr bool LEADER_LOCATES = true;
  static constexpr bool SPREAD_LEADERS = true;
  static constexpr bool SPLIT_PV = true;
  static constexpr bool LATE_Q = true;
  static constexpr bool Q_FIRST = true;
};

struct Ahead : Base {
  static constexpr const char* NAME = "ahead";
  static constexpr Order ORDER = Order::AHEAD;
  static constexpr bool LEADER_LOCATES = true;
  static constexpr bool LATE_Q = true;
  static constexpr bool Q_FIRST = true;
};

struct PingPong : Base {
  static constexpr const char* NAME = "ping_pong";
  static constexpr Order ORDER = Order::PING_PONG;
  static constexpr bool LEADER_LOCATES = true;
  static constexpr bool LATE_Q = true;  // Q_FIRST on top would spill
};

template <class... Each>
struct List {};

// In the order of enum SparsekKernel.
using OtherChoices = List<LeaderLocates, SpreadLeaders, SplitPv, LateQ, QFirst, Lean, Combined,
                          Ahead, PingPong>;

}  // namespace sparsek::hopper
