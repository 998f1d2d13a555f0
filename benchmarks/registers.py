"""`python -m benchmarks.registers`: what the compiler makes of the portable kernel.

Writes the table of registers into docs/kernels/portable.md, between markers; nothing is typed by
hand. With --check it only compares, and only with a page that was written by the same nvcc:
another one may choose otherwise. Needs nvcc; takes seconds.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.budgets import CSRC, CompileFailed, compile_unit, nvcc
from orchestrator.readers import ptxas
from remote_payload.machine import toolkit
from remote_payload.stages.build import build

PAGE = CSRC.parent / "docs" / "kernels" / "portable.md"
BEGIN, END = "<!-- registers: begin -->", "<!-- registers: end -->"
UNIT = CSRC / "attention" / "portable" / "launch.cu"
COMMAND = "python -m benchmarks.registers"
# attention_portable<Config<element, head dimension, causal>>, mangled.
_KERNEL = re.compile(
    r"attention_portableINS0_6ConfigINS_(?:4Half|8(BFloat16))ELi(\d+)ELb([01])EEEEE"
)
_RELEASE = re.compile(r"nvcc ([\d.]+\d)")


@dataclass(frozen=True)
class Kernel:
    """One compiled kernel. registers: per thread; spill_bytes: stored and loaded, per thread."""

    arch: str
    element: str
    dim: int
    causal: bool
    registers: int
    spill_bytes: int

    @property
    def variant(self) -> str:
        """Which it is of those with its dimension: "FP16", "BF16 causal"."""
        return f"{self.element} causal" if self.causal else self.element


def kernels(log: str, arch: str) -> tuple[Kernel, ...]:
    """What ptxas reports of the kernels in nvcc's words. CompileFailed: one that we cannot name."""
    found = []
    for one in ptxas.parse(log).kernels:
        parts = _KERNEL.search(one.mangled)
        if parts is None:
            raise CompileFailed(f"{one.mangled} is no kernel that registers.py knows to name")
        bf16, dim, causal = parts.groups()
        element, spilled = "BF16" if bf16 else "FP16", one.spill_store_bytes + one.spill_load_bytes
        found.append(Kernel(arch, element, int(dim), causal == "1", one.registers, spilled))
    return tuple(found)


def release() -> str:
    """Of the nvcc at hand, such as 13.0.88; CompileFailed if there is none."""
    command = [nvcc(), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return toolkit.release(said.strip())


def compile_all() -> tuple[Kernel, ...]:
    """For all architectures that we build for; CompileFailed."""
    with tempfile.TemporaryDirectory() as folder:
        cubin = Path(folder) / "kernels.cubin"
        logs = [(compile_unit(UNIT, arch, cubin), arch) for arch in build.ALL_ARCH]
    return sum((kernels(log, arch) for log, arch in logs), ())


def table(found: Sequence[Kernel], nvcc_release: str) -> str:
    """Markdown: a column an architecture, a row a head dimension."""
    arches = tuple(dict.fromkeys(one.arch for one in found))
    worst = max((one.spill_bytes for one in found), default=0)
    spills = f"up to {worst} bytes spilled" if worst else "no spills"
    lines = [
        f"nvcc {nvcc_release}, `-O3`, {spills}, per thread; renewed by `{COMMAND}`:",
        "",
        "| | " + " | ".join(arches) + " |",
        "|---" * (len(arches) + 1) + "|",
    ]
    for dim in sorted({one.dim for one in found}):
        cells = (_cell([k for k in found if (k.arch, k.dim) == (arch, dim)]) for arch in arches)
        lines.append(f"| D={dim} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(found: Sequence[Kernel]) -> str:
    """The count of most, then those that differ: "245 (causal 255)"."""
    counts: dict[int, list[Kernel]] = {}
    for one in sorted(found, key=lambda one: (one.causal, one.element != "FP16")):
        counts.setdefault(one.registers, []).append(one)
    if not counts:
        return "not compiled"
    first, *others = counts.items()
    told = [f"{_together(those)} {count}" for count, those in others]
    return f"{first[0]} ({', '.join(told)})" if told else str(first[0])


def _together(those: Sequence[Kernel]) -> str:
    """Both types with a mask are called causal; else each by its name."""
    if len(those) == 2 and all(one.causal for one in those):
        return "causal"
    return " and ".join(one.variant for one in those)


def written(page: str) -> str:
    """What stands between the markers. ValueError: the page has lost them."""
    _, begin, rest = page.partition(f"{BEGIN}\n")
    inside, end, _ = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks the lines {BEGIN} and {END}")
    return inside


def release_of(page: str) -> str:
    """The nvcc that the page's table is of; empty if it names none. ValueError as `written`."""
    found = _RELEASE.search(written(page))
    return found[1] if found else ""


def main(arguments: Sequence[str], path: Path = PAGE) -> int:
    """Renew the page; with --check say whether it is what the compiler gives."""
    page, at_hand = path.read_text("utf-8"), release()
    if "--check" in arguments and release_of(page) != at_hand:
        print(f"not compared: {path.name} is of nvcc {release_of(page)}, here is {at_hand}")
        return 0
    old, new = written(page), table(compile_all(), at_hand)
    if "--check" in arguments:
        if old != new:
            print(f"{path.name} differs from what nvcc {at_hand} gives; run: {COMMAND}")
        return int(old != new)
    path.write_text(page.replace(f"{BEGIN}\n{old}{END}", f"{BEGIN}\n{new}{END}"), "utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (CompileFailed, ValueError) as exc:
        sys.exit(f"error: {exc}")
