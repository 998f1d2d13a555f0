"""A ceiling that says it was measured, with no sample that could be true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.performance import ceiling
from tests.ceilings.test_report import MEASURED, a_result, published, section


@pytest.mark.parametrize(
    "changes",
    [
        {"samples_us": ()},
        {"samples_us": (0.0, 1.0)},
        {"work_per_call": 0.0},
        {"work_per_call": -1e12},
        {"work_per_call": 1e308},
        {"samples_us": (1e-300,) * 8},
    ],
)
def test_success_without_a_sample_or_with_an_absurd_one_is_no_success(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    result = a_result(replace(MEASURED[0], **changes))  # type: ignore[arg-type]
    assert "without a usable sample" in section(published(tmp_path, result))
    (one,) = ceiling.ceilings(result)
    assert one.refuted
    assert one.trusted_rate is None
