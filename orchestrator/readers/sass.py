"""Machine code as cuobjdump lists it: what a kernel holds, and what one trip of its loop costs.

One warp instruction takes one issue slot. Opcodes: CUDA Binary Utilities, "Instruction Set
Reference" (docs.nvidia.com/cuda/cuda-binary-utilities).
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orchestrator.readers.ptxas import short_name, written_name

_FUNCTION = re.compile(r"^\s*Function : (\S+)")
_INSTRUCTION = re.compile(r"/\*([0-9a-f]{4,5})\*/\s+(@!?U?P\w+ )?([A-Z][\w.]*)(.*?);")
_TARGET = re.compile(r"0x([0-9a-f]+)\s*$")
# HGMMA with both operands in shared memory: D, then a descriptor, not a register.
_SHARED_OPERANDS = re.compile(r"^\s*R\d+, gdesc")
# What a middle block has few of: a maximum is dearer than any detour around it, exponentials are
# dearer than what stands in for them.
_PRICES = {"FMNMX": 1000, "MUFU": 20}
_TEMPLATE = re.compile(r"\b(true|false|\d+)\b")
_WORD = re.compile(r"[A-Za-z_]\w*")
# Those have no name of their own in mangled names.
_BUILT_IN = frozenset(
    (
        "true",
        "false",
        "bool",
        "char",
        "short",
        "int",
        "long",
        "unsigned",
        "float",
        "double",
        "const",
    )
)
_CAST = re.compile(r"\((?:int|bool|unsigned int|long|anonymous namespace)\)(?:::)?")
_MMA_SYNC = ("HMMA", "IMMA", "QMMA")


@dataclass(frozen=True)
class Instruction:
    """One line of a listing. predicate: "" or e.g. "@!P0"."""

    address: int
    predicate: str
    opcode: str
    operands: str

    @property
    def target(self) -> int | None:
        """Where a branch leads; None for all else."""
        found = _TARGET.search(self.operands) if self.opcode.startswith("BRA") else None
        return int(found[1], 16) if found else None

    def __str__(self) -> str:
        return f"{self.address:05x} {self.predicate} {self.opcode}{self.operands}"


Listing = tuple[Instruction, ...]


@dataclass(frozen=True)
class MachineCode:
    """One kernel's listing in figures.

    local_loads, local_stores: instructions that reach local memory, which is where spills go.
    tensor: the instructions that multiply matrices, "HGMMA" (wgmma) or "HMMA" (mma.sync), if any.
    loop: issue slots of one trip round the loop that multiplies matrices, zero if none was found;
    mix: its opcodes, the most frequent first.
    """

    mangled: str
    instructions: int
    local_loads: int
    local_stores: int
    tensor: str
    loop: int
    mix: tuple[tuple[str, int], ...]

    @property
    def name(self) -> str:
        return short_name(self.mangled)


def parse(text: str) -> dict[str, Listing]:
    """The listings in cuobjdump's output, by mangled name."""
    kernels: dict[str, list[Instruction]] = {}
    current: list[Instruction] = []
    for line in text.splitlines():
        if named := _FUNCTION.match(line):
            current = kernels.setdefault(named[1], [])
        elif found := _INSTRUCTION.search(line):
            address, predicate, opcode, operands = found.groups()
            current.append(
                Instruction(int(address, 16), (predicate or "").strip(), opcode, operands.rstrip())
            )
    return {name: tuple(listing) for name, listing in kernels.items()}


def main_loop(listing: Listing) -> Listing:
    """The smallest loop that multiplies two operands in shared memory; empty if there is none."""
    found = (body for body in loops(listing) if any(map(_is_main_product, body)))
    return min(found, key=len, default=())


def loops(listing: Listing) -> Iterator[Listing]:
    """What lies between each backward branch and its target."""
    for last, instruction in enumerate(listing):
        target = instruction.target
        if target is not None and target < instruction.address:
            yield tuple(one for one in listing[: last + 1] if one.address >= target)


