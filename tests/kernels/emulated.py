"""The kernels' own source, compiled by the host's C++ compiler over csrc/emulator."""

from __future__ import annotations

import ctypes
import math
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from blackwell_sparsek import library

CSRC = Path(__file__).resolve().parents[2] / "csrc"
KERNELS = "attention/portable/launch.cu"
SURROUNDINGS = (
    "attention/api.cu",
    *sorted(f"attention/hopper/{unit.name}" for unit in (CSRC / "attention/hopper").glob("*.cu")),
    *sorted(f"emulator/{unit.name}" for unit in (CSRC / "emulator").glob("*.cpp")),
)
STRICT = ("-O2", "-Wall", "-Wextra", "-Werror")
QUICK = ("-O1",)
DTYPES = {torch.float16: 0, torch.bfloat16: 1}
LAST_CTA = 2**32 - 1
TRUNCATED_SUMS = 2**32  # added to a seed: wgmma adds as tensor cores do; csrc/emulator/schedule.h


def compiler() -> str:
    """The host's C++ compiler: $CXX, c++, g++ or clang++."""
    for name in (os.environ.get("CXX", ""), "c++", "g++", "clang++"):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise RuntimeError("no C++ compiler found: install g++ or clang++, or set CXX")


def compile_host(sources: Path, folder: Path, *arguments: str) -> None:
    """Run the host's C++ compiler in `folder` over files of `sources`, a csrc folder."""
    every = (
        "-std=c++17",
        "-fPIC",
        "-Wno-unknown-pragmas",
        "-Wno-pass-failed",
        f"-I{sources}",
        f"-I{sources}/emulator",
    )
    command = [compiler(), *every, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def precompile_standard(folder: Path, flags: tuple[str, ...]) -> None:
    """Compile what csrc includes of the standard library, for units compiled with these flags."""
    texts = [path.read_text() for path in CSRC.rglob("*.*") if path.is_file()]
    names = sorted({name for text in texts for name in re.findall(r"#include <(\w+)>", text)})
    (folder / "standard.h").write_text("".join(f"#include <{name}>\n" for name in names))
    compile_host(CSRC, folder, *flags, "-x", "c++-header", "standard.h", "-o", "standard.h.gch")


def with_standard(folder: Path, flags: tuple[str, ...]) -> tuple[str, ...]:
    """The flags, and those that spare a unit the quarter of its time that these headers take."""
    return (*flags, "-include", str(folder / "standard.h"))


def compile_surroundings(folder: Path) -> None:
    """Compile all but the kernels, several at a time."""

    def compile_unit(unit: str) -> None:
        target = unit.replace("/", "_") + ".o"
        compile_host(CSRC, folder, *STRICT, "-c", "-o", target, "-x", "c++", f"{CSRC}/{unit}")

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compile_unit, SURROUNDINGS))


def surroundings_in(folder: Path) -> tuple[str, ...]:
    """The objects that compile_surroundings() left there, to link kernels with."""
    return tuple(str(folder / (unit.replace("/", "_") + ".o")) for unit in SURROUNDINGS)


def emulator_alone(objects: tuple[str, ...]) -> tuple[str, ...]:
    """Those of surroundings_in() that hold no kernel of ours: for kernels of a test's own."""
    return tuple(each for each in objects if Path(each).name.startswith("emulator_"))


def compile_kernels(
    unit: Path,
    target: Path,
    objects: tuple[str, ...],
    sources: Path = CSRC,
    flags: tuple[str, ...] = STRICT,
) -> Path:
    """Compile one .cu over the headers of `sources` and link it with objects into a library."""
    arguments = ("-shared", "-o", target.name, "-x", "c++", str(unit), "-x", "none", *objects)
    compile_host(sources, target.parent, *flags, *arguments)
    return target


def compile_mutant(
    folder: Path,
    objects: tuple[str, ...],
    path: str,
    changes: Mapping[str, str],
    flags: tuple[str, ...] = QUICK,
) -> Path:
    """Compile a copy of csrc in which each text of `path` is replaced; each must occur once."""
    copy = folder / "csrc"
    shutil.copytree(CSRC, copy)
    text = (copy / path).read_text()
    for old, new in changes.items():
        assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times, expected once"
        text = text.replace(old, new)
    (copy / path).write_text(text)
    return compile_kernels(copy / KERNELS, folder / "mutant.so", objects, copy, flags)


