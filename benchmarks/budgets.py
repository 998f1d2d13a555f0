"""What the compiler makes of the Hopper kernel and its variants, as a table.

`python -m benchmarks.budgets` compiles them and prints it. Needs nvcc and a disassembler
(benchmarks/sass.py).
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import sass
from orchestrator.readers import ptxas
from remote_payload.machine import toolkit

CSRC = Path(__file__).resolve().parents[1] / "csrc"
UNITS = tuple(
    f"attention/hopper/{name}.cu" for name in ("launch", "variants", "ahead", "ping_pong")
)
ARCH = "sm_90a"
BASE = "Base"
# attention_hopper<Config<element, head dimension, causal, choices>>, mangled.
_KERNEL = re.compile(
    r"attention_hopperINS0_6ConfigINS_(?:4Half|8(BFloat16))ELi(\d+)ELb([01])ENS0_\d+([A-Z]\w*?)EEEEEv"
)


class CompileFailed(RuntimeError):
    """nvcc is missing or refuses the kernel; the text says why."""


@dataclass(frozen=True)
class Kernel:
    """One compiled kernel. choices: as in hopper/choices.h. notices: codes such as C7510.

    issue_slots and exponentials are of one trip round the main loop: one block of `keys` keys.
    """

    element: str
    dim: int
    causal: bool
    choices: str
    registers: int
    spill_bytes: int
    notices: tuple[str, ...]
    listing: sass.Listing

    @property
    def name(self) -> str:
        """As people call it: "FP16 D=64 LateQ"."""
        mask = " causal" if self.causal else ""
        choices = "" if self.choices == BASE else f" {self.choices}"
        return f"{self.element} D={self.dim}{mask}{choices}"

    @property
    def trip(self) -> sass.Listing:
        return sass.middle_trip(sass.main_loop(self.listing))

    @property
    def exponentials(self) -> int:
        return sass.count(self.trip, "MUFU.EX2")

    @property
    def keys(self) -> int:
        """Of a block: each wgmma that adds to the output takes 16, for 64 columns of it."""
        return 16 * sum(map(adds_to_output, self.trip)) * 64 // self.dim


def adds_to_output(one: sass.Instruction) -> bool:
    """Whether it is a wgmma that multiplies weights with V, which alone is read transposed."""
    return one.opcode.startswith("HGMMA") and "tnspB" in one.operands


@dataclass(frozen=True)
class Compiled:
    """The base for every type, dimension and mask, then the variants; and what nvcc said."""

    kernels: tuple[Kernel, ...]
    log: str


def compile_kernels() -> Compiled:
    """CompileFailed; NoDisassembler."""
    with tempfile.TemporaryDirectory() as folder:
        units = [_compile(CSRC / unit, Path(folder) / "kernels.cubin") for unit in UNITS]
    return Compiled(sum((one.kernels for one in units), ()), "".join(one.log for one in units))


def _compile(unit: Path, cubin: Path) -> Compiled:
    said = compile_unit(unit, ARCH, cubin)
    report, listings = ptxas.parse(said), sass.disassemble(cubin)
    kernels = tuple(_kernel(one, report, listings[one.mangled]) for one in report.kernels)
    return Compiled(kernels, said)


def compile_unit(unit: Path, arch: str, cubin: Path) -> str:
    """Compile one of csrc's .cu files into `cubin`; what nvcc and ptxas said. CompileFailed."""
    flags = ("-O3", "-std=c++17", "-lineinfo", f"-I{CSRC}", "-Xptxas", "-v,--warn-on-spills")
    target = (f"-gencode=arch={arch.replace('sm', 'compute')},code={arch}", "-cubin")
    command = [nvcc(), *flags, *target, "-o", str(cubin), str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CompileFailed(ptxas.first_error(done.stderr) or done.stderr)
    return done.stderr


def nvcc() -> str:
    """The compiler; CompileFailed if there is none."""
    found = toolkit.nvcc_program()
    if found is None:
        raise CompileFailed("nvcc not found (looked in " + ", ".join(toolkit.nvcc_places()) + ")")
    return found


def _kernel(
    found: ptxas.KernelResources, report: ptxas.CompilerReport, listing: sass.Listing
) -> Kernel:
    parts = _KERNEL.search(found.mangled)
    if parts is None:
        raise CompileFailed(f"{found.mangled} is no kernel that budgets.py knows to name")
    bf16, dim, causal, choices = parts.groups()
    notices = [one.code for one in report.notices if one.kernel in ("", found.name)]
    return Kernel(
        element="BF16" if bf16 else "FP16",
        dim=int(dim),
        causal=causal == "1",
        choices=choices,
        registers=found.registers,
        spill_bytes=found.spill_store_bytes + found.spill_load_bytes,
        notices=tuple(notices),
        listing=listing,
    )


def table(kernels: tuple[Kernel, ...]) -> str:
    """Markdown, a row a kernel. Slots are of a block in the middle of a head."""
    columns = ("registers", "spilled bytes", "keys per block", "issue slots", "MUFU.EX2", "notices")
    lines = ["| kernel | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for one in kernels:
        figures = (one.registers, one.spill_bytes, one.keys, len(one.trip), one.exponentials)
        notices = ", ".join(one.notices) or "none"
        lines.append(f"| {one.name} | " + " | ".join(map(str, figures)) + f" | {notices} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(compile_kernels().kernels))
