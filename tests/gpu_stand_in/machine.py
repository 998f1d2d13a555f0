"""The machine: programs on its PATH, its Python with torch, and a room without network to run in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.gpu_stand_in.cases import CASES
from tests.ncu_stage import stand_in as ncu

HERE = Path(__file__).resolve().parent
DRIVER = HERE / "driver" / "driver.cpp"
_HOOK = """\
import os, sys
if os.environ.get("STAND_IN"):
    sys.path.append({here!r})
    import stand_in_gpu.hook
    stand_in_gpu.hook.watch()
"""
_TOOLKIT = Path(os.environ.get("CUDA_HOME", "/usr/local/cuda")).resolve()
_NCU_MOODS = {"ncu-denied": ncu.Mood.DENIED, "ncu-hangs": ncu.Mood.HANGS}


class NoMachine(Exception):
    """The stand-in cannot be set up here; the text says what to do."""


@dataclass(frozen=True)
class Machine:
    """home: kept between rehearsals; holds venv/ with torch. room: of this rehearsal alone."""

    home: Path
    room: Path
    case: str

    @property
    def python(self) -> Path:
        return self.home / "venv" / "bin" / "python3"

    def set_up(self) -> None:
        """Make what the rehearsal needs. NoMachine; CalledProcessError from the C++ compiler."""
        if self.case not in CASES:
            raise NoMachine(f"no case {self.case!r}; there are: {', '.join(CASES)}")
        if not self.python.is_file():
            raise NoMachine(
                f"no {self.python}: make a virtual environment of Python 3.12 with torch there"
            )
        self._hook()
        self._driver()
        self._programs()

    def environment(self, out: Path) -> dict[str, str]:
        """All that the command sees of the one who started it."""
        home = self.room / "home"
        home.mkdir(exist_ok=True)
        return {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "OUT": str(out),
            "PATH": f"{self.room / 'bin'}:{self.python.parent}:/usr/bin:/bin",
            "PIP_CONFIG_FILE": os.devnull,
            **{name: os.environ[name] for name in os.environ if name.startswith("STAND_IN_")},
            "STAND_IN": self.case,
            "STAND_IN_HOME": str(self.home),
            "STAND_IN_REAL_NVCC": str(self.room / "toolkit" / "bin" / "nvcc"),
            "STAND_IN_ROOM": str(self.room),
        }

    def enter(self, command: list[str]) -> list[str]:
        """argv of the command in namespaces of its own: no network, and all of it dies with the
        first process, whatever session or group it has gone to."""
        hidden = self._hide_toolkit()
        if self.case == "no-ensurepip":
            found = [str(self.python), "-c", "import ensurepip; print(ensurepip.__path__[0])"]
            path = subprocess.run(found, capture_output=True, text=True, check=True).stdout.strip()
            hidden += f"mount -t tmpfs none '{path}'; "
        script = f'set -e; ip link set lo up; {hidden}exec "$@"'
        spaces = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        return [*spaces, "bash", "-c", script, "bash", *command]

    def _hide_toolkit(self) -> str:
        """Shell words that take this machine's own CUDA away, but for our nvcc."""
        moved = self.room / "toolkit"
        moved.mkdir()
        return f"mount --bind {_TOOLKIT} {moved}; mount -t tmpfs none {_TOOLKIT}; "

    def _hook(self) -> None:
        """In site-packages, since what PYTHONPATH says the product overwrites."""
        (packages,) = (self.home / "venv" / "lib").glob("python3.*/site-packages")
        (packages / "sitecustomize.py").write_text(_HOOK.format(here=str(HERE)))

    def _driver(self) -> None:
        library = self.home / "libstand_in.so"
        sources = (DRIVER, DRIVER.with_suffix(".h"))
        newest = max(source.stat().st_mtime for source in sources)
        if library.is_file() and library.stat().st_mtime > newest:
            return
        partial = library.with_suffix(".partial")
        flags = ["-std=c++17", "-O2", "-fPIC", "-shared"]
        subprocess.run(["g++", *flags, "-o", str(partial), str(DRIVER), "-ldl"], check=True)
        partial.replace(library)

    def _programs(self) -> None:
        folder = self.room / "bin"
        folder.mkdir()
        absent = {"no-nvcc": "nvcc", "no-sanitizer": "compute-sanitizer"}.get(self.case)
        for name in ("nvcc", "nvidia-smi", "compute-sanitizer"):
            if name != absent:
                source = HERE / "programs" / f"{name.replace('-', '_')}.py"
                program = folder / name
                program.write_text(f'#!/bin/sh\nexec {sys.executable} -IS {source} "$@"\n')
                program.chmod(0o755)
        if self.case != "no-ncu":
            ncu.install(folder, _NCU_MOODS.get(self.case, ncu.Mood.FINE))


def travel(root: Path, to: Path, wheelhouse: bool) -> None:
    """Copy what git knows or does not ignore, as it lies there now, and the wheelhouse."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"], cwd=root, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = root / name, to / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    if wheelhouse and (root / "wheelhouse").is_dir():
        shutil.copytree(root / "wheelhouse", to / "wheelhouse")
