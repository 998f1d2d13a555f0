"""A prediction of the Hopper kernel's speed from its machine code, for base and variants.

`python -m benchmarks.quarter_model` compiles them (benchmarks/budgets.py) and prints microseconds
per head at B=16, H=96, S=512, D=64. No figure of it was measured: it ranks variants before a GPU
can, and says what a measurement would have to explain.

Simulated is one SM, clock by clock, in a steady run over heads: four quarters (sub-partitions)
with four warps each, one of every warpgroup. Those that speak to TMA are all in quarter 0, but for
variants that spread them.
The instructions are those of the listing, along the way that a whole head of four unmasked blocks
takes. Assumed are:

- Issue: one instruction a clock and quarter, in order within a warp, warps in turn.
- Pipes, clocks a warp instruction: from results per clock and SM in the CUDA C++ Programming Guide,
  table of arithmetic throughput, compute capability 9.0. 128 (FFMA, half2): 1; 64 (integer, min and
  max, conversions to 16 bits): 2; 16 (MUFU, other conversions): 8; shuffles and shared memory: 4.
- Latency until a result may be read: 4 clocks for arithmetic, as measured for Volta (Jia et al.,
  arXiv 1804.06826); the others are round numbers of that order. Registers are tracked by name.
- Tensor cores: 4096 operations per clock and SM (989.4 TFLOPS / 132 / 1.83 GHz), so m64n128k16
  takes 64 clocks and m64n64k16 32, first come, first served; started when all four warps have
  issued it, and over 30 clocks (an estimate) after the last of its work.
- A TMA store has read its 8 KB 500 clocks (an estimate) after it was issued. What late-q gains
  hangs on that number.
- K, V and Q are always there. HBM is a bound of its own: the larger of both times is printed.

It cannot see: power, which caps the tensor cores under random data; the first and last microseconds
of a launch, where q-first acts; bank conflicts, L2, TMA queues, instruction cache misses; how the
hardware really picks warps.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from benchmarks import budgets
from benchmarks.program import KEYS, Step, pass_of

QUARTERS = WARPGROUPS = 4
HEADS = 4  # simulated; the first is the run-up
NEVER = 1 << 60

SMS, BATCH_HEADS, HEAD_COUNT = 132, 16 * 96, 96
CLOCK_MHZ = 1755.0  # assumed of both under load; they may run at up to 1980
BYTES = BATCH_HEADS * 4 * KEYS * 64 * 2
MEMORY_BYTES_PER_US = {"H100": 3.0e6, "H200": 4.3e6}  # what copies reach, not the data sheet's
# Variants whose leaders are spread over the quarters.
SPREAD = ("SpreadLeaders", "Lean", "Combined")


@dataclass(frozen=True)
class Estimates:
    """Clocks that no document gives: see above."""

    tensor_tail: int = 30
    store_read: int = 500


OTHER_ESTIMATES = (Estimates(0), Estimates(80), Estimates(30, 100), Estimates(30, 1000))


@dataclass
class Warp:
    """One warp's place in its program, and what it waits for. counts: of what it did, by opcode."""

    warpgroup: int
    program: list[Step]
    at: int = 0
    free: int = 0
    ready: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    products: int = 0
    stored: int = -NEVER
    met: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    meeting: list[int] = field(default_factory=list)  # when who came to the barrier it waits at
    expected: int = 0


