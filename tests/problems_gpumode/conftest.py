"""A project of its own for the real command line."""

from tests.cli.conftest import builds, project

__all__ = ["builds", "project"]
