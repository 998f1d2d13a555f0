"""Which CUDA toolkit compiles here, and why this one: every compile of a job takes the same.

The order: CUDA_HOME (an inventory's `cuda_home` sets it), CUDA_PATH, the PATH, /usr/local/cuda,
then the newest /usr/local/cuda-*. Whoever names a toolkit by a variable gets that one or is told
that it is not there: another one would compile other code than the one that was asked for. A
relative place is none: it would be another folder for whoever looks from elsewhere.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

from remote_payload.processes import bounded

# The variables that name a toolkit, as torch.utils.cpp_extension reads them too.
HOMES = ("CUDA_HOME", "CUDA_PATH")
LOCAL = "/usr/local"
# Devices whose newest instructions exist only in the architecture-specific target.
# https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/#gpu-feature-list
ARCH_SPECIFIC = ("sm_90", "sm_100", "sm_120")
ASK_LIMIT_S = 20.0


@dataclass(frozen=True)
class Toolkit:
    """nvcc: its path as found. why: what led there, such as "CUDA_HOME"."""

    nvcc: str
    why: str

    @property
    def words(self) -> str:
        """For people: the path and what led there."""
        return f"{self.nvcc} (by {self.why})"


class NoToolkit(Exception):
    """There is no nvcc here; the text says where it was looked for."""


class NotWhereNamed(NoToolkit):
    """A variable names a toolkit that has no nvcc; the text names it and the next step."""


def find() -> Toolkit:
    """The toolkit of this process's environment. Raises NoToolkit, NotWhereNamed."""
    named = _named()
    if named:
        variable, home = named
        nvcc = shutil.which("nvcc", path=os.path.join(home, "bin")) if os.path.isabs(home) else None
        if nvcc is None:
            lacks = "has no bin/nvcc" if os.path.isabs(home) else "is no absolute path"
            raise NotWhereNamed(
                f"{variable}={home} {lacks}; let it name a CUDA toolkit there, "
                "or take it away to use the first nvcc on PATH or in /usr/local/cuda*"
            )
        return Toolkit(nvcc, variable)
    nvcc = shutil.which("nvcc", path=os.pathsep.join(_path_folders()))
    if nvcc:
        return Toolkit(nvcc, "PATH")
    for folder in _local_folders():
        nvcc = shutil.which("nvcc", path=folder)
        if nvcc:
            return Toolkit(nvcc, os.path.dirname(folder))
    raise NoToolkit(f"nvcc not found (looked in {', '.join(nvcc_places())})")


def at(home: str) -> Toolkit:
    """The toolkit of this folder. Raises NotWhereNamed."""
    nvcc = shutil.which("nvcc", path=os.path.join(home, "bin"))
    if nvcc is None:
        raise NotWhereNamed(f"cuda_home={home} has no bin/nvcc; let it name a CUDA toolkit there")
    return Toolkit(nvcc, "cuda_home")


def find_in(places: Sequence[str]) -> Toolkit:
    """The first nvcc of these folders. Raises NoToolkit."""
    nvcc = shutil.which("nvcc", path=os.pathsep.join(places)) if places else None
    if nvcc is None:
        where = ", ".join(places) or "an empty list of folders"
        raise NoToolkit(f"nvcc not found (looked in {where})")
    return Toolkit(nvcc, os.path.dirname(nvcc))


def nvcc_places() -> Tuple[str, ...]:
    """The folders in which the toolkit's programs are looked for, first choice first."""
    named = _named()
    homes = [os.path.join(named[1], "bin")] if named else []
    return tuple(dict.fromkeys([*homes, *_path_folders(), *_local_folders()]))


def nvcc_program() -> Optional[str]:
    """The nvcc that compiles here; None if there is none."""
    try:
        return find().nvcc
    except NoToolkit:
        return None


def arch_of(capability: Tuple[int, int]) -> str:
    """The target for a device of this compute capability: (9, 0) gives "sm_90a"."""
    arch = "sm_{}{}".format(*capability)
    return arch + "a" if arch in ARCH_SPECIFIC else arch


def gencode(arch: str) -> Tuple[str, str]:
    """nvcc's words for this target: machine code for it, and nothing else."""
    return ("-gencode", f"arch={arch.replace('sm_', 'compute_')},code={arch}")


def version(nvcc: str, limit_s: float = ASK_LIMIT_S) -> Tuple[str, str]:
    """(what nvcc says of itself, "") or ("", why it cannot be used)."""
    ended, text = bounded.ask((nvcc, "--version"), min(ASK_LIMIT_S, limit_s))
    text = text.strip()
    if ended.exit_code is None:
        return "", f"{nvcc} --version: {ended.why}"
    if ended.exit_code != 0:
        return "", f"{nvcc} --version ended with status {ended.exit_code}: {text[-200:]}"
    return text, ""


def release(said: str) -> str:
    """The release in what nvcc says of itself, such as 13.0.88; all it said if there is none.

    Only the binary knows: a folder named cuda-13.0 has been seen to hold 12.4.
    """
    found = re.search(r"release [\d.]+, V([\d.]+)", said)
    return found.group(1) if found else said


def _named() -> Optional[Tuple[str, str]]:
    """The variable that names a toolkit, and its folder."""
    for variable in HOMES:
        home = os.environ.get(variable)
        if home:
            return variable, home
    return None


def _path_folders() -> List[str]:
    return [place for place in os.environ.get("PATH", "").split(os.pathsep) if os.path.isabs(place)]


def _local_folders() -> List[str]:
    """bin/ of /usr/local/cuda, then of its neighbours with a version, newest first."""
    versioned = [path for path in Path(LOCAL).glob("cuda-*/bin") if path.is_dir()]
    newest_first = sorted(versioned, key=lambda path: _number(path.parent.name), reverse=True)
    return [f"{LOCAL}/cuda/bin", *map(str, newest_first)]


def _number(folder: str) -> Tuple[List[int], str]:
    """For sorting: cuda-12.10 is newer than cuda-12.9, and cuda-13 than both."""
    return [int(part) for part in re.findall(r"\d+", folder)], folder