def middle_trip(loop: Listing) -> Listing:
    """The instructions of the cheapest way round, with few maxima and few exponentials.

    That is a block in the middle: not masked, not refilling the ring, and not a head's first, from
    which alone reference-maximum softmax takes its maxima, and whose weights all need the MUFU.
    """
    found = cheapest_way(loop, 0, lambda here: here == len(loop) - 1)
    return tuple(loop[here] for here in found)


def cheapest_way(
    listing: Listing, start: int, arrived: Callable[[int], bool], shun: tuple[str, ...] = ()
) -> tuple[int, ...]:
    """Positions from `start` to the first where `arrived`, both included; empty if there is no way.

    shun: beginnings of opcodes that it must not pass.
    """
    index = {one.address: i for i, one in enumerate(listing)}
    came_from: dict[int, int] = {}
    queue = [(1, start, -1)]
    while queue:
        cost, here, before = heapq.heappop(queue)
        if here in came_from:
            continue
        came_from[here] = before
        if arrived(here):
            break
        for step in _following(listing, index, here):
            opcode = listing[step].opcode
            if not (shun and opcode.startswith(shun)):
                price = _PRICES.get(opcode.split(".")[0], 1)
                heapq.heappush(queue, (cost + price, step, here))
    else:
        return ()
    way = []
    while here >= 0:
        way.append(here)
        here = came_from[here]
    return tuple(reversed(way))


def _following(listing: Listing, index: dict[int, int], here: int) -> list[int]:
    instruction = listing[here]
    following = [here + 1]
    if instruction.opcode.startswith(("EXIT", "RET")) and not instruction.predicate:
        following = []
    elif instruction.target is not None:
        unconditional = not instruction.predicate and ", " not in instruction.operands
        following = ([] if unconditional else following) + [index.get(instruction.target, -1)]
    return [step for step in following if 0 <= step < len(listing)]


def count(listing: Listing, prefix: str) -> int:
    """How many instructions' opcodes start so; e.g. "MUFU.EX2"."""
    return sum(one.opcode.startswith(prefix) for one in listing)


def _is_main_product(instruction: Instruction) -> bool:
    return instruction.opcode.startswith("HGMMA") and bool(
        _SHARED_OPERANDS.match(instruction.operands)
    )


def describe(listings: dict[str, Listing]) -> tuple[MachineCode, ...]:
    """Every kernel of a library in figures."""
    return tuple(_describe(name, listing) for name, listing in listings.items())


def _describe(mangled: str, listing: Listing) -> MachineCode:
    trip = middle_trip(loop) if (loop := main_loop(listing) or _mma_loop(listing)) else ()
    mix = Counter(one.opcode.split(".")[0] for one in trip)
    return MachineCode(
        mangled,
        instructions=len(listing),
        local_loads=count(listing, "LDL"),
        local_stores=count(listing, "STL"),
        tensor=next((name for name in ("HGMMA", *_MMA_SYNC) if count(listing, name)), ""),
        loop=len(trip),
        mix=tuple(mix.most_common()),
    )


def _mma_loop(listing: Listing) -> Listing:
    """The smallest loop with mma.sync in it; empty if there is none."""
    found = (body for body in loops(listing) if any(map(_is_mma_sync, body)))
    return min(found, key=len, default=())


def _is_mma_sync(instruction: Instruction) -> bool:
    return instruction.opcode.split(".")[0] in _MMA_SYNC


def is_kernel(mangled: str, demangled: str) -> bool:
    """Whether a kernel's mangled name and one that a profiler printed are the same kernel.

    Compared are the function's own name, and the literals and type names of its template
    arguments: kernel<Config<Half, 64>> is not kernel<Config<BFloat16, 64>>. Best effort.
    """
    ours = written_name(mangled)
    head, _, _ = _CAST.sub("", demangled).partition("(")
    name, _, arguments = head.removeprefix("void ").partition("<")
    words = {"true": "1", "false": "0"}
    literals = [words.get(one, one) for one in _TEMPLATE.findall(arguments)]
    base, _, own = ours.partition("<")
    types = set(_WORD.findall(arguments)) - _BUILT_IN
    same_types = all(f"{len(word)}{word}" in mangled for word in types)
    same_name = base == name.rpartition("::")[2].strip()
    return same_name and same_types and re.findall(r"\d+", own) == literals
