"""What one trip of an attention kernel's main loop costs, read off its machine code.

`python -m benchmarks.sass kernel.cubin` prints it per kernel. Needs cuobjdump and nvdisasm, from a
CUDA toolkit or the PyPI packages nvidia-cuda-cuobjdump and nvidia-cuda-nvdisasm.

One warp instruction takes one issue slot. Per 64 x 128 tile of scores the tensor core needs 512
clocks, so that many slots per scheduler are there for all else.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from orchestrator.readers.sass import (
    Instruction,
    Listing,
    MachineCode,
    count,
    describe,
    main_loop,
    middle_trip,
    parse,
)

__all__ = [
    "Instruction",
    "Listing",
    "MachineCode",
    "NoDisassembler",
    "count",
    "describe",
    "disassemble",
    "find_tools",
    "main_loop",
    "middle_trip",
    "parse",
    "tool_folders",
]


class NoDisassembler(RuntimeError):
    """cuobjdump or nvdisasm is missing."""


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


def summary(code: MachineCode) -> str:
    """Two lines on a kernel: the issue slots of a trip round its main loop, then its pipes.

    The loop is that of wgmma, or of mma.sync, as the portable kernel's; a kernel without either has
    no trip to count.
    """
    if not code.loop:
        found = f"no loop multiplies matrices; {code.instructions} instructions in all"
        return f"{code.mangled}: {found}"
    pipes = "  ".join(f"{opcode} {many}" for opcode, many in code.mix)
    return f"{code.mangled}: {code.loop} issue slots ({code.tensor})\n  {pipes}"


def main(arguments: list[str]) -> None:
    """Print what a middle block's trip round each kernel's main loop costs."""
    for argument in arguments:
        for code in describe(disassemble(Path(argument))):
            print(summary(code))


if __name__ == "__main__":
    main(sys.argv[1:])
