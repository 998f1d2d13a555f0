"""The project of the command-line tests serves here as well."""

from tests.cli.conftest import builds, project

__all__ = ["builds", "project"]
