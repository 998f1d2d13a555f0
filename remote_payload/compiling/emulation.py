"""Kernels on a host without a GPU: their unchanged source, compiled over csrc/emulator.

That proves results, never speed: an emulated provider is checked and never timed.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import List, Sequence

from remote_payload.compiling import compiler
from remote_payload.compiling.errors import CompiledTooLong, CompileError, NoCompiler
from remote_payload.compiling.kept import Kept, digest
from remote_payload.contract.tools import compiler_words
from remote_payload.processes import bounded
from remote_payload.processes.bounded import spoken
from remote_payload.processes.isolate import Deadline

COMPILERS = ("c++", "g++", "clang++")
FLAGS = ("-std=c++17", "-O2", "-fPIC", "-Wno-unknown-pragmas")
PREFIX, LIBRARY = "emulated-", "emulated"
# Not resolved: of a process that lives on, the folder of the code leads to the latest snapshot.
SOURCES = Path(__file__).absolute().parents[2]
# A variable that has a package run its kernels in Python on the CPU, the module that reads it, and
# what that is called: https://triton-lang.org/main/programming-guide/chapter-3/debugging.html,
# https://numba.readthedocs.io/en/stable/cuda/simulator.html
INTERPRETERS = (
    ("TRITON_INTERPRET", "triton", "Triton's interpreter"),
    ("NUMBA_ENABLE_CUDASIM", "numba.cuda", "Numba's CUDA simulator"),
)
_OFF = ("", "0", "false", "no", "off", "n")


def interpreter() -> str:
    """What runs the kernels of this process on the CPU in place of a GPU, in words; else empty.

    Only once the package is loaded: who sets the variable and never needs it is not emulated.
    """
    for variable, module, words in INTERPRETERS:
        if module in sys.modules and switched_on(variable):
            return f"run by {words} on the CPU ({variable})"
    return ""


def switched_on(variable: str) -> bool:
    """Whether the environment says yes, in any of the words that these packages take for it."""
    return os.environ.get(variable, "").strip().lower() not in _OFF


def library(sources: Path, builds: Path, limit_s: float = math.inf) -> str:
    """Path of the emulated library of `sources`/csrc, compiled at first use, kept under builds.

    CompileError: no C++ compiler, or it refuses the source, or is not done after limit_s seconds.
    """
    program = host_compiler()
    csrc, kept = sources / "csrc", Kept(builds, sources)
    recipe = _recipe(csrc, program)
    folder = kept.find(PREFIX, recipe, LIBRARY)
    if folder is None:
        partial = kept.partial(PREFIX)
        try:
            link(program, csrc, units(csrc), partial, ("-shared",), limit_s)
            read = [name for path in partial.glob("*.d") for name in compiler.listed_by(path)]
            for path in partial.iterdir():
                if path.name != LIBRARY:
                    path.unlink()
            folder = kept.publish(partial, PREFIX, recipe, read or kept.everything(), _searched())
        finally:
            shutil.rmtree(str(partial), ignore_errors=True)
    return str((folder / LIBRARY).resolve())


def altered_library(path: str, old: str, new: str, builds: Path) -> str:
    """Path of the library of csrc with `old`, which is in csrc/`path` just once, replaced by `new`.

    Kept under builds. ValueError: `old` is not there, or more than once; CompileError as for
    `library`.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(str(SOURCES / "csrc"), f"{folder}/csrc", copy_function=shutil.copyfile)
        for base, _folders, _files in os.walk(f"{folder}/csrc"):
            os.chmod(base, 0o755)  # those of a snapshot are read-only
        target = Path(folder, "csrc", path)
        text = target.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise ValueError(f"csrc/{path} holds {old!r} {text.count(old)} times, expected once")
        target.write_text(text.replace(old, new), encoding="utf-8")
        return library(Path(folder), builds)


def units(csrc: Path) -> List[Path]:
    """The kernels and the emulator, in a fixed order."""
    return sorted([*csrc.glob("attention/**/*.cu"), *csrc.glob("emulator/*.cpp")])


def host_compiler() -> str:
    """The C++ compiler here; NoCompiler if there is none."""
    for name in (os.environ.get("CXX", ""), *COMPILERS):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise NoCompiler("no C++ compiler here (looked for $CXX, " + ", ".join(COMPILERS) + ")")


def _recipe(csrc: Path, program: str) -> str:
    """How the emulated library is made, but for the bytes of its files."""
    names = [path.relative_to(csrc).as_posix() for path in units(csrc)]
    variables = compiler.in_force(compiler.OF_THE_HOST_COMPILER)
    facts = [*FLAGS, *names, *compiler.stamp(program), compiler.said_by(program), repr(variables)]
    return digest("\0".join(facts))


def _searched() -> List[str]:
    """The folders of headers that the environment names."""
    values = [value for _, value in compiler.in_force(compiler.HEADER_FOLDERS)]
    return [each for value in values for each in value.split(os.pathsep) if os.path.isabs(each)]


def link(
    program: str,
    csrc: Path,
    sources: Sequence[Path],
    folder: Path,
    flags: Sequence[str] = (),
    limit_s: float = math.inf,
) -> Path:
    """Compile `sources` of csrc over the emulator, several at a time, and link them in `folder`.

    program: the C++ compiler; what it read for an object stands in a file .d beside that. flags:
    for linking; without -shared the result is a program. CompileError says what is wrong;
    CompiledTooLong, which of them was not done limit_s seconds after the call.
    """
    deadline = Deadline(limit_s)

    def compile_unit(unit: Path) -> str:
        path = unit.relative_to(csrc)
        name = "_".join(path.parts) + ".o"
        include = (f"-I{csrc}", f"-I{csrc / 'emulator'}")
        listing = ("-MD", "-MF", f"{name}.d")
        command = [program, *FLAGS, *include, *listing, "-c", "-o", name, "-x", "c++", str(unit)]
        _call(command, folder, f"compiling {path.as_posix()}", deadline)
        return name

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        objects = list(pool.map(compile_unit, sources))
    _call([program, *flags, "-o", LIBRARY, *objects], folder, "linking", deadline)
    return folder / LIBRARY


def _call(command: Sequence[str], folder: Path, stage: str, deadline: Deadline) -> None:
    """Run a compiler. stage: what it is doing, for errors, e.g. "linking"."""
    limit_s = deadline.allow(math.inf)
    if not limit_s:
        raise CompiledTooLong(f"{stage}: no time was left")
    output = folder / f"{stage.replace('/', '_')}.txt"
    ended = bounded.run(command, output, limit_s, cwd=str(folder))
    if ended.timed_out:
        raise CompiledTooLong(f"{stage}: not done {spoken(deadline.limit_s)} after the start")
    if ended.exit_code != 0:
        said = compiler_words.cause(output.read_text("utf-8", "replace"))
        raise CompileError(said or ended.why or f"{stage} failed")
