"""A project on disk, as the command line's own tests have it."""

from tests.cli.conftest import builds as builds
from tests.cli.conftest import project as project
