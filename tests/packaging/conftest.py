"""The wheel and the source archive, built once, and an environment with nothing but the wheel."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.once import once

REPOSITORY = Path(__file__).parents[2]
# Names of the project's own folders: none of these rules is about what was installed.
RULES = "build/\nrun/\noperators/\n*.cu\n*.j2\n"


@dataclass(frozen=True)
class Said:
    """What one command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Installed:
    """An environment that lies in somebody's repository, as most do. packages: where its are."""

    bin: Path
    packages: Path

    def orchestrator(self, place: Path, *words: str) -> Said:
        return self.run(place, str(self.bin / "orchestrator"), *words)

    def python(self, place: Path, text: str) -> Said:
        return self.run(place, str(self.bin / "python"), "-c", text)

    def run(self, place: Path, *argv: str) -> Said:
        done = subprocess.run(
            argv, cwd=place, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
        return Said(done.returncode, done.stdout, done.stderr)


def wheel_of(tree: Path, target: Path) -> Path:
    """The wheel that pip builds of the tree, without network."""
    pip = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation")
    subprocess.run([*pip, "--no-index", "-w", str(target), str(tree)], check=True)
    (made,) = target.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (made,) = once(tmp_path_factory, "wheel", lambda folder: wheel_of(REPOSITORY, folder)).iterdir()
    return made


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sdist")
    build = (sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(target))
    subprocess.run(build, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    (made,) = target.iterdir()
    return made


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel by pip; what it depends on is seen where it lies here, ours as it lies here not."""

    def install(folder: Path) -> None:
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        (folder / ".gitignore").write_text(RULES)
        venv = folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        place = _packages(venv)
        # Of a folder that a .pth adds no .pth is read, so not that of `pip install -e` either.
        outer = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        (place / "outer.pth").write_text("\n".join(sorted(outer)) + "\n")
        pip = (sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python"), "install")
        how = ("-q", "--no-deps", "--no-index", "--ignore-installed", str(wheel))
        subprocess.run([*pip, *how], check=True)

    venv = once(tmp_path_factory, "installed", install) / "venv"
    return Installed(venv / "bin", _packages(venv))


def _packages(venv: Path) -> Path:
    around = {"base": str(venv), "platbase": str(venv)}
    return Path(sysconfig.get_path("purelib", "venv", vars=around))
