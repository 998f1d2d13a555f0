"""What tests of the command line share."""

from __future__ import annotations

from tests.cli.conftest import compare

__all__ = ["compare"]
