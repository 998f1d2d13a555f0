"""The forms in which results can be had on stdout; a closed set."""

from __future__ import annotations

from enum import Enum


class Format(str, Enum):
    """The value is what people type."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    CSV = "csv"
    GITHUB = "github"
    GITHUB_ACTION_BENCHMARK = "github-action-benchmark"
    PYTEST_BENCHMARK = "pytest-benchmark"


# A file of nothing in one of these would pass for a success.
OF_FIGURES = (Format.CSV, Format.GITHUB_ACTION_BENCHMARK, Format.PYTEST_BENCHMARK)
