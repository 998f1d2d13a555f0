"""Where the files to read are: our own small ones, and real ones where a checkout has them."""

from __future__ import annotations

from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent / "fixtures"
SAMPLES = Path(__file__).parents[3] / "shared" / "samples"

needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no samples beside this checkout")


def samples(*patterns: str) -> list[Path]:
    """The sample files that match, none without samples."""
    return sorted(path for pattern in patterns for path in SAMPLES.glob(pattern))


def fixture(name: str) -> str:
    """The text of one of our own fixtures."""
    return (FIXTURES / name).read_text(encoding="utf-8")
