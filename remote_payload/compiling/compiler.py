"""One nvcc as it is called here, and all that decides what it makes: the recipe of a build.

nvcc is a driver. What it would start, `-dryrun` tells: the host compiler and the flags of every
step, those from NVCC_APPEND_FLAGS, nvcc.profile or a file of options included. So that is part of
the recipe, beside the toolkit's path and version, the host compiler's, and the environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

from remote_payload.compiling import kept
from remote_payload.contract.words import Status
from remote_payload.machine.toolkit import ASK_LIMIT_S, Toolkit, release, version
from remote_payload.processes import bounded

# What changes code without standing in a command: nvcc's own variables, those that nvcc.profile
# adds to, and gcc's. https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/#nvcc-environment-variables
# https://gcc.gnu.org/onlinedocs/gcc/Environment-Variables.html
OF_NVCC = ("NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS", "NVCC_CCBIN",
           "INCLUDES", "SYSTEM_INCLUDES", "LIBRARIES", "CUDAFE_FLAGS", "PTXAS_FLAGS")  # fmt: skip
HEADER_FOLDERS = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH")
OF_THE_HOST_COMPILER = (*HEADER_FOLDERS, "LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX",
                        "LD_RUN_PATH", "SOURCE_DATE_EPOCH")  # fmt: skip
# Names of temporary files, and lines that hold what is accounted for elsewhere.
_PASSING = re.compile(r"[^\s\"]*tmpxft_[0-9a-f]+_[0-9a-f]+-\d+")
_SEARCH = re.compile(r'(?:"-I|"-isystem" "|-isystem |-I"?)([^"\s]+)')
_LISTS_ALL_PASSES = ("13",)
_OWN_PATHS = ("#$ PATH=", "#$ LD_LIBRARY_PATH=")


# Beside nvcc itself, what tells that its toolkit was replaced in place.
_OWN = ("nvcc", "nvcc.profile", "ptxas")
_OF_A_FILE = re.compile(r"-optf|--options-file")
# Words in nvcc's variables by which it lists less, or elsewhere, or may.
_LISTS_LESS = re.compile(r"(?<![\w-])-(?:M|-generate-|-dependency-)|" + _OF_A_FILE.pattern)
_WORDS_IN_A_FILE = re.compile(r"(?<=[\s\"])@([^\s\"]+)")  # of gcc, which reads them as its own
_REMEMBERED: Dict[Tuple[str, ...], Tuple[Optional[Nvcc], str]] = {}
_remembers = False


@dataclass(frozen=True)
class Called:
    """How one call ended. log: everything that was said, never empty after a failure."""

    status: Status
    log: str


@dataclass(frozen=True)
class HostCompiler:
    """path: as nvcc finds it. said: the first line of what it says of itself."""

    path: str
    said: str

    @property
    def words(self) -> str:
        """For people: `/usr/bin/gcc, gcc (Debian 12.2.0) 12.2.0`."""
        return f"{self.path}, {self.said}" if self.said else self.path


class Nvcc:
    """A toolkit's nvcc in the environment of this process, over the sources below `root`."""

    def __init__(self, toolkit: Toolkit, said: str, root: Path, limit_s: float) -> None:
        self.toolkit, self.root = toolkit, root
        self._said, self._limit_s = said, limit_s
        self._plans: Dict[Tuple[str, ...], str] = {}
        self._hosts: Dict[str, Optional[HostCompiler]] = {}
        self._asked: Dict[str, Tuple[str, ...]] = {toolkit.nvcc: stamp(toolkit.nvcc)}

    def over(self, toolkit: Toolkit, root: Path, limit_s: float) -> Nvcc:
        """The same, with all that it has told, over other sources."""
        other = Nvcc(toolkit, self._said, root, limit_s)
        other._plans, other._hosts, other._asked = self._plans, self._hosts, self._asked
        return other

    @property
    def is_as_asked(self) -> bool:
        """Whether the programs that told all this are still the same files, and those that would
        be started: a new one may lie in a folder of the PATH that is looked into first."""
        same = all(stamp(program) == before for program, before in self._asked.items())
        hosts = self._hosts.items()
        return same and all(shutil.which(n) == (host.path if host else None) for n, host in hosts)

    def recipe(self, flags: Sequence[str], what: Sequence[str]) -> str:
        """The part of a key for compiling `what` with `flags`: all of it but the files' bytes.

        what: files, an architecture, and whatever else tells this call from others.
        """
        plan = self._plan(flags)
        host = self.host_compiler(flags)
        facts = [
            *flags,
            "\0what",
            *what,
            "\0with",
            self._said,
            *stamp(self.toolkit.nvcc),
            *stamp(os.path.join(self._top(plan), "bin", "ptxas")),
            plan,
            *(stamp(host.path) if host else ()),
            host.said if host else "",
            *environment(),
            *self._words_in_files(plan),
        ]
        return kept.digest(json.dumps(facts))

    def host_compiler(self, flags: Sequence[str]) -> Optional[HostCompiler]:
        """The one nvcc would start; None where it does not tell."""
        name = _preprocessor(self._plan(flags))
        if name not in self._hosts:
            path = shutil.which(name)
            self._asked.update({path: stamp(path)} if path else {})
            self._hosts[name] = HostCompiler(path, said_by(path)) if path else None
        return self._hosts[name]

    def searched(self, flags: Sequence[str]) -> List[str]:
        """Folders besides csrc/ and the toolkit's in which headers are looked for."""
        plan = self._plan(flags)
        top = self._top(plan)
        named = [os.path.normpath(folder) for folder in _SEARCH.findall(plan)]
        for _, value in in_force(HEADER_FOLDERS):
            named += [folder or "." for folder in value.split(os.pathsep)]
        outside = (f for f in named if f != kept.FOLDER and not f.startswith(top + os.sep))
        return list(dict.fromkeys(outside))

    def read_for(
        self, unit: str, depends: Path, flags: Sequence[str], keep: kept.Kept
    ) -> List[str]:
        """The files that went into an object of `unit`: those it listed in `depends`.

        Where it listed none, all that it may have read. That 13.0 lists what was read for the
        device alone was seen; older ones may not, so there what the sources name counts as well, as
        where a variable says what is listed.
        """
        read = listed_by(depends)
        files = [*(read or keep.everything()), unit]
        sure = read and release(self._said).split(".")[0] in _LISTS_ALL_PASSES
        sure = sure and not any(_LISTS_LESS.search(one) for one in environment())
        return files if sure else keep.named_by(files, self.searched(flags))

    def command(self, words: Sequence[str]) -> str:
        """A call as people repeat it in a shell: with what the environment adds to it."""
        variables = environment()
        return shlex.join([*(("env", *variables) if variables else ()), self.toolkit.nvcc, *words])

    def call(
        self, words: Sequence[str], output: Path, limit_s: float, stopped: threading.Event
    ) -> Called:
        """Run it over the sources; `output`: a file for what it says, removed afterwards. stopped:
        as of `bounded.run`."""
        argv, env = [self.toolkit.nvcc, *words], {**os.environ, "LC_ALL": "C"}
        ended = bounded.run(argv, output, limit_s, str(self.root), env=env, stopped=stopped)
        log = output.read_text(encoding="utf-8", errors="replace")
        output.unlink()
        if ended.exit_code == 0:
            return Called(Status.OK, log)
        if ended.exit_code is None:
            log = f"error: {self.toolkit.nvcc}: {ended.why}\n{log}"
        elif ended.exit_code < 0:
            log += f"error: nvcc {ended.why}\n"
        elif not log.strip():
            log = f"error: nvcc ended with status {ended.exit_code} and said nothing\n"
        return Called(Status.TIMEOUT if ended.timed_out else Status.FAILED, log)

    def _top(self, plan: str) -> str:
        """The toolkit's folder: an nvcc on the PATH may be a script that starts the real one."""
        home = re.search(r"^#\$ TOP=(.+)$", plan, re.MULTILINE)
        return os.path.normpath(home.group(1) if home else f"{self.toolkit.nvcc}/../..")

    def _words_in_files(self, plan: str) -> List[str]:
        """What stands in the files from which the host compiler takes more words."""
        places = [self.root / name for name in dict.fromkeys(_WORDS_IN_A_FILE.findall(plan))]
        found = []
        for place in places:
            with contextlib.suppress(OSError):
                found.append(str(kept.content_of(place)))
        return found

    def _plan(self, flags: Sequence[str]) -> str:
        """What nvcc would do with these flags, without what differs from call to call."""
        key = tuple(flags)
        if key not in self._plans:
            text = self._dry_run(flags)
            text = text.replace(os.path.join(os.path.realpath(str(self.root)), ""), "")
            lines = [_PASSING.sub("tmpxft", line) for line in text.splitlines()]
            lines = [line for line in lines if not line.startswith(_OWN_PATHS)]
            self._plans[key] = "\n".join(lines)
            own = (os.path.join(self._top(self._plans[key]), "bin", one) for one in _OWN)
            self._asked.update((path, stamp(path)) for path in own)
        return self._plans[key]

    def _dry_run(self, flags: Sequence[str]) -> str:
        argv = (self.toolkit.nvcc, "-dryrun", *flags, "-c", "unit.cu", "-o", "unit.o")
        _, said = bounded.ask(argv, min(ASK_LIMIT_S, self._limit_s), str(self.root))
        return said


