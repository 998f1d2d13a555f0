// What a seed decides: when asynchronous work lands and which thread runs next. A right kernel
// cannot tell one seed from another; only the last bits of wgmma's sums may tell TRUNCATED_SUMS.
#pragma once

#include <cstdint>

#include "emulator/random.h"

namespace emulator {

// When an asynchronous operation takes effect: at its issue, only when no thread can go on, or at
// any moment in between.
enum class Landing { EARLY, LATE, RANDOM };

// Who runs next: threads in turn; any; the first ready warp, or warpgroup, of a shuffled list. The
// last is the one that lets a warpgroup run far ahead of the others.
enum class Order { IN_TURN, ANY, WARP_PRIORITY, WARPGROUP_PRIORITY };

struct Schedule {
  Landing copies = Landing::EARLY;    // cp.async
  Landing loads = Landing::EARLY;     // TMA, global to shared
  Landing stores = Landing::EARLY;    // TMA, shared to global
  Landing products = Landing::EARLY;  // wgmma
  Order order = Order::IN_TURN;
  uint32_t yield_odds = 0;     // an instruction hands over to another thread once in ...; 0 never
  uint32_t landing_odds = 16;  // RANDOM: something lands once in ... turns
  uint32_t shuffle_odds = 1;   // priorities are drawn anew once in ... turns
  bool truncated_sums = false;  // of wgmma; see multiply_truncated
  bool huge_poison = false;    // what a destination holds in flight: NaN, or a huge number, because
                               // fmaxf() ignores NaN
};

// Added to a seed: the same schedule, but wgmma truncates its sums.
constexpr uint64_t TRUNCATED_SUMS = uint64_t{1} << 32;

// Seed 0: everything early, threads in turn. Seeds 1 and 2: everything late. Then all mixed. The
// random numbers are those of the seed without TRUNCATED_SUMS.
Schedule schedule_for(uint64_t seed, Random& random);

}  // namespace emulator
