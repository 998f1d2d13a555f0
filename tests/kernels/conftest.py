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
    EmulatedLibrary,
    compile_kernels,
    compile_surroundings,
    surroundings_in,
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
def hopper_probe(
    tmp_path_factory: pytest.TempPathFactory, surroundings: tuple[str, ...]
) -> ctypes.CDLL:
    """Tiny kernels around single Hopper instructions, on this CPU."""
    return load_probe(tmp_path_factory.mktemp("hopper_probe"), surroundings)
