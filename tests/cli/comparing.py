"""Two results stored as runs, and `orchestrator compare` over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from orchestrator.store.runs.run_store import CARD, REQUEST, RESULT
from remote_payload.contract import codec
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from tests.report import synthetic

if TYPE_CHECKING:
    from tests.cli.conftest import Outcome

Compare: TypeAlias = "Callable[..., Outcome]"
CASE = synthetic.case()
MADE = "20261122-101530-synthetic-profile"
AGAIN = "20261123-101530-synthetic-profile"


# The runs are of two codes, so that a difference may be an edit's.
OLD_CODE, NEW_CODE = "5e1f", "a7e2"


def store(root: Path, run_id: str, result: Result | None, snapshot: str = OLD_CODE) -> None:
    folder = root / "runs" / run_id
    folder.mkdir(parents=True)
    made = datetime.strptime(run_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=timezone.utc)
    card = replace(
        synthetic.run(None).card,
        run_id=run_id,
        created_at=made.isoformat(),
        snapshot=snapshot,
    )
    (folder / CARD).write_text(codec.dumps(card))
    if result is not None:
        result = replace(result, request=replace(result.request, snapshot=snapshot))
        (folder / REQUEST).write_text(codec.dumps(result.request))
        (folder / RESULT).write_text(codec.dumps(result))


def history(root: Path, result: Result, runs: int = 12) -> None:
    """Runs of the old code that came before, each as a whole a little apart from the others."""
    for number in range(runs):
        off = 1 + 0.0004 * (number % 3 - 1)
        run = changed(result, "sparsek", times(off))
        store(root, f"202611{number + 2:02d}-101530-synthetic-profile", run)


def changed(result: Result, provider: str, change: Callable[[BenchRecord], BenchRecord]) -> Result:
    bench = tuple(change(r) if r.provider == provider else r for r in result.bench)
    return replace(result, bench=bench)


def times(factor: float) -> Callable[[BenchRecord], BenchRecord]:
    return lambda r: replace(r, samples_us=tuple(factor * us for us in r.samples_us))


def rows(outcome: Outcome) -> list[dict[str, str]]:
    """Those that are judged, of all tables of a page of Markdown, by the names of the columns."""
    found: list[dict[str, str]] = []
    header: list[str] = []
    for line in outcome.out.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line[:1] == "|" else []
        header = header if cells and header else cells
        if "Verdict" in header and cells and cells != header and "---" not in line:
            found.append(dict(zip(header, cells, strict=True)))
    return found
