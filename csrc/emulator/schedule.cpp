#include "emulator/schedule.h"

namespace emulator {
namespace {

Landing any_landing(Random& random) { return static_cast<Landing>(random.below(3)); }

uint32_t any_odds(Random& random) {
  constexpr uint32_t ODDS[] = {4, 32, 256, 2048};
  return ODDS[random.below(4)];
}

}  // namespace

Schedule schedule_for(uint64_t seed, Random& random) {
  Schedule it;
  it.truncated_sums = (seed & TRUNCATED_SUMS) != 0;
  seed &= ~TRUNCATED_SUMS;
  random = Random(seed);
  if (seed == 0) return it;
  it.yield_odds = any_odds(random);
  it.landing_odds = any_odds(random);
  it.shuffle_odds = 1024u << random.below(8);
  if (seed <= 2) {
    it.copies = it.loads = it.stores = it.products = Landing::LATE;
    it.order = seed == 1 ? Order::ANY : Order::WARPGROUP_PRIORITY;
    it.huge_poison = seed == 2;
    return it;
  }
  it.copies = any_landing(random);
  it.loads = any_landing(random);
  it.stores = any_landing(random);
  it.products = any_landing(random);
  it.order = static_cast<Order>(1 + random.below(3));
  it.huge_poison = random.one_in(2);
  return it;
}

}  // namespace emulator