@dataclass(frozen=True)
class Outcome:
    """What one emulated launch gave. code: of the C interface; fault: the emulator's finding."""

    output: torch.Tensor
    code: int
    fault: str
    bank_conflicts: int


class EmulatedLibrary:
    """An emulated library, called through the same C interface as the real one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.native = ctypes.CDLL(str(path))
        self.native.emulator_configure.argtypes = (ctypes.c_uint64, ctypes.c_uint, ctypes.c_uint)
        self.native.emulator_allow_reads.argtypes = (ctypes.c_void_p, ctypes.c_uint64)
        self.native.emulator_fault.restype = ctypes.c_char_p
        self.native.emulator_bank_conflicts.restype = ctypes.c_uint64
        self.native.sparsek_error_text.restype = ctypes.c_char_p
        self.native.sparsek_kernel_name.restype = ctypes.c_char_p

    def forward(
        self,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        causal: bool = False,
        scale: float | None = None,
        *,
        output: torch.Tensor | None = None,
        seed: int = 0,
        ctas: tuple[int, int] = (0, LAST_CTA),
        kernel: int = library.PORTABLE,
        multiprocessors: int | None = None,
    ) -> Outcome:
        """Run the kernel on CPU tensors; `output` starts as NaN, so rows left out show.

        ctas: first and last + 1 of those that run. multiprocessors: None for the emulator's few.
        """
        o = torch.full(q.shape, math.nan, dtype=q.dtype) if output is None else output
        self.native.emulator_configure(seed, *ctas)
        if multiprocessors is not None:
            self.native.emulator_multiprocessors(multiprocessors)
        for tensor in (q, k, v):
            self.native.emulator_allow_reads(tensor.data_ptr(), span_bytes(tensor))
        args = arguments(q, k, v, o, causal, scale, kernel)
        code = self.native.sparsek_attention_forward(ctypes.byref(args), None)
        fault = self.native.emulator_fault().decode()
        bank_conflicts = self.native.emulator_bank_conflicts()
        # What was set here is the library's state; the next caller must not inherit it.
        self.native.emulator_configure(0, 0, LAST_CTA)
        return Outcome(o, code, fault, bank_conflicts)


def arguments(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    o: torch.Tensor,
    causal: bool = False,
    scale: float | None = None,
    kernel: int = library.PORTABLE,
) -> library.Attention:
    """The C interface's struct for these tensors."""
    args = library.Attention()
    for name, tensor in (("q", q), ("k", k), ("v", v), ("o", o)):
        setattr(args, name, tensor.data_ptr())
        getattr(args, f"{name}_stride")[:] = tensor.stride()[:3]
    args.batch, args.heads, args.seq, args.dim = q.shape
    args.dtype, args.causal = DTYPES[q.dtype], int(causal)
    args.scale = q.shape[-1] ** -0.5 if scale is None else scale
    args.kernel = kernel
    return args


def span_bytes(tensor: torch.Tensor) -> int:
    """From the first to the last element of a view, gaps included."""
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    last = sum((size - 1) * step for size, step in steps)
    return int(tensor.element_size() * (last + 1))


def reference(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    causal: bool = False,
    scale: float | None = None,
) -> torch.Tensor:
    """softmax(scale * q k^T) v in float64."""
    factor = q.shape[-1] ** -0.5 if scale is None else scale
    scores = factor * (q.double() @ k.double().transpose(-1, -2))
    if causal:
        seen = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        scores = scores.masked_fill(~seen, -math.inf)
    return torch.softmax(scores, dim=-1) @ v.double()


# BF16 keeps 8 bits: half a unit in the last place of the weights and of the output is 2^-9 each.
TOLERANCE = {torch.float16: (1e-3, 2e-3), torch.bfloat16: (8e-3, 8e-3)}


def worst(got: torch.Tensor, want: torch.Tensor, magnitude: float = 1.0) -> float:
    """Largest |error| relative to what is tolerated; NaN counts as infinitely wrong.

    magnitude: of the values; the weights' rounding errors are multiplied by it.
    """
    rtol, atol = TOLERANCE[got.dtype]
    atol *= magnitude
    relative = (got.double() - want).abs() / (atol + rtol * want.abs())
    return float(torch.nan_to_num(relative, nan=math.inf).max())


def normal(*shape: int, dtype: torch.dtype, seed: int = 0, count: int = 3) -> list[torch.Tensor]:
    """`count` tensors of N(0, 1)."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=generator).to(dtype) for _ in range(count)]
