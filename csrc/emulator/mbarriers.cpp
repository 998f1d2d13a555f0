#include "emulator/mbarriers.h"

namespace emulator {
namespace {

// https://docs.nvidia.com/cuda/parallel-thread-execution/#parallel-synchronization-and-communication-instructions-mbarrier-contents
constexpr uint32_t MOST_ARRIVALS = (1u << 20) - 1;
constexpr int64_t MOST_TRANSACTIONS = (1 << 20) - 1;
constexpr uint32_t SPURIOUS_ODDS = 16;

}  // namespace

void Mbarriers::reset() {
  mbarriers_.clear();
  by_address_.clear();
}

void Mbarriers::init(uint32_t address, uint32_t arrivals, const char* name, int index) {
  shared().require_inside(address, 8, "mbarrier.init");
  if (address % 8 != 0) fault("mbarrier address %u is not 8-byte aligned", address);
  if (arrivals < 1 || arrivals > MOST_ARRIVALS) fault("an mbarrier of %u arrivals", arrivals);
  if (by_address_.count(address) != 0)
    fault("%s is initialised a second time", named(at(address)).c_str());
  if (mbarriers_.size() == Sources::MOST_MBARRIERS)
    fault("more than %d mbarriers: the emulator's limit", Sources::MOST_MBARRIERS);
  shared().reserve(address);
  by_address_[address] = mbarriers_.size();
  Mbarrier it;
  it.address = address;
  it.name = name;
  it.index = index;
  it.source = cta_sources().mbarrier(static_cast<int>(mbarriers_.size()));
  it.arrivals = it.pending = arrivals;
  const uint16_t me = cta_sources().thread(current_thread());
  it.initialised = {me, threads().running().clock.at(me)};
  it.releasing = it.completed = Clock(cta_sources().count());
  mbarriers_.push_back(it);
}

void Mbarriers::invalidate(uint32_t address) {
  Mbarrier& it = at(address);
  if (it.transactions != 0 || !it.loads.empty() || it.pending != it.arrivals)
    fault("%s is invalidated in mid-phase", named(it).c_str());
  by_address_.erase(address);
  shared().release(address);
}

void Mbarriers::fence_init() {
  const uint16_t me = cta_sources().thread(current_thread());
  for (Mbarrier& it : mbarriers_)
    if (it.initialised.source == me) it.fenced = true;
}

void Mbarriers::arrive(uint32_t address, uint32_t expected_bytes) {
  Mbarrier& it = at(address);
  add_transactions(it, expected_bytes);
  if (it.pending == 0)
    fault("%s: one arrival more than the %u of phase %u", named(it).c_str(), it.arrivals, it.phase);
  release_into(it.releasing);
  --it.pending;
  complete_if_done(it);
}

void Mbarriers::expect(uint32_t address, uint32_t bytes) { add_transactions(at(address), bytes); }

bool Mbarriers::try_wait(uint32_t address, uint32_t parity) {
  Mbarrier& it = at(address);
  if (parity > 1) fault("%s: parity %u; expected 0 or 1", named(it).c_str(), parity);
  if (it.phase % 2 == parity) {
    // The instruction may give up at any time, so a caller that does not loop is found out.
    if (random().one_in(SPURIOUS_ODDS)) {
      threads().yield();
      return false;
    }
    const uint32_t phase = it.phase;
    const Waiting waiting{"mbarrier", it.name, it.index, "parity", static_cast<long>(parity)};
    while (it.phase == phase) threads().wait(it.waiting, waiting);
    if (it.phase % 2 == parity) return false;
  }
  Clock& mine = threads().running().clock;
  if (mine.at(it.source) < it.phase) {
    mine.join(it.completed);
    mine.reach({it.source, it.phase});
  }
  it.awaited_phase = it.phase;
  return true;
}

void Mbarriers::start_load(uint32_t address, uint32_t destination, uint32_t bytes) {
  Mbarrier& it = at(address);
  if (!it.fenced)
    fault("a TMA load on %s, with no fence.mbarrier_init since its init", named(it).c_str());
  it.loads.push_back({destination, bytes, bytes});
}

void Mbarriers::complete_bytes(uint32_t address, uint32_t destination, uint32_t bytes) {
  Mbarrier& it = at(address);
  for (Load& load : it.loads)
    if (load.destination == destination) load.missing -= bytes;
  add_transactions(it, -static_cast<int64_t>(bytes));
  complete_if_done(it);
}

Mbarriers::Mbarrier& Mbarriers::at(uint32_t address) {
  const auto found = by_address_.find(address);
  if (found == by_address_.end())
    fault("no mbarrier was initialised at shared offset %u", address - SharedMemory::BASE);
  Mbarrier& it = mbarriers_[found->second];
  if (current_thread() >= 0 && !threads().running().clock.has_seen(it.initialised))
    fault("%s: its init by thread %u is not visible here: no barrier since", named(it).c_str(),
          unsigned{it.initialised.source});
  return it;
}

std::string Mbarriers::named(const Mbarrier& it) const {
  std::string text = "mbarrier ";
  if (it.name[0] != '\0') {
    text += std::string("\"") + it.name;
    if (it.index >= 0) text += "[" + std::to_string(it.index) + "]";
    return text + "\"";
  }
  return text + "at offset " + std::to_string(it.address - SharedMemory::BASE);
}

void Mbarriers::add_transactions(Mbarrier& it, int64_t bytes) {
  it.transactions += bytes;
  if (it.transactions > MOST_TRANSACTIONS || it.transactions < -MOST_TRANSACTIONS)
    fault("%s: transaction count %lld is out of range", named(it).c_str(),
          static_cast<long long>(it.transactions));
}

void Mbarriers::complete_if_done(Mbarrier& it) {
  if (it.pending != 0 || it.transactions != 0) return;
  ++it.phase;
  for (const Load& load : it.loads) {
    if (load.missing > 0)
      fault(
          "%s: phase %u completes while a load on it is in flight: fewer bytes were expected "
          "than are loaded",
          named(it).c_str(), it.phase - 1);
    shared().end_load(load.destination, load.bytes, {it.source, it.phase});
    it.loaded_phase = it.phase;
  }
  it.loads.clear();
  it.pending = it.arrivals;
  it.completed = it.releasing;
  threads().wake(it.waiting);
}

void Mbarriers::check_at_end() const {
  for (const Mbarrier& it : mbarriers_) {
    if (it.transactions != 0 || !it.loads.empty())
      fault("the CTA ends while %s expects %lld bytes more", named(it).c_str(),
            static_cast<long long>(it.transactions));
    if (it.loaded_phase > it.awaited_phase)
      fault("the CTA ends and nobody waited for the load that completed phase %u of %s",
            it.loaded_phase - 1, named(it).c_str());
  }
}

std::string Mbarriers::open_phases_text() const {
  std::string text;
  for (const Mbarrier& it : mbarriers_) {
    if (it.waiting.empty()) continue;
    const std::string bytes = it.transactions < 0
                                  ? std::to_string(-it.transactions) + " bytes came unexpected"
                                  : std::to_string(it.transactions) + " bytes expected";
    text += "\n  " + named(it) + " is in phase " + std::to_string(it.phase) + ": " +
            std::to_string(it.pending) + " of " + std::to_string(it.arrivals) +
            " arrivals pending, " + bytes;
  }
  return text;
}

}  // namespace emulator
