"""One library, or one program, out of .cu files: compiled at first use, kept, found again."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

from remote_payload.compiling import compiler
from remote_payload.compiling.compilations import SHARED, Compilations
from remote_payload.compiling.errors import CompiledTooLong, CompileError, NoCompiler
from remote_payload.compiling.kept import FOLDER, Kept
from remote_payload.contract import codec
from remote_payload.contract.machine import Compilation
from remote_payload.contract.tools import compiler_words
from remote_payload.contract.words import Status
from remote_payload.machine import toolkit
from remote_payload.machine.toolkit import Toolkit
from remote_payload.processes.isolate import Deadline

_FACTS = "facts.json"


@dataclass(frozen=True)
class Order:
    """What to compile, below `sources`, and where it is kept.

    units: .cu files, relative to sources. flags: nvcc's, but for the architecture. prefix: of the
    folder below builds. folder: of sources, in which a new file may hide one that was read. home:
    the toolkit's, if it is not the one that `toolkit.find` takes. link: SHARED for a library.
    name: of the file that is made; empty for one that tells the architecture.
    """

    sources: Path
    builds: Path
    units: Tuple[str, ...]
    flags: Tuple[str, ...]
    prefix: str
    folder: str = FOLDER
    home: str = ""
    link: Tuple[str, ...] = (SHARED,)
    name: str = ""


@dataclass(frozen=True)
class Made:
    """path: of the library or program. nvcc: its release; host: the host compiler in words.
    compilation: how it was made, now or before."""

    path: Path
    arch: str
    nvcc: str
    host: str
    compilation: Compilation


def make(order: Order, arch: str, limit_s: float) -> Made:
    """Compile for an architecture such as "sm_90a", or find what was. CompileError says why not;
    NoCompiler: no nvcc here; CompiledTooLong: not done in limit_s seconds."""
    found, deadline = _toolkit(order), Deadline(limit_s)
    nvcc, said, problem = compiler.known(found, order.sources, limit_s)
    if nvcc is None:
        raise CompileError(problem) if deadline.allow(1.0) else CompiledTooLong(problem)
    kept, left_s = Kept(order.builds, order.sources, order.folder), deadline.allow(limit_s)
    made = Compilations(nvcc, kept, order.flags, order.units, left_s, order.link)
    name = order.name or Compilations.library(arch)
    folder = kept.find(order.prefix, made.recipe(arch), name, _FACTS)
    one = _facts_in(folder) if folder else None
    if folder is None or one is None:
        folder, one = _made(made, order, arch)
    host = nvcc.host_compiler(order.flags)
    release = toolkit.release(said)
    return Made((folder / name).resolve(), arch, release, host.words if host else "", one)


def _facts_in(folder: Path) -> Optional[Compilation]:
    try:
        return codec.loads(Compilation, (folder / _FACTS).read_text(encoding="utf-8"))
    except (OSError, codec.CodecError):
        return None


def _toolkit(order: Order) -> Toolkit:
    try:
        return toolkit.at(order.home) if order.home else toolkit.find()
    except toolkit.NotWhereNamed as exc:
        raise CompileError(str(exc)) from exc
    except toolkit.NoToolkit as exc:
        raise NoCompiler("no nvcc") from exc


def _made(made: Compilations, order: Order, arch: str) -> Tuple[Path, Compilation]:
    partial = made.kept.partial(order.prefix)
    try:
        (one,) = made.all((arch,), partial, lambda *_: None)
        what = " ".join(order.units)
        if one.status is not Status.OK:
            why = compiler_words.placed(compiler_words.cause(one.log))
            kind = CompiledTooLong if one.status is Status.TIMEOUT else CompileError
            raise kind(f"{what} does not compile: {why}")
        if order.name:
            (partial / Compilations.library(arch)).rename(partial / order.name)
        codec.write_atomic(partial / _FACTS, codec.dumps(one))
        recipe = made.recipe(arch)
        final = made.kept.publish(partial, order.prefix, recipe, made.read, made.searched)
        return final, one
    except OSError as exc:  # a full disk, most of the time
        raise CompileError(f"cannot keep a build under {made.kept.builds}: {exc.strerror}") from exc
    finally:
        shutil.rmtree(str(partial), ignore_errors=True)
