// What fences change: whose writes the asynchronous proxy may read, and what relaxed atomics carry.
#pragma once

namespace emulator {

void fence_proxy_async();
void fence_mbarrier_init();
void fence_acq_rel();

}  // namespace emulator
