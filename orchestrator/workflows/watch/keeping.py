"""Each turn as a run of its own in the store, and the oldest of them removed again."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from orchestrator.errors import OrchestratorError
from orchestrator.here.aside import begun
from orchestrator.store.runs import binding, run_files
from orchestrator.store.runs.naming import verb_in
from orchestrator.store.runs.run_store import LOG, RESULT, RunStore
from orchestrator.values.run import RunCard
from orchestrator.workflows.publishing.summary import summarise
from orchestrator.workflows.watch.racing import Ran
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from remote_payload.contract.words import WATCH

# Turns are many, and each is worth little a day later.
MOST_KEPT = 200


class Kept:
    """The run of one turn, made aside while its sources travel."""

    def __init__(self, runs: RunStore, card: RunCard, request: Request) -> None:
        self._runs = runs
        self._made: Future[RunCard] = begun(lambda: runs.create(card, request), "keeping a turn")

    def request(self) -> Request:
        """What is asked, with the name of the run; waits until that is known. LocalFault."""
        return self._runs.request(self.folder)

    @property
    def run_id(self) -> str:
        return self._made.result().run_id

    @property
    def folder(self) -> Path:
        return self._runs.folder(self.run_id)

    def came_home(self, ran: Ran) -> None:
        """Keep what the turn came to, with all of its samples, then `prune`."""
        files = {LOG: ran.log, RESULT: codec.dumps(ran.result)}
        came = [binding.put(self.folder, path, text) for path, text in files.items()]
        self._runs.record_end(self.folder, ran.end, came)
        summarise(self._runs, self._runs.load(self.folder), self.folder)
        prune(self._runs)

    def dropped(self) -> None:
        """A turn that was called off leaves no run."""
        with suppress(OrchestratorError, OSError):
            self._runs.remove(self.folder)


def prune(runs: RunStore, most: int = MOST_KEPT) -> None:
    """Remove the oldest turns beyond the last `most`, but none that has a tag. What cannot be read
    or removed stays: it is somebody's work to look at."""
    names = sorted(one.name for one in runs.root.glob(f"*-{WATCH}*") if verb_in(one.name) == WATCH)
    for name in names[:-most]:
        with suppress(OrchestratorError, OSError):
            card = run_files.card(runs.folder(name))
            if card.verb == WATCH and not card.tags:
                runs.remove(runs.folder(name), spare_tagged=True)
