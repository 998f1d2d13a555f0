"""What a result tells of its operator, and no operator could have told: refused with its key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ExitCode
from tests.cli.comparing import MADE
from tests.store.test_damaged_runs import called, two_runs

__all__ = ["two_runs"]


def limit(figure: float) -> Callable[[Any], None]:
    def change(result: Any) -> None:
        result["operator"]["targets"]["tiers"][1]["limit_us"] = figure

    return change


def no_tiers(result: Any) -> None:
    result["operator"]["targets"]["tiers"] = []


def per_nothing(result: Any) -> None:
    result["cases"][4]["per"] = 0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (limit(-0.0), "operator.targets.tiers[1].limit_us: -0, expected at least 1e-06"),
        (limit(5e-324), "operator.targets.tiers[1].limit_us: 4.94066e-324, expected at least"),
        (no_tiers, "operator.targets.tiers: none, expected at least one"),
        (per_nothing, "cases[4].per: 0, expected at least 1"),
    ],
    ids=["a limit of nothing", "a limit of next to nothing", "no tier", "a unit of no part"],
)
def test_what_a_report_would_divide_by_is_never_zero(
    two_runs: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Any], None],
    complaint: str,
) -> None:
    document = json.loads((two_runs / "result.json").read_text())
    change(document)
    (two_runs / "result.json").write_text(json.dumps(document))
    for words in (("report", MADE), ("runs", "show", MADE)):
        code, _, err = called(capsys, *words)
        assert code == ExitCode.USAGE, err
        assert f"result.json: {complaint}" in err