class Sm:
    """Sixteen warps, four issue ports and the tensor cores."""

    def __init__(
        self, leader: list[Step], other: list[Step], spread: bool, estimates: Estimates
    ) -> None:
        self.estimates = estimates
        self.quarters = [
            [
                Warp(group, leader if quarter == (group if spread else 0) else other)
                for group in range(WARPGROUPS)
            ]
            for quarter in range(QUARTERS)
        ]
        self.pipes = [defaultdict[str, int](int) for _ in range(QUARTERS)]
        self.tensor_free = 0
        self.tensor_busy = 0
        # Of each warpgroup: how many warps issued its n'th product, and when it was done.
        self.issued = [defaultdict[int, int](int) for _ in range(WARPGROUPS)]
        self.done: list[list[int]] = [[] for _ in range(WARPGROUPS)]
        # When who came to the n'th meeting at a warpgroup's barrier: its strip's, or for its turn.
        self.meetings: dict[tuple[str, int, int], list[int]] = defaultdict(list)
        for group in range(0, WARPGROUPS, 2):
            self.meetings["turn", group, 0] = [0] * QUARTERS  # the odd one gives it at the start

    def run(self) -> int:
        """Clocks until all programs have ended."""
        now, turn = 0, [0] * QUARTERS
        while True:
            soonest, left = NEVER, False
            for quarter, warps in enumerate(self.quarters):
                for offset in range(WARPGROUPS):
                    warp = warps[(turn[quarter] + offset) % WARPGROUPS]
                    if warp.at == len(warp.program):
                        continue
                    left = True
                    when = self.earliest(quarter, warp)
                    if when <= now:
                        self.issue(now, quarter, warp)
                        turn[quarter] += offset + 1
                        soonest = now + 1
                        break
                    soonest = min(soonest, when)
            if not left:
                return now
            if soonest == NEVER:
                raise ValueError("the model's warps wait for each other for good")
            now = soonest

    def earliest(self, quarter: int, warp: Warp) -> int:
        """When the warp's next instruction may issue; NEVER as long as others must act first."""
        if len(warp.meeting) < warp.expected:
            return NEVER
        step = warp.program[warp.at]
        sources = (warp.ready[name] for name in step.sources)
        when = max(warp.free, self.pipes[quarter][step.pipe], *warp.meeting, *sources)
        if step.opcode.startswith("WARPGROUP.DEPBAR") and warp.products:
            done = self.done[warp.warpgroup]
            return max(when, done[warp.products - 1]) if len(done) >= warp.products else NEVER
        return (
            max(when, warp.stored + self.estimates.store_read)
            if step.opcode.startswith("DEPBAR")
            else when
        )

    def issue(self, now: int, quarter: int, warp: Warp) -> None:
        step = warp.program[warp.at]
        warp.at += 1
        warp.free = now + 1
        warp.meeting, warp.expected = [], 0
        self.pipes[quarter][step.pipe] = now + step.taken
        if step.result:
            warp.ready[step.result] = now + step.latency
        if step.tensor:
            self.multiply(now, warp, step.tensor)
        elif step.opcode.startswith("UTMASTG"):
            warp.stored = now
        elif step.opcode.startswith("BAR"):
            self.meet(now, warp, step.opcode)

    def meet(self, now: int, warp: Warp, opcode: str) -> None:
        """bar.red waits for the warpgroup, bar.sync for its turn, which bar.arrive gives."""
        given, group = opcode.startswith("BAR.ARV"), warp.warpgroup
        kind = "strip" if opcode.startswith("BAR.RED") else "turn"
        # The odd one's first turn was given at the start.
        turn = warp.met[opcode] + (group % 2 if given else 0)
        warp.met[opcode] += 1
        came = self.meetings[kind, group ^ 1 if given else group, turn]
        came.append(now)
        if not given:
            warp.meeting, warp.expected = came, QUARTERS * (1 if kind == "strip" else 2)

    def multiply(self, now: int, warp: Warp, clocks: int) -> None:
        issued = self.issued[warp.warpgroup]
        issued[warp.products] += 1
        if issued[warp.products] == QUARTERS:
            begins = max(now, self.tensor_free)
            self.tensor_free = begins + clocks
            self.tensor_busy += clocks
            self.done[warp.warpgroup].append(self.tensor_free + self.estimates.tensor_tail)
        warp.products += 1


@dataclass(frozen=True)
class Prediction:
    """Of one kernel. head_clocks: of an SM, a head; tensor_share: of them, the tensor cores'."""

    name: str
    head_clocks: float
    tensor_share: float

    def compute_us(self) -> float:
        """A launch, the SMs' last round being full like the others."""
        rounds = -(-BATCH_HEADS // SMS)
        return rounds * self.head_clocks / CLOCK_MHZ

    def us_per_head(self, memory_bytes_per_us: float) -> float:
        return max(self.compute_us(), BYTES / memory_bytes_per_us) / HEAD_COUNT


def predict(kernel: budgets.Kernel, estimates: Estimates) -> Prediction:
    """Of the headline kernel with any choices."""
    leader, other = (
        [step for last in (False, True) for step in pass_of(kernel, leads, last)]
        for leads in (True, False)
    )
    spread = kernel.choices in SPREAD
    few, many = (Sm(leader * n, other * n, spread, estimates) for n in (1, HEADS))
    clocks = many.run() - few.run()
    busy = many.tensor_busy - few.tensor_busy
    return Prediction(kernel.name, clocks / (HEADS - 1), busy / clocks)


def changes(kernels: list[budgets.Kernel], estimates: Estimates) -> list[float]:
    """Every kernel's clocks against the first's, as a share of those."""
    clocks = [predict(one, estimates).head_clocks for one in kernels]
    return [one / clocks[0] - 1 for one in clocks]


def main() -> None:
    """Print a row a kernel, the base first."""
    compiled = budgets.compile_kernels().kernels
    kernels = [one for one in compiled if one.name.startswith("FP16 D=64") and not one.causal]
    ranges = list(
        zip(*(changes(kernels, other) for other in (Estimates(), *OTHER_ESTIMATES)), strict=True)
    )
    boards = list(MEMORY_BYTES_PER_US)
    columns = ["clocks per head", "against base", "with other estimates", "tensor cores busy"]
    print("Predicted, not measured:")
    print("| kernel | " + " | ".join([*columns, *(f"{one}, µs/head" for one in boards)]) + " |")
    print("|---" * (1 + len(columns) + len(boards)) + "|")
    for kernel, change in zip(kernels, ranges, strict=True):
        one = predict(kernel, Estimates())
        times = " | ".join(f"{one.us_per_head(MEMORY_BYTES_PER_US[b]):.2f}" for b in boards)
        shares = f"{change[0]:+.1%} | {min(change):+.1%} to {max(change):+.1%}"
        print(
            f"| {one.name} | {one.head_clocks:.0f} | {shares} | {one.tensor_share:.0%} | {times} |"
        )


if __name__ == "__main__":
    main()
