"""The emulated library, compiled once for all workers, and the package that calls the real one."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest

_PAYLOAD = str(Path(__file__).resolve().parents[2] / "remote_payload")
if _PAYLOAD not in sys.path:
    # Where the host finds the package too: as `blackwell_sparsek`, beside the payload.
    sys.path.append(_PAYLOAD)

from tests.kernels.emulated import (  # noqa: E402
    CSRC,
    KERNELS,
    QUICK,
    EmulatedLibrary,
    compile_host,
    compile_kernels,
    compile_surroundings,
    precompile_standard,
    surroundings_in,
    with_standard,
)
from tests.kernels.hopper_probe import load_probe  # noqa: E402
from tests.once import once  # noqa: E402

LIBRARY = "libsparsek_emulated.so"


@pytest.fixture(scope="session")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Objects of the C interface and the emulator, to link kernels with."""
    return surroundings_in(once(tmp_path_factory, "surroundings", compile_surroundings))


@pytest.fixture(scope="session")
def emulated(
    tmp_path_factory: pytest.TempPathFactory, surroundings: tuple[str, ...]
) -> EmulatedLibrary:
    """Our kernels on this CPU."""

    def make(folder: Path) -> None:
        compile_kernels(CSRC / KERNELS, folder / LIBRARY, surroundings)

    return EmulatedLibrary(once(tmp_path_factory, "emulated", make) / LIBRARY)


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Flags with which a mutant is compiled soonest."""
    made = once(tmp_path_factory, "quick", lambda folder: precompile_standard(folder, QUICK))
    return with_standard(made, QUICK)


@pytest.fixture(scope="session")
def others(
    tmp_path_factory: pytest.TempPathFactory, surroundings: tuple[str, ...]
) -> tuple[str, ...]:
    """All objects that a mutant of the Hopper kernel may be linked with."""

    def make(folder: Path) -> None:
        unit = ("-x", "c++", str(CSRC / KERNELS))
        compile_host(CSRC, folder, *QUICK, "-c", "-o", "portable.o", *unit)

    return (*surroundings, str(once(tmp_path_factory, "portable", make) / "portable.o"))


@pytest.fixture(scope="session")
def hopper_probe(
    tmp_path_factory: pytest.TempPathFactory, surroundings: tuple[str, ...]
) -> ctypes.CDLL:
    """Tiny kernels around single Hopper instructions, on this CPU."""
    return load_probe(tmp_path_factory.mktemp("hopper_probe"), surroundings)
