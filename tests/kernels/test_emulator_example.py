"""docs/kernels/emulator.md shows a kernel and the report it gets: both are what really happens."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.kernels.emulated import CSRC, STRICT, compile_host, emulator_alone

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).with_name("emulator_example.cu")
PAGE = (REPOSITORY / "docs/kernels/emulator.md").read_text()


def run(folder: Path, objects: tuple[str, ...], *flags: str) -> subprocess.CompletedProcess[str]:
    source = ("-x", "c++", "tests/kernels/emulator_example.cu", "-x", "none")
    (folder / "tests").symlink_to(REPOSITORY / "tests")  # so that reports name this path
    compile_host(CSRC, folder, *STRICT, *flags, *source, *emulator_alone(objects), "-o", "example")
    return subprocess.run([folder / "example"], capture_output=True, text=True)


def block(language: str, number: int = 0) -> str:
    """The page's number'th code block of a language, without its fences."""
    return PAGE.split(f"\n```{language}\n")[1 + number].split("\n```\n")[0]


def test_the_page_shows_the_kernel_as_it_is() -> None:
    assert block("cpp") in SOURCE.read_text()
    assert len(block("cpp").splitlines()) <= 50


def test_the_planted_race_gives_the_report_on_the_page(
    tmp_path: Path, surroundings: tuple[str, ...]
) -> None:
    done = run(tmp_path, surroundings)
    assert done.returncode == 1
    assert done.stdout.strip() in PAGE, done.stdout


def test_the_mended_example_is_sound_and_right(
    tmp_path: Path, surroundings: tuple[str, ...]
) -> None:
    done = run(tmp_path, surroundings, "-DMENDED")
    assert done.stdout == "16 seeds, no fault; d[0] = 256\n"
