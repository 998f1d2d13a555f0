#include "emulator/wgmma.h"

#include <algorithm>
#include <cstring>

#include "emulator/wgmma_fragments.h"

namespace emulator {
namespace {

constexpr size_t A_REGISTERS = 4;

int group_thread() { return current_thread() % Wgmma::GROUP_THREADS; }

float poison() { return float_of_bits(cta_schedule().huge_poison ? 0x7e967699u : 0x7fc0deadu); }

bool overlap(const void* a, size_t a_bytes, const void* b, size_t b_bytes) {
  const auto x = reinterpret_cast<uintptr_t>(a), y = reinterpret_cast<uintptr_t>(b);
  return x < y + b_bytes && y < x + a_bytes;
}

}  // namespace

bool WgmmaCall::agrees_with(const WgmmaCall& other) const {
  return n == other.n && bf16 == other.bf16 && accumulate == other.accumulate &&
         (a_registers == nullptr) == (other.a_registers == nullptr) &&
         a_descriptor == other.a_descriptor && a_is_mn_major == other.a_is_mn_major &&
         b_descriptor == other.b_descriptor && b_is_mn_major == other.b_is_mn_major;
}

void Wgmma::reset(int threads) {
  states_.assign(static_cast<size_t>(threads), ThreadState{});
  groups_ = std::vector<Group>(static_cast<size_t>((threads + GROUP_THREADS - 1) / GROUP_THREADS));
  executable_.clear();
}

// A thread's registers are the arrays on its fibre's stack: keep a copy of it.
void Wgmma::fence() {
  ThreadState& me = mine();
  me.fenced = true;
  const char here = 0;
  me.fenced_from = &here;
  me.fenced_stack.assign(me.fenced_from, threads().running().fibre.stack_top());
}

void Wgmma::issue(const WgmmaCall& call) {
  if (groups_.size() * GROUP_THREADS > states_.size())
    fault("wgmma in a CTA of %zu threads: whole warpgroups of 128 only", states_.size());
  if (!mine().fenced) fault("no wgmma.fence since the last wgmma.wait_group");
  InFlight* in_flight = own_registers_in_flight(call);
  Product& product = join_product(call, in_flight);
  for (const Event write : product.writes)
    shared().require_seen(write, SharedMemory::BASE, "an operand of wgmma");
  hand_over_registers(product, call, in_flight);
  ++mine().issued;
  product.retired_at_issue[group_thread() / WARP_LANES] = mine().retired;
  if (++product.arrived < GROUP_THREADS) return;
  if (cta_schedule().products == Landing::EARLY) {
    execute(product);
  } else {
    executable_.push_back(&product);
  }
}

// What of the thread's registers is in flight under the call's accumulators, if anything. Any
// other use of registers in flight, or a change since the fence, is a fault.
Wgmma::InFlight* Wgmma::own_registers_in_flight(const WgmmaCall& call) {
  const size_t d_bytes = static_cast<size_t>(call.n / 2) * sizeof(float);
  const size_t a_bytes = A_REGISTERS * sizeof(uint32_t);
  InFlight* own = nullptr;
  for (InFlight& it : mine().in_flight) {
    const size_t bytes = static_cast<size_t>(it.count) * sizeof(float);
    if (it.d == call.d && it.count == call.n / 2) {
      own = &it;
    } else if (overlap(it.d, bytes, call.d, d_bytes)) {
      fault("the accumulators overlap others in flight");
    }
    if (call.a_registers != nullptr && overlap(it.d, bytes, call.a_registers, a_bytes))
      fault("the A registers overlap accumulators in flight");
  }
  if (call.a_registers != nullptr)
    check_unchanged_since_fence(call.a_registers, a_bytes, "an A register");
  if (own == nullptr) check_unchanged_since_fence(call.d, d_bytes, "an accumulator");
  return own;
}

void Wgmma::check_unchanged_since_fence(const void* registers, size_t bytes, const char* what) {
  const ThreadState& me = mine();
  const auto* start = static_cast<const char*>(registers);
  const char* end = me.fenced_from + me.fenced_stack.size();
  if (start < me.fenced_from || start + bytes > end) return;  // not on this stack: cannot tell
  if (std::memcmp(start, &me.fenced_stack[static_cast<size_t>(start - me.fenced_from)], bytes) != 0)
    fault("%s was written after the last wgmma.fence", what);
}

Wgmma::Product& Wgmma::join_product(const WgmmaCall& call, const InFlight* in_flight) {
  Group& group = my_group();
  const uint32_t number = mine().issued + 1;
  if (number - group.first == group.products.size()) {
    auto made = std::make_unique<Product>();
    made->call = call;
    made->number = number;
    made->group = current_thread() / GROUP_THREADS;
    made->chain = in_flight != nullptr ? in_flight->chain : std::make_shared<Chain>();
    if (in_flight == nullptr) {
      made->chain->n = call.n;
      made->chain->d.assign(static_cast<size_t>(ROWS * call.n), 0.0f);
    }
    if (call.a_registers != nullptr) {
      made->a_at_issue.resize(GROUP_THREADS * A_REGISTERS);
    } else {
      made->a = &operands_.get(call.a_descriptor, ROWS, call.a_is_mn_major);
      look_at_operand(*made, *made->a, "wgmma's A");
    }
    made->b = &operands_.get(call.b_descriptor, call.n, call.b_is_mn_major);
    look_at_operand(*made, *made->b, "wgmma's B");
    group.places.emplace_back(threads().running().file, threads().running().line);
    group.products.push_back(std::move(made));
  }
  Product& it = product(group, number);
  const bool same_chain = in_flight == nullptr || in_flight->chain == it.chain;
  if (!it.call.agrees_with(call) || !same_chain)
    fault("the threads of warpgroup %d disagree on their wgmma number %u", it.group, number);
  return it;
}

// Checks the bytes and notes whose writes they are, each writer once.
void Wgmma::look_at_operand(Product& product, const MatrixOperand& operand, const char* what) {
  for (const uint32_t address : operand.addresses) {
    const Event write = shared().operand_written(address, what);
    shared().product_reads(address, product.group, product.number);
    const auto same = [write](Event other) {
      return other.source == write.source && other.epoch == write.epoch;
    };
    if (std::none_of(product.writes.begin(), product.writes.end(), same))
      product.writes.push_back(write);
  }
}

void Wgmma::hand_over_registers(Product& product, const WgmmaCall& call, InFlight* in_flight) {
  const int t = group_thread();
  if (call.a_registers != nullptr) {
    std::memcpy(&product.a_at_issue[static_cast<size_t>(t) * A_REGISTERS], call.a_registers,
                A_REGISTERS * sizeof(uint32_t));
    product.a_now[t] = call.a_registers;
  }
  if (in_flight != nullptr) {
    in_flight->last = product.number;
    return;
  }
  const int count = call.n / 2;
  for (int i = 0; i < count; ++i) {
    const Element at = accumulator_place(t, i);
    if (call.accumulate)
      product.chain->d[static_cast<size_t>(at.row * call.n + at.column)] = call.d[i];
    call.d[i] = poison();
  }
  mine().in_flight.push_back({call.d, count, product.chain, product.number});
}

bool Wgmma::land() {
  Product* chosen = executable_[random().below(executable_.size())];
  for (Product* other : executable_)
    if (other->chain == chosen->chain && other->number < chosen->number) chosen = other;
  executable_.erase(std::find(executable_.begin(), executable_.end(), chosen));
  execute(*chosen);
  return true;
}

void Wgmma::execute(Product& product) {
  const WgmmaCall& call = product.call;
  const auto value = [&call](uint32_t bits) {
    return call.bf16 ? to_float(sparsek::BFloat16{}, bits) : to_float(sparsek::Half{}, bits);
  };
  static float a[ROWS][DEPTH], b[DEPTH * 256];
  const auto gather = [&](const MatrixOperand& operand, bool mn_major, int outer, auto put) {
    const int pieces = mn_major ? outer / 8 : DEPTH / 8;
    for (size_t i = 0; i < operand.addresses.size(); ++i) {
      const int row = static_cast<int>(i) / pieces, piece = static_cast<int>(i) % pieces;
      uint16_t elements[8];
      std::memcpy(elements, shared().bytes_at(operand.addresses[i]), sizeof elements);
      for (int e = 0; e < 8; ++e) {
        const int along = piece * 8 + e;
        mn_major ? put(along, row, value(elements[e])) : put(row, along, value(elements[e]));
      }
    }
  };
  if (call.a_registers == nullptr) {
    gather(*product.a, call.a_is_mn_major, ROWS, [](int m, int k, float x) { a[m][k] = x; });
  } else {
    check_a_registers(product);
    for (int t = 0; t < GROUP_THREADS; ++t)
      for (int i = 0; i < static_cast<int>(A_REGISTERS); ++i)
        for (int high = 0; high < 2; ++high) {
          const Element at = a_place(t, i, high);
          const uint32_t pair =
              product.a_at_issue[static_cast<size_t>(t) * A_REGISTERS + static_cast<size_t>(i)];
          a[at.row][at.column] = value(pair >> (16 * high) & 0xffffu);
        }
  }
  gather(*product.b, call.b_is_mn_major, call.n,
         [&call](int n, int k, float x) { b[k * call.n + n] = x; });
  std::vector<float>& d = product.chain->d;
  if (!call.accumulate) std::fill(d.begin(), d.end(), 0.0f);
  const auto product_of = cta_schedule().truncated_sums ? multiply_truncated : multiply;
  product_of(d.data(), a, b, call.n);
  product.executed = true;
  threads().wake(groups_[static_cast<size_t>(product.group)].waiting);
}

void Wgmma::check_a_registers(const Product& product) const {
  for (size_t t = 0; t < GROUP_THREADS; ++t)
    if (std::memcmp(product.a_now[t], &product.a_at_issue[t * A_REGISTERS],
                    A_REGISTERS * sizeof(uint32_t)) != 0)
      fault("an A register of thread %zu was overwritten while wgmma number %u was in flight",
            static_cast<size_t>(product.group) * GROUP_THREADS + t, product.number);
}

void Wgmma::commit() { mine().committed.push_back(mine().issued); }

void Wgmma::wait(int pending_groups) {
  ThreadState& me = mine();
  Group& group = my_group();
  me.fenced = false;
  const auto groups = static_cast<int>(me.committed.size());
  if (groups <= pending_groups) return;
  const uint32_t last = me.committed[static_cast<size_t>(groups - 1 - pending_groups)];
  me.committed.erase(me.committed.begin(), me.committed.end() - pending_groups);
  while (me.retired < last) {
    const uint32_t next = me.retired + 1;
    const Product& it = product(group, next);
    const Waiting waiting{
        "wgmma", "", -1,
        it.arrived < GROUP_THREADS ? "to be issued by all 128 threads, number" : "number",
        static_cast<long>(next)};
    while (!product(group, next).executed) threads().wait(group.waiting, waiting);
    retire(group, next);
  }
  take_back_registers(last);
}

// What this warp now knows: it needs its operands no more, and when the product was issued, the
// other three warps had waited for what they had waited for.
void Wgmma::retire(Group& group, uint32_t number) {
  Product& it = product(group, number);
  mine().retired = number;
  Clock& clock = threads().running().clock;
  for (int warp = 0; warp < GROUP_WARPS; ++warp)
    clock.reach(
        {cta_sources().products_of_warp(it.group * GROUP_WARPS + warp), it.retired_at_issue[warp]});
  clock.reach({cta_sources().products_of_warp(current_warp()), number});
  ++it.retired;
  while (!group.products.empty() && group.products.front()->retired == GROUP_THREADS) {
    group.products.pop_front();
    ++group.first;
  }
}

void Wgmma::take_back_registers(uint32_t number) {
  auto& in_flight = mine().in_flight;
  const float untouched = poison();
  for (const InFlight& it : in_flight) {
    if (it.last > number) continue;
    for (int i = 0; i < it.count; ++i) {
      if (bits_of_float(it.d[i]) != bits_of_float(untouched))
        fault("accumulator %d was written while in flight", i);
      const Element at = accumulator_place(group_thread(), i);
      it.d[i] = it.chain->d[static_cast<size_t>(at.row * it.chain->n + at.column)];
    }
  }
  const auto done = [number](const InFlight& it) { return it.last <= number; };
  in_flight.erase(std::remove_if(in_flight.begin(), in_flight.end(), done), in_flight.end());
}

std::string Wgmma::place_of(int warpgroup, uint32_t number) const {
  const auto& issued = groups_[static_cast<size_t>(warpgroup)].places[number - 1];
  return place(issued.first, issued.second);
}

void Wgmma::check_thread_end() const {
  const ThreadState& me = states_[static_cast<size_t>(current_thread())];
  if (me.retired != me.issued) fault("the thread ends and never waited for its last wgmma");
}

}  // namespace emulator
