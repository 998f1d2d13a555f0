#include "emulator/fences.h"

#include "emulator/cta.h"
#include "emulator/mbarriers.h"

namespace emulator {

void fence_proxy_async() { shared().fence_proxy(); }

void fence_mbarrier_init() { mbarriers().fence_init(); }

void fence_acq_rel() {
  Thread& me = threads().running();
  me.clock.join(me.gathered);
  me.at_fence = Clock(cta_sources().count());
  release_into(me.at_fence);
}

}  // namespace emulator
