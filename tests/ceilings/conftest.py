"""A project of its own, as the command line's tests have it."""

import tests.kernels.conftest  # noqa: F401  it puts the place of blackwell_sparsek on the path
from tests.cli.conftest import builds, project

__all__ = ["builds", "project"]
