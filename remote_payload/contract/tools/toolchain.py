"""How a source is compiled beside what we say ourselves: flags, headers, compilers; and which of
those words are refused, by both programs alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Tuple

# What would write elsewhere, make something else than is loaded, or read words that no key sees.
_NOT_OURS_TO_GIVE = (
    "-o", "--output-file", "-odir", "--output-directory", "-MF", "--dependency-output",
    "-MT", "--dependency-target-name", "-M", "--generate-dependencies",
    "-MM", "--generate-nonsystem-dependencies", "-MD", "--generate-dependencies-with-compile",
    "-MMD", "--generate-nonsystem-dependencies-with-compile", "-MP",
    "-c", "--compile", "-dc", "--device-c", "-dw", "--device-w", "-dlink", "--device-link",
    "-link", "--link", "-lib", "--lib", "-r", "--relocatable-link", "-shared", "--shared",
    "-x", "--x", "-E", "--preprocess", "-cuda", "--cuda", "-cubin", "--cubin", "-fatbin",
    "--fatbin", "-ptx", "--ptx", "-optix-ir", "--optix-ir", "-ltoir", "--ltoir",
    "-run", "--run", "-run-args", "--run-args", "-clean", "--clean-targets", "-dryrun", "--dryrun",
    "-keep", "--keep", "-keep-dir", "--keep-dir", "-save-temps", "--save-temps",
    "-objtemp", "--objdir-as-tempdir", "-time", "--time", "-fdevice-time-trace",
    "--fdevice-time-trace", "-optf", "--options-file", "-h", "--help", "-V", "--version",
    "-noprof", "--dont-use-profile", "-ldir", "--libdevice-directory", "-qpp-config",
    "--qpp-config", "-code-ls", "--list-gpu-code", "-arch-ls", "--list-gpu-arch",
    "-jobserver", "--jobserver", "-t", "--threads",
)  # fmt: skip
_SAID_ELSEWHERE = {
    "-arch": "--arch", "--gpu-architecture": "--arch", "-code": "--arch", "--gpu-code": "--arch",
    "-gencode": "--arch", "--generate-code": "--arch",
    "-ccbin": "host_compiler", "--compiler-bindir": "host_compiler",
}  # fmt: skip
_PASSED_ON = re.compile(
    r"(-X(?:compiler|linker|ptxas|archive|nvlink)|--\w+-options)(?:=(.*))?\Z", re.DOTALL
)
_WRITES = re.compile(r"(?:-o|--output|-M[A-Z]*|-fplugin|-specs|-wrapper|@|-save-temps|-dump)")
_PATH_FLAG = re.compile(
    r"(?:-I|-L|-isystem|--include-path|--system-include|--library-path|-include|--pre-include)=?"
)
_DEFINE = re.compile(r"[A-Za-z_]\w*(?:\([\w, ]*\))?(?:=[^\x00-\x1f\x7f]*)?\Z", re.ASCII)
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")


class BadFlag(ValueError):
    """A word that is not taken; the text names it and says what to do."""


@dataclass(frozen=True)
class Toolchain:
    """What is said of compiling. Paths are absolute on the host, or inside the snapshot.

    flags: for nvcc, a word each. include: folders of headers. defines: NAME or NAME=value.
    host_compiler: what nvcc starts for the host's code. cuda_home: the toolkit's folder.
    """

    flags: Tuple[str, ...] = ()
    include: Tuple[str, ...] = ()
    defines: Tuple[str, ...] = ()
    host_compiler: str = ""
    cuda_home: str = ""

    @property
    def words(self) -> Tuple[str, ...]:
        """For nvcc, to stand behind our own: where both say something, nvcc takes the last."""
        compiler = ("-ccbin", self.host_compiler) if self.host_compiler else ()
        folders = tuple(word for folder in self.include for word in ("-I", folder))
        return (*compiler, *folders, *(f"-D{each}" for each in self.defines), *self.flags)

    def over(self, other: Toolchain) -> Toolchain:
        """Both, this one's words last; of what there is one, this one's."""
        return Toolchain(
            (*other.flags, *self.flags),
            (*self.include, *other.include),
            (*other.defines, *self.defines),
            self.host_compiler or other.host_compiler,
            self.cuda_home or other.cuda_home,
        )


def require(toolchain: Toolchain) -> None:
    """BadFlag for the first word that is not taken."""
    for flag in toolchain.flags:
        require_flag(flag)
    for folder in toolchain.include:
        _require_path("include", folder)
    for define in toolchain.defines:
        if not _DEFINE.match(define):
            raise BadFlag(f"defines: expected NAME or NAME=value, got {define!r}")
    for name in ("host_compiler", "cuda_home"):
        value = getattr(toolchain, name)
        if value and (not value.startswith("/") or _UNSAFE.search(value) or _leaves(value)):
            raise BadFlag(f"{name}: expected an absolute path on the host, got {value!r}")


def require_flag(flag: str) -> None:
    """BadFlag unless nvcc may be given this word; whether it knows it, only nvcc can tell."""
    if not flag.startswith("-") or _UNSAFE.search(flag) or flag in ("-", "--"):
        mend = "a value is joined to its flag, as in -maxrregcount=64 or -Xptxas=-O3"
        raise BadFlag(f"{flag!r} is no flag of nvcc: {mend}")
    name = flag.partition("=")[0]
    if name in _SAID_ELSEWHERE:
        raise BadFlag(f"{name} is not taken as a flag; say it by {_SAID_ELSEWHERE[name]}")
    if name in _NOT_OURS_TO_GIVE or re.match(r"-o[^p]", flag):
        raise BadFlag(f"{name} is not taken: what is made, and where, is not for a flag to say")
    if path := _PATH_FLAG.match(flag):
        _require_path(path[0].rstrip("="), flag[path.end() :])
    if passed := _PASSED_ON.match(flag):
        words = (passed[2] or "").split(",")
        if not words[0]:
            raise BadFlag(f"{name} needs its value joined to it, as in {name}=-O3")
        if bad := [word for word in words if _WRITES.match(word)]:
            raise BadFlag(f"{flag}: {bad[0]} is not taken: it writes or reads what no key sees")


def _require_path(name: str, path: str) -> None:
    if not path or _UNSAFE.search(path) or _leaves(path):
        expected = "a path on the host or beside the source, without .. and blanks, joined to it"
        raise BadFlag(f"{name}: expected {expected}, got {path!r}")


def _leaves(path: str) -> bool:
    return ".." in path.split("/")
