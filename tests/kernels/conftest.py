"""The emulated library, compiled once per session, and the package that calls the real one."""

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
)
from tests.kernels.hopper_probe import load_probe  # noqa: E402


@pytest.fixture(scope="session")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Objects of the C interface and the emulator, to link kernels with."""
    return compile_surroundings(tmp_path_factory.mktemp("surroundings"))


@pytest.fixture(scope="session")
def emulated(
    tmp_path_factory: pytest.TempPathFactory, surroundings: tuple[str, ...]
) -> EmulatedLibrary:
    """Our kernels on this CPU."""
    target = tmp_path_factory.mktemp("emulated") / "libsparsek_emulated.so"
    return EmulatedLibrary(compile_kernels(CSRC / KERNELS, target, surroundings))


@pytest.fixture(scope="session")
def hopper_probe(
    tmp_path_factory: pytest.TempPathFactory, surroundings: tuple[str, ...]
) -> ctypes.CDLL:
    """Tiny kernels around single Hopper instructions, on this CPU."""
    return load_probe(tmp_path_factory.mktemp("hopper_probe"), surroundings)
