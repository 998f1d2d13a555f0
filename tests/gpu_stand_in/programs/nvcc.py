"""In the place of nvcc: the real one runs, and what it made is then replaced by what can run here.

Its log, its exit status and its time are the real ones. An object, a library or a program that came
out of .cu files of csrc/ is compiled once more by the C++ compiler, over csrc/emulator and the
stand-in's driver, with the same -D and -I; objects are linked by it alone. Both compilations are
kept in STAND_IN_HOME, so that the next rehearsal has the log and the library at once, and sleeps
for the real one's time.

STAND_IN_REAL_NVCC: the real one. STAND_IN_QUICK_BUILD: do not sleep. STAND_IN=slow-build: sleep for
STAND_IN_SLOW_BUILD_S (200) more. Standard library only; runs as `python3 -IS nvcc.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DRIVER = Path(__file__).resolve().parents[1] / "driver"
HOME = Path(os.environ["STAND_IN_HOME"])
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fPIC", "-Wno-unknown-pragmas")
PLANTED = "planted_faults.cu"
SLOW_BUILD_S = 200.0


def main(words: list[str]) -> int:
    units = [word for word in words if word.endswith((".cu", ".o")) and word != after(words, "-o")]
    if not units or "-o" not in words or "-dryrun" in words:
        return subprocess.run([real(), *words], check=False).returncode
    if os.environ.get("STAND_IN") == "slow-build":
        time.sleep(float(os.environ.get("STAND_IN_SLOW_BUILD_S", SLOW_BUILD_S)))
    target = Path(after(words, "-o"))
    folder = HOME / "compiled" / key(words)
    if not (folder / "told.json").is_file():
        compile_both(words, units, target, folder)
    told = json.loads((folder / "told.json").read_text())
    if told["kept"] and "STAND_IN_QUICK_BUILD" not in os.environ:
        time.sleep(told["seconds"])
    sys.stdout.write(told["log"])
    if told["status"] == 0:
        shutil.copy(folder / "made", target)
        if "-MF" in words:
            shutil.copy(folder / "depends", after(words, "-MF"))
    return int(told["status"])


def real() -> str:
    return os.environ["STAND_IN_REAL_NVCC"]


def after(words: list[str], option: str) -> str:
    """The word that follows this option; empty without it."""
    return words[words.index(option) + 1] if option in words else ""


def key(words: list[str]) -> str:
    """Of everything that both compilations read, and of how they are called."""
    targets = (after(words, "-o"), after(words, "-MF"))
    objects = [word for word in words if word.endswith(".o") and word not in targets]
    plain = [word for word in words if word not in (*targets, *objects)]
    total = hashlib.sha256(repr(plain + list(FLAGS)).encode())
    for name in objects:
        total.update(Path(name).read_bytes())
    for path in sorted([*Path("csrc").rglob("*"), *DRIVER.rglob("*"), Path(__file__)]):
        if path.is_file():
            total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:24]


def compile_both(words: list[str], units: list[str], target: Path, folder: Path) -> None:
    """Fill `folder`; told.json comes last and marks it whole."""
    started = time.monotonic()
    # The real one cannot link what the C++ compiler made.
    argv = [real(), *words] if any(unit.endswith(".cu") for unit in units) else ["true"]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seconds, log = time.monotonic() - started, done.stdout.decode("utf-8", "replace")
    sys.stdout.write(log)
    folder.mkdir(parents=True, exist_ok=True)
    if done.returncode == 0:
        made = Path(tempfile.mkdtemp(dir=folder)) / "made"
        replace(words, units, made)
        shutil.copy(made, target)
        made.replace(folder / "made")
        if "-MF" in words:
            shutil.copy(after(words, "-MF"), folder / "depends")
    told = {"status": done.returncode, "seconds": seconds, "log": log, "kept": True}
    partial = folder / "told.partial"
    partial.write_text(json.dumps(told))
    partial.replace(folder / "told.json")
    raise SystemExit(done.returncode)


def replace(words: list[str], units: list[str], made: Path) -> None:
    """The same from the C++ compiler, for this machine."""
    if any(Path(unit).name == PLANTED for unit in units):
        # What is wrong in it, only a GPU does; the stand-in for compute-sanitizer knows it by name.
        made.write_text("#!/bin/sh\necho 'planted: no error'\n")
        made.chmod(0o755)
        return
    if "-c" in words:
        # Only libraries are linked of objects.
        Path(compiled(units[0], words, made.parent, library=True)).replace(made)
        return
    library = "-shared" in words
    objects = [
        unit if unit.endswith(".o") else compiled(unit, words, made.parent, library)
        for unit in units
    ]
    link = ["-shared"] if library else []
    driver = [f"-L{HOME}", "-lstand_in", f"-Wl,-rpath,{HOME}"] if library else []
    call(["g++", *link, "-o", str(made), *objects, *emulator(), *driver, "-lpthread"])


def compiled(unit: str, words: list[str], folder: Path, library: bool) -> str:
    """An object of one .cu file. A program keeps the emulator's own launches: it proves things."""
    target = folder / (unit.replace("/", "_") + ".o")
    shortcuts = [f"-I{DRIVER / 'include'}"] if library else []
    given = [*paired(words, "-I"), *paired(words, "-D")]
    includes = [*shortcuts, *given, "-Icsrc", "-Icsrc/emulator"]
    call(["g++", *FLAGS, *includes, "-c", "-o", str(target), "-x", "c++", unit])
    return str(target)


def paired(words: list[str], option: str) -> list[str]:
    """All of `-I path` and `-Ipath`."""
    found = []
    for at, word in enumerate(words):
        if word == option:
            found += [option, words[at + 1]]
        elif word.startswith(option):
            found.append(word)
    return found


def emulator() -> list[str]:
    """Objects of csrc/emulator, kept as long as nothing there changes."""
    sources = sorted(Path("csrc/emulator").glob("*.cpp"))
    total = hashlib.sha256(repr(FLAGS).encode())
    for path in sorted([*Path("csrc/emulator").iterdir(), *Path("csrc/ptx").iterdir()]):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    folder = HOME / "emulator" / total.hexdigest()[:24]
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=folder.parent))
        for source in sources:
            target = str(partial / f"{source.stem}.o")
            call(["g++", *FLAGS, "-Icsrc", "-Icsrc/emulator", "-c", "-o", target, str(source)])
        try:
            partial.rename(folder)
        except OSError:
            shutil.rmtree(partial)  # another nvcc was first
    return [str(folder / f"{source.stem}.o") for source in sources]


def call(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.stderr.write(f"stand-in nvcc: {' '.join(command)}\n{done.stdout.decode()}")
        raise SystemExit(1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
