"""Kernels on a host without a GPU: their unchanged source, compiled over csrc/emulator.

That proves results, never speed: an emulated provider is checked and never timed.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath
from typing import List, Optional, Sequence, Set

from remote_payload.compiling import compiler, objects
from remote_payload.compiling.counting import Counting, Progress, silent
from remote_payload.compiling.errors import CompiledTooLong, CompileError, NoCompiler
from remote_payload.compiling.kept import Kept, digest
from remote_payload.compiling.objects import DEPENDS, OBJECT, Object
from remote_payload.contract.tools import compiler_words
from remote_payload.contract.words import Status
from remote_payload.processes import bounded
from remote_payload.processes.bounded import spoken
from remote_payload.processes.isolate import Deadline

COMPILERS = ("c++", "g++", "clang++")
FLAGS = ("-std=c++17", "-fPIC", "-Wno-unknown-pragmas")
# Where an emulated kernel spends its time. What is emulated is compiled a third sooner with less.
_EMULATOR = PurePath("csrc/emulator")
PREFIX, LIBRARY = "emulated-", "emulated"
_SHARED = ("-shared",)
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


def library(
    sources: Path,
    builds: Path,
    limit_s: float = math.inf,
    stopped: Optional[threading.Event] = None,
    progress: Progress = silent,
) -> str:
    """Path of the emulated library of `sources`/csrc, compiled at first use, kept under builds.

    stopped: once it is set, nothing is compiled any more. progress: as each is compiled.
    CompileError: that, or no C++ compiler, or it refuses the source, or is not done after limit_s
    seconds.
    """
    kept = Kept(builds, sources)
    over = Emulation(host_compiler(), sources, kept, limit_s, stopped)
    wanted = units(sources / "csrc")
    recipe = over.recipe(wanted, _SHARED)
    folder = kept.find(PREFIX, recipe, LIBRARY)
    if folder is None:
        partial = kept.partial(PREFIX)
        try:
            over.link(wanted, partial, _SHARED, progress)
            folder = kept.publish(partial, PREFIX, recipe, over.read, over.searched)
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


class Emulation:
    """Files below `root`, compiled over root/csrc/emulator; an edit compiles again what read it.

    program: the C++ compiler. kept: of root. limit_s: for all that is linked together. read: all
    files that went into what was linked so far, found again or compiled. stopped: as of `library`.
    """

    def __init__(
        self,
        program: str,
        root: Path,
        kept: Kept,
        limit_s: float = math.inf,
        stopped: Optional[threading.Event] = None,
    ) -> None:
        self.read: Set[str] = set()
        values = [value for _, value in compiler.in_force(compiler.HEADER_FOLDERS)]
        named = [each for value in values for each in value.split(os.pathsep)]
        self.searched = [each for each in named if os.path.isabs(each)]
        self._program, self._root, self._kept = program, root, kept
        self._said = compiler.said_by(program)
        self._deadline = Deadline(limit_s)
        self._stopped = stopped or threading.Event()
        self._failure: Optional[CompileError] = None
        self._is_given_up = False

    def recipe(self, sources: Sequence[Path], words: Sequence[str]) -> str:
        """How these are compiled, and linked with these words, but for the bytes of files."""
        names = [f"{self._optimised(path)} {self._name(path)}" for path in sources]
        variables = compiler.in_force(compiler.OF_THE_HOST_COMPILER)
        program = (*compiler.stamp(self._program), self._said)
        return digest("\0".join([*FLAGS, *words, *names, *program, repr(variables)]))

    def link(
        self,
        sources: Sequence[Path],
        folder: Path,
        words: Sequence[str] = (),
        progress: Progress = silent,
    ) -> Path:
        """Compile files, several at a time, and link them in `folder`.

        words: for linking; without -shared the result is a program. CompileError says what is
        wrong; CompiledTooLong, which of them was not done in time. Interrupted, it begins no more.
        """
        counting = Counting(len(sources) + 1, progress)

        def compiled(source: Path) -> Object:
            return counting.after(lambda: self._object(source), f"emulated {self._name(source)}")

        order = objects.longest_first(self._kept, {one: self._recipe_of(one) for one in sources})
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            try:
                found = dict(zip(order, pool.map(compiled, order)))
            except BaseException:
                self._is_given_up = True
                raise
        made = [found[source] for source in sources]
        for one in made:
            self.read.update(one.read)
        target = folder.resolve() / LIBRARY
        given = [*words, "-o", str(target), *(str(one.path) for one in made)]
        self._call(given, folder / "linking.txt", "linking")
        counting.one_more("emulated kernel")
        return target

    def _name(self, source: Path) -> str:
        return source.relative_to(self._root).as_posix()

    def _object(self, source: Path) -> Object:
        return objects.made(
            self._kept,
            self._recipe_of(source),
            self.searched,
            lambda folder: self._compiled(source, folder),
        )

    def _recipe_of(self, source: Path) -> str:
        return self.recipe((source,), ("-c",))

    def _optimised(self, source: Path) -> str:
        is_ours = _EMULATOR in source.relative_to(self._root).parents
        return "-O2" if is_ours else "-O1"

    def _compiled(self, source: Path, folder: Path) -> Object:
        name, target, depends = self._name(source), folder / OBJECT, folder / DEPENDS
        stage = f"compiling {source.relative_to(self._root / 'csrc').as_posix()}"
        if self._is_given_up or self._stopped.is_set():  # whoever waits may meet this one first
            raise self._failure or CompileError(f"{stage}: nobody waits for it any more")
        began = time.monotonic()
        include = ("-Icsrc", "-Icsrc/emulator")
        listing = ("-MD", "-MF", str(depends))
        flags = [*FLAGS, self._optimised(source), *include, *listing]
        words = [*flags, "-c", "-o", str(target), "-x", "c++", name]
        try:
            log = self._call(words, folder / "said.txt", stage)
        except CompileError as exc:
            self._failure = self._failure or exc
            self._is_given_up = True
            raise
        read = (*(compiler.listed_by(depends) or self._kept.everything()), name)
        return Object(Status.OK, log, target, read, began)

    def _call(self, words: Sequence[str], output: Path, stage: str) -> str:
        """Run the compiler, and give what it said. stage: what it is doing, for errors."""
        limit_s = self._deadline.allow(math.inf)
        if not limit_s:
            raise CompiledTooLong(f"{stage}: no time was left")
        argv = [self._program, *words]
        ended = bounded.run(argv, output, limit_s, str(self._root), stopped=self._stopped)
        said = output.read_text("utf-8", "replace")
        output.unlink()
        if ended.timed_out:
            late = f"{stage}: not done {spoken(self._deadline.limit_s)} after the start"
            raise CompiledTooLong(late)
        if ended.exit_code != 0:
            raise CompileError(compiler_words.cause(said) or ended.why or f"{stage} failed")
        return said
