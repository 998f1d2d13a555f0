"""Files of results on disk, and what an audit says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.audit.audit import Audit, audit
from orchestrator.audit.reading.read import read
from orchestrator.audit.values import Weight

Audited = Callable[..., Audit]


@pytest.fixture
def audited(tmp_path: Path) -> Audited:
    """Audit a text, or a document as JSON, under a name."""

    def of(content: Any, name: str = "") -> Audit:
        text = content if isinstance(content, str) else json.dumps(content)
        path = tmp_path / (name or ("results.csv" if isinstance(content, str) else "results.json"))
        path.write_text(text, "utf-8")
        return audit(read(path))

    return of


def told(found: Audit, weight: Weight = Weight.CONTRADICTION) -> list[str]:
    """Objections of a weight as lines: title, then the arithmetic of each place."""
    return [
        f"{one.kind.value}: {one.title}: " + " | ".join(f"{w}: {t}" for w, t in one.details)
        for one in found.objections
        if one.weight is weight
    ]


def doubts(found: Audit) -> list[str]:
    """Doubts, but for what nearly every file lacks."""
    return [line for line in told(found, Weight.DOUBT) if not line.startswith("no raw samples")]