def known(
    toolkit: Toolkit, root: Path, limit_s: float = ASK_LIMIT_S
) -> Tuple[Optional[Nvcc], str, str]:
    """(its nvcc, what that says of itself, "") or (None, "", why it cannot be used)."""
    key = (toolkit.nvcc, os.environ.get("PATH", ""), *environment())
    nvcc, said = _REMEMBERED.get(key, (None, ""))
    if nvcc is not None and nvcc.is_as_asked:
        return nvcc.over(toolkit, root, limit_s), said, ""
    said, problem = version(toolkit.nvcc, limit_s)
    if problem:
        return None, "", problem
    nvcc = Nvcc(toolkit, said, root, limit_s)
    if _remembers and not any(_OF_A_FILE.search(one) for one in environment()):
        _REMEMBERED[key] = nvcc, said
    return nvcc, said, ""


def remember() -> None:
    """From now on this process asks an nvcc once, for as long as it and what it starts are the same
    files. One that is told a file of options is asked each time, as that may be of the sources."""
    global _remembers
    _remembers = True


def in_force(names: Iterable[str]) -> List[Tuple[str, str]]:
    """Those of these variables that are set, with their values."""
    return [(name, os.environ[name]) for name in names if os.environ.get(name)]


def environment() -> Tuple[str, ...]:
    """The variables that change what nvcc makes and are set, as NAME=value."""
    return tuple(f"{name}={value}" for name, value in in_force(OF_NVCC + OF_THE_HOST_COMPILER))


