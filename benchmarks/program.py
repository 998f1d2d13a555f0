"""What a warp of the Hopper kernel executes in one pass over a head, taken from its listing.

For the model in benchmarks/quarter_model.py, which says what it assumes of pipes and latencies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks import budgets, sass
from benchmarks.budgets import adds_to_output
from benchmarks.sass import Instruction, Listing
from orchestrator.readers.sass import cheapest_way, loops

KEYS = 512
# Variants whose leader asks for the next Q behind the first block instead of before it.
LATE_Q = ("LateQ", "Combined", "Ahead", "PingPong")

# By how an opcode begins: pipe, clocks it is taken, clocks until the result is there.
PIPES = (
    (("MUFU", "I2F", "F2I"), ("xu", 8, 20)),
    (("FFMA", "FADD", "FMUL", "HFMA2", "HADD2", "HMUL2"), ("fma", 1, 4)),
    (("IMAD",), ("imad", 2, 4)),
    (("STSM",), ("memory", 16, 30)),
    (("SHFL", "LDS", "STS", "ATOMS", "SYNCS"), ("memory", 4, 25)),
    (("S2R", "S2UR", "LDC", "ULDC"), ("constant", 2, 25)),
    (("R2UR",), ("uniform", 2, 10)),
    (("U",), ("uniform", 2, 6)),
    (("F2FP", "FMNMX", "LOP3", "PRMT", "SHF", "IADD", "ISETP", "FSETP"), ("alu", 2, 5)),
    (("SEL", "LEA", "VIADD", "FSEL", "MOV", "VOTE"), ("alu", 2, 5)),
    (("",), ("none", 0, 1)),
)
NO_RESULT = ("ST", "BRA", "BAR", "UTMA", "WARP", "DEPBAR", "BS", "HGMMA", "MEMBAR", "FENCE")
_REGISTER = re.compile(r"\b(?:U?R|U?P)\d+")
_TILE = re.compile(r"HGMMA\.64x(\d+)x16")


@dataclass(frozen=True)
class Step:
    """An instruction as the model sees it. tensor: clocks of the tensor cores, for HGMMA."""

    opcode: str
    pipe: str
    taken: int
    latency: int
    result: str
    sources: tuple[str, ...]
    tensor: int = 0


def step_of(one: Instruction) -> Step:
    """Sort an instruction into its pipe."""
    pipe, taken, latency = next(how for names, how in PIPES if one.opcode.startswith(names))
    registers = _REGISTER.findall(one.operands)
    predicate = _REGISTER.findall(one.predicate)
    if tile := _TILE.match(one.opcode):
        first = re.match(r"\s*R\d+, R(\d+)", one.operands)  # weights: the A operand's registers
        weights = [f"R{int(first[1]) + i}" for i in range(4)] if first else []
        uniform = [name for name in registers if name.startswith("U")]
        return Step(one.opcode, pipe, 0, 1, "", (*weights, *uniform), int(tile[1]) // 2)
    if one.opcode.startswith(NO_RESULT) or not registers:
        return Step(one.opcode, pipe, taken, latency, "", (*registers, *predicate))
    return Step(one.opcode, pipe, taken, latency, registers[0], (*registers[1:], *predicate))


Wanted = Callable[[Instruction], bool]


def way(
    listing: Listing, start: int, stops: Sequence[Wanted | int], shun: tuple[str, ...] = ()
) -> list[int]:
    """Positions along the cheapest way from `start` past one place of every stop, in order.

    A stop is a position, or what an instruction there is like; `shun` begins opcodes not to pass.
    """
    whole = [start]
    for stop in stops:

        def arrived(here: int, since: int = whole[-1], stop: Wanted | int = stop) -> bool:
            wanted = here == stop if isinstance(stop, int) else stop(listing[here])
            return wanted and here != since

        part = cheapest_way(listing, whole[-1], arrived, shun)
        if not part:
            raise ValueError("the listing has no such way: the kernel has changed under the model")
        whole += part[1:]
    return whole


def starts(*names: str) -> Wanted:
    return lambda one: one.opcode.startswith(names)


def makes_scores(one: Instruction) -> bool:
    """The first of a block's: it adds to nothing."""
    return one.opcode.startswith("HGMMA") and "RZ" in one.operands


def block_of(choices: str, then: list[Wanted], ends: bool = False) -> list[Wanted]:
    """What a way round the main loop passes; `then`: behind a block's products. ends: the last."""
    scores = [] if ends else [makes_scores]
    if choices == "Ahead":
        return [adds_to_output, *scores, *then]
    if choices == "PingPong":
        return [adds_to_output, *then, *scores, starts("BAR.ARV")]
    return [adds_to_output, *then]


def pass_of(kernel: budgets.Kernel, leader: bool, last: bool) -> list[Step]:
    """What a warp does in one pass over a head; the last pass releases the ring's blocks."""
    listing, choices, loop = kernel.listing, kernel.choices, sass.main_loop(kernel.listing)
    index = {one.address: i for i, one in enumerate(listing)}
    head, end = index[loop[0].address], index[loop[-1].address]
    begin, again = _pass_loop(listing, head, end)
    release = [starts("ATOMS")] if last else []
    q, store = ([starts("UTMALDG")], [starts("UTMASTG")]) if leader else ([], [])

    asks = [] if choices in LATE_Q else q
    before = way(listing, begin, [*asks, *block_of(choices, [])[1:], head])
    middle = way(listing, head, [*block_of(choices, release), head])
    first = way(listing, head, [starts("FMNMX"), *block_of(choices, release), head])
    if choices in LATE_Q and leader:
        # Past the ring's loads, which follow a release, to that of Q.
        asks = block_of(choices, q)
        first = way(listing, head, [starts("FMNMX"), *asks, head], shun=("ATOMS",))
    ends = block_of(choices, release, ends=True)
    blocks = [
        *first[:-1],
        *middle[:-1] * (KEYS // kernel.keys - 2),
        *way(listing, head, [*ends, starts("BAR.RED"), *store, again]),
    ]
    return [step_of(listing[i]) for i in (*before[:-1], *blocks)]


def _pass_loop(listing: Listing, head: int, end: int) -> tuple[int, int]:
    """Where the smallest loop begins and ends that holds the main loop and the output's store."""
    index = {one.address: i for i, one in enumerate(listing)}
    around = [
        body
        for body in loops(listing)
        if index[body[0].address] <= head and end <= index[body[-1].address]
    ]
    found = [body for body in around if body[-1].predicate and sass.count(body, "UTMASTG")]
    smallest = min(found, key=len)
    return index[smallest[0].address], index[smallest[-1].address]
