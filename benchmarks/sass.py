"""What one trip of an attention kernel's main loop costs, read off its machine code.

`python -m benchmarks.sass kernel.cubin` prints it per kernel. Needs cuobjdump and nvdisasm, from a
CUDA toolkit or the PyPI packages nvidia-cuda-cuobjdump and nvidia-cuda-nvdisasm.

One warp instruction takes one issue slot. Per 64 x 128 tile of scores the tensor core needs 512
clocks, so that many slots per scheduler are there for all else.
"""

from __future__ import annotations

import heapq
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_FUNCTION = re.compile(r"^\s*Function : (\S+)")
_INSTRUCTION = re.compile(r"/\*([0-9a-f]{4,5})\*/\s+(@!?U?P\w+ )?([A-Z][\w.]*)(.*?);")
_TARGET = re.compile(r"0x([0-9a-f]+)\s*$")
# HGMMA with both operands in shared memory: D, then a descriptor, not a register.
_SHARED_OPERANDS = re.compile(r"^\s*R\d+, gdesc")
_MAXIMUM_COST = 1000  # dearer than any detour around it


class NoDisassembler(RuntimeError):
    """cuobjdump or nvdisasm is missing."""


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


def tool_folders() -> list[str]:
    """Where the disassembler is looked for: PATH, then NVIDIA's packages in this Python."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    spec = importlib.util.find_spec("nvidia")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folders.extend(str(found) for found in sorted(Path(place).glob("cu*/bin")))
    return folders


def find_tools(folders: Sequence[str]) -> str:
    """The first folder that holds cuobjdump and nvdisasm; NoDisassembler if none does."""
    for folder in folders:
        if all(shutil.which(tool, path=folder) for tool in ("cuobjdump", "nvdisasm")):
            return folder
    raise NoDisassembler(
        "cuobjdump and nvdisasm not found: pip install nvidia-cuda-cuobjdump nvidia-cuda-nvdisasm"
    )


def disassemble(cubin: Path) -> dict[str, Listing]:
    """The listing of every kernel in a cubin, by mangled name."""
    folder = find_tools(tool_folders())
    path = os.pathsep.join([folder, os.environ.get("PATH", "")])
    done = subprocess.run(
        [str(Path(folder) / "cuobjdump"), "-sass", str(cubin)],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return parse(done.stdout)


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
    loops = []
    for last, instruction in enumerate(listing):
        target = instruction.target
        if target is None or target >= instruction.address:
            continue
        body = tuple(one for one in listing[: last + 1] if one.address >= target)
        if any(_is_main_product(one) for one in body):
            loops.append(body)
    return min(loops, key=len, default=())


def middle_trip(loop: Listing) -> Listing:
    """The instructions of the cheapest way round that takes as few maxima as it can.

    That is a block in the middle: not masked, not refilling the ring, and not a head's first, from
    which alone reference-maximum softmax takes its maxima.
    """
    index = {one.address: i for i, one in enumerate(loop)}
    came_from: dict[int, int] = {}
    queue = [(1, 0, -1)]
    while queue:
        cost, here, before = heapq.heappop(queue)
        if here in came_from:
            continue
        came_from[here] = before
        if here == len(loop) - 1:
            break
        instruction = loop[here]
        following = [here + 1]
        if instruction.target is not None:
            unconditional = not instruction.predicate and ", " not in instruction.operands
            following = ([] if unconditional else following) + [index.get(instruction.target, -1)]
        for step in following:
            if 0 <= step < len(loop):
                dear = _MAXIMUM_COST if loop[step].opcode.startswith("FMNMX") else 1
                heapq.heappush(queue, (cost + dear, step, here))
    trip, here = [], len(loop) - 1
    while here >= 0:
        trip.append(loop[here])
        here = came_from[here]
    return tuple(reversed(trip))


def count(listing: Listing, prefix: str) -> int:
    """How many instructions' opcodes start so; e.g. "MUFU.EX2"."""
    return sum(one.opcode.startswith(prefix) for one in listing)


def _is_main_product(instruction: Instruction) -> bool:
    return instruction.opcode.startswith("HGMMA") and bool(
        _SHARED_OPERANDS.match(instruction.operands)
    )


def main(arguments: list[str]) -> None:
    """Print a middle block's trip round each kernel's main loop: issue slots, then pipes."""
    for argument in arguments:
        for name, listing in disassemble(Path(argument)).items():
            trip = middle_trip(main_loop(listing))
            pipes = Counter(one.opcode.split(".")[0] for one in trip)
            print(f"{name}: {len(trip)} issue slots")
            print("  " + "  ".join(f"{opcode} {many}" for opcode, many in pipes.most_common()))


if __name__ == "__main__":
    main(sys.argv[1:])
