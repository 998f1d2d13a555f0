"""A folder of runs that are home, and the index of it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from orchestrator.store.index.index import RunIndex
from orchestrator.store.index.values import Entry
from orchestrator.store.runs import binding
from orchestrator.store.runs.run_store import RESULT, RunStore
from orchestrator.values.job import Ending, JobEnd
from orchestrator.values.kept.summary import Summary
from orchestrator.values.run import Revision, Run, RunCard
from orchestrator.workflows.publishing.summary import summarise, summary_of
from remote_payload.contract import codec
from remote_payload.contract.result import Result
from tests.report import synthetic

COMMITS = ("a" * 40, "b" * 40, "abcd" * 10)
SETTLED_S = 0.08


@dataclass
class Runs:
    """root: of all runs. read: the runs that had to be read whole, as their cards did not tell."""

    root: Path
    read: list[str] = field(default_factory=list)
    masks: int = 0

    @property
    def store(self) -> RunStore:
        return RunStore(self.root)

    def made(
        self,
        run_id: str = "20261122-101530-h100-bench",
        of: Result | None = None,
        **changes: Any,
    ) -> RunCard:
        """A run that has been asked for. of: the result that it will have."""
        card = replace(
            synthetic.run(None).card,
            run_id=run_id,
            verb=run_id.split("-")[-1],
            host=run_id.split("-")[-2],
            created_at=f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}T10:15:30Z",
        )
        return self.store.create(replace(card, **changes), (of or RESULTS["cpu"]).request)

    def home(
        self,
        run_id: str = "20261122-101530-h100-bench",
        result: Result | None = None,
        summarised: bool = True,
        **changes: Any,
    ) -> Path:
        """A run that has come home, by default with what it came to in its card."""
        folder = self.store.folder(self.made(run_id, result, **changes).run_id)
        came = replace(result or RESULTS["cpu"], request=self.store.request(folder))
        (folder / RESULT).write_text(codec.dumps(came))
        self.store.record_end(folder, JobEnd(Ending.EXIT, 0), [binding.lies_there(folder, RESULT)])
        if summarised:
            summarise(self.store, self.store.load(folder), folder)
        return folder

    @property
    def index(self) -> RunIndex:
        """As a command has it that starts now."""
        return RunIndex(self.root, lambda: self.store, self._summary, self._mask)

    def entries(self) -> dict[str, Entry]:
        return {one.name: one for one in self.index.entries()}

    @property
    def file(self) -> Path:
        return self.root / ".index.sqlite"

    def _summary(self, run: Run) -> Summary:
        self.read.append(run.card.run_id)
        return summary_of(run)

    def _mask(self) -> Callable[[str], str]:
        self.masks += 1
        return lambda text: text.replace("private", "(hidden)")


RESULTS = {"cpu": synthetic.cpu_result()}


def at(commit: str, is_clean: bool | None = True, branch: str = "main") -> tuple[Revision, ...]:
    return (Revision(commit, is_clean, "", branch, "2026-11-20T10:00:00+00:00"),)


def edited(path: Path, **changes: Any) -> None:
    """A JSON file, as somebody edits it in place."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def settle() -> None:
    """Until what was written a moment ago can be told from what is written now."""
    time.sleep(SETTLED_S)


def same_size_and_time(path: Path, old: bytes, new: bytes) -> None:
    """Bytes of a file, in its place, with its time as it was."""
    there = path.stat()
    data = path.read_bytes()
    assert data.count(old), "nothing to change"
    assert len(old) == len(new)
    path.write_bytes(data.replace(old, new, 1))
    os.utime(path, ns=(there.st_atime_ns, there.st_mtime_ns))