def said_by(compiler: str) -> str:
    """The first line of what a host compiler says of itself; empty if it does not."""
    ended, said = bounded.ask((compiler, "--version"), ASK_LIMIT_S)
    return said.strip().partition("\n")[0] if ended.exit_code == 0 else ""


def _preprocessor(plan: str) -> str:
    """The first program that a dry run preprocesses with; empty if it names none."""
    for line in plan.splitlines():
        if line.startswith("#$ ") and " -E " in line:
            with contextlib.suppress(ValueError, IndexError):
                return shlex.split(line[3:])[0]
    return ""


def stamp(program: str) -> Tuple[str, ...]:
    """Which file a program is. Its time and size tell that it was replaced in place."""
    path = os.path.realpath(program)
    try:
        facts = os.stat(path)
    except OSError:
        return (path,)
    return (path, str(facts.st_size), str(facts.st_mtime_ns))


def unit_words(flags: Sequence[str], unit: str, target: Path, depends: Path) -> Tuple[str, ...]:
    """Compile one file to an object, or to whatever else the flags say, and list what was read."""
    compile_ = () if "-cubin" in flags else ("-c",)
    return (*flags, "-MD", "-MF", str(depends), *compile_, unit, "-o", str(target))


def listed_by(depends: Path) -> Tuple[str, ...]:
    """The files in the list that a compiler wrote to `depends`, which is removed; empty if none."""
    try:
        read = kept.listed(depends.read_text(encoding="utf-8", errors="surrogateescape"))
        depends.unlink()
    except OSError:
        return ()
    return read
