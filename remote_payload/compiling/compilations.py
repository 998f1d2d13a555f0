"""Libraries out of .cu files: every file for every architecture, as many at once as CPUs."""

from __future__ import annotations

import math
import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from remote_payload.compiling import objects
from remote_payload.compiling.compiler import Nvcc, unit_words
from remote_payload.compiling.counting import Counting, Progress
from remote_payload.compiling.kept import Kept
from remote_payload.compiling.objects import DEPENDS, OBJECT, Object
from remote_payload.contract.machine import Compilation
from remote_payload.contract.words import Status
from remote_payload.machine.toolkit import gencode
from remote_payload.processes.bounded import spoken
from remote_payload.processes.isolate import Deadline

SHARED = "-shared"
CUBINS = ("-cubin",)
WORST = (Status.FAILED, Status.TIMEOUT, Status.SKIPPED)


class Compilations:
    """read: all files that went into what was made so far, found again or compiled.

    link: nvcc's words for what is made of the objects; without SHARED, a program. CUBINS: nothing
    is, and each is the device's code alone, which no host compiler sees. stopped: once it is set,
    nothing is begun, and what was, is killed.
    """

    def __init__(
        self,
        nvcc: Nvcc,
        kept: Kept,
        flags: Sequence[str],
        units: Sequence[str],
        limit_s: float,
        link: Sequence[str] = (SHARED,),
        stopped: Optional[threading.Event] = None,
    ) -> None:
        self.kept, self.read, self._link = kept, set(units), tuple(link)
        self.searched = nvcc.searched(flags)
        self._nvcc, self._flags, self._units = nvcc, tuple(flags), tuple(units)
        self._deadline = Deadline(limit_s)
        # What failed, or that nobody waits any more: then nothing else begins.
        self._why_stopped, self._stopped = "", stopped or threading.Event()

    @property
    def links(self) -> bool:
        """Whether anything is made of the objects."""
        return self._link != CUBINS

    @property
    def _form(self) -> Tuple[str, ...]:
        """nvcc's words for what each file becomes."""
        return () if self.links else CUBINS

    @staticmethod
    def library(arch: str) -> str:
        """The file name of the library for this architecture."""
        return f"libsparsek.{arch}.so"

    def recipe(self, arch: str) -> str:
        """Of this architecture's library."""
        return self._nvcc.recipe(self._flags, (*self._link, arch, *self._units))

    def all(self, arch: Sequence[str], folder: Path, progress: Progress) -> Tuple[Compilation, ...]:
        """A library for each architecture, in `folder`; progress: as each file is compiled, and
        each library linked."""
        done: Dict[str, Compilation] = {}
        counting = Counting(len(arch) * (len(self._units) + 1), progress)
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            waited = {name: self._begun(pool, name, counting) for name in arch}
            # Linking waits for its objects, so it takes no place among those that compile.
            with ThreadPoolExecutor(max_workers=len(arch)) as linkers:
                running = [
                    linkers.submit(self._linked, name, waited[name], folder) for name in arch
                ]
                try:
                    for future in as_completed(running):
                        one = future.result()
                        done[one.arch] = one
                        counting.one_more(f"{one.arch} {one.status.value}")
                except BaseException:
                    self._why_stopped = "the build was interrupted"
                    raise
        return tuple(done[name] for name in arch)

    def _flags_for(self, arch: str) -> Tuple[str, ...]:
        return (*self._flags, *gencode(arch))

    def _begun(
        self, pool: ThreadPoolExecutor, arch: str, counting: Counting
    ) -> List[Future[Object]]:
        """All objects of an architecture, in the order in which they are linked."""
        recipes = {unit: self._recipe_of(unit, arch) for unit in self._units}
        begun = {
            unit: pool.submit(self._counted, unit, arch, counting)
            for unit in objects.longest_first(self.kept, recipes)
        }
        return [begun[unit] for unit in self._units]

    def _recipe_of(self, unit: str, arch: str) -> str:
        return self._nvcc.recipe(self._flags, (arch, unit, *self._form))

    def _counted(self, unit: str, arch: str, counting: Counting) -> Object:
        return counting.after(lambda: self._object(unit, arch), f"{arch} {unit}")

    def _object(self, unit: str, arch: str) -> Object:
        """One file for one architecture, found again or compiled."""
        recipe = self._recipe_of(unit, arch)
        return objects.made(
            self.kept, recipe, self.searched, lambda folder: self._compiled(unit, arch, folder)
        )

    def _compiled(self, unit: str, arch: str, folder: Path) -> Object:
        if self._why_stopped or self._stopped.is_set():
            why = self._why_stopped or "the build was interrupted"
            log = f"error: {unit} was not compiled, for {why}\n"
            return Object(Status.SKIPPED, log, Path())
        began, left_s = time.monotonic(), self._deadline.allow(math.inf)
        target, depends = folder / OBJECT, folder / DEPENDS
        words = unit_words((*self._flags_for(arch), *self._form), unit, target, depends)
        called = self._nvcc.call(words, folder / "said.txt", left_s, self._stopped)
        if called.status is not Status.OK or not target.is_file():
            status = Status.FAILED if called.status is Status.OK else called.status
            log = called.log or f"error: nvcc left no object of {unit}\n"
            if called.status is Status.TIMEOUT:
                log = self._late(f"compiling {unit}") + log
            self._why_stopped = self._why_stopped or f"{unit} failed for {arch}"
            return Object(status, log, target, began=began)
        read = tuple(self._nvcc.read_for(unit, depends, self._flags, self.kept))
        return Object(Status.OK, called.log, target, read, began)

    def _linked(self, arch: str, waited: List[Future[Object]], folder: Path) -> Compilation:
        """The library out of its objects. The log is everything nvcc said of each and of it."""
        made = [future.result() for future in waited]
        for one in made:
            self.read.update(one.read)
        target = folder.resolve() / self.library(arch)
        # What failed stands before what was therefore not begun.
        log = "".join(one.log for one in sorted(made, key=lambda o: o.status is Status.SKIPPED))
        began = min((o.began for o in made if o.began is not None), default=time.monotonic())
        bad = [one for one in made if one.status is not Status.OK]
        status = min((one.status for one in bad), key=WORST.index, default=Status.OK)
        if not bad and self.links:
            words = (*self._flags_for(arch), *self._link, *(str(one.path) for one in made))
            output = target.with_suffix(".log")
            left_s = self._deadline.allow(math.inf)
            argv = (*words, "-o", str(target))
            called = self._nvcc.call(argv, output, left_s, self._stopped)
            status, log = called.status, log + called.log
            if status is Status.TIMEOUT:
                log = self._late("linking") + log
            if status is Status.OK and not target.is_file():
                status, log = Status.FAILED, log + f"error: nvcc left no {target.name}\n"
        seconds = time.monotonic() - began
        return Compilation(arch, self._command(arch), status, seconds, log)

    def _late(self, what: str) -> str:
        """For the log: the limit is that of all compilations together."""
        limit = spoken(self._deadline.limit_s)
        return f"error: {self._nvcc.toolkit.nvcc}: no end within {limit}; it was {what}\n"

    def _command(self, arch: str) -> str:
        """What makes the same at once, in the snapshot's root."""
        target = ("-o", self.library(arch)) if self.links else ()
        words = (*self._flags_for(arch), *self._link, *self._units, *target)
        return self._nvcc.command(words)
