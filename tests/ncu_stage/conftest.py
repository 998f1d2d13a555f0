"""A project of its own, as the command line's tests have it."""

from tests.cli.conftest import builds, project

__all__ = ["builds", "project"]
