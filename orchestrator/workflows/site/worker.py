"""`python -m orchestrator.workflows.site.worker`: makes pages beside others that do the same.

On stdin first a line that says what there is to work with, then one for each page to be made; each
is answered by a line on stdout. It ends with stdin, so also with whoever started it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.errors import OrchestratorError
from orchestrator.store.index.index import RunIndex
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.privacy import kept_words
from orchestrator.values.privacy.redaction import gate
from orchestrator.workflows.publishing.summary import summary_of
from orchestrator.workflows.site.making import Hand, Order
from orchestrator.workflows.site.pasts import Pasts


def main() -> None:
    """Answer until there is nothing more to make."""
    hand = _hand(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        try:
            told: dict[str, Any] = asdict(hand.make(Order.of_json(json.loads(line))))
        except OrchestratorError as exc:
            told = {"message": exc.message, "hint": exc.hint}
        except OSError as exc:
            told = {"errno": exc.errno, "why": exc.strerror or str(exc), "file": str(exc.filename)}
        print(json.dumps(told), flush=True)


def told(hand: Hand, masked_by: str) -> str:
    """The first line, for whoever starts one."""
    return json.dumps(
        {
            "site": str(hand.site),
            "runs": str(hand.runs.root.absolute()),
            "templates": str(hand.templates) if hand.templates else "",
            "private": sorted(kept_words.private),
            "folders": kept_words.folders,
            "masked_by": masked_by,
        }
    )


def _hand(said: dict[str, Any]) -> Hand:
    kept_words.private.update(said["private"])
    kept_words.folders.update(said["folders"])
    store = RunStore(Path(said["runs"]))
    index = RunIndex(store.root, lambda: store, summary_of, gate, said["masked_by"])
    templates = Path(said["templates"]) if said["templates"] else None
    return Hand(Path(said["site"]), store, Pasts(index.figures), templates)


if __name__ == "__main__":
    main()
