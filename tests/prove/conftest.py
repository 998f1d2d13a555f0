"""Our kernels on this CPU, as the tests of the kernels have them."""

from tests.kernels.conftest import emulated, surroundings

__all__ = ["emulated", "surroundings"]
