"""Run directories: runs/<run-id>/ with {run,request,result,end,price}.json, log and report."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from orchestrator.errors import RunError
from orchestrator.model.job import Ending, JobEnd
from orchestrator.model.price import Charge, Price
from orchestrator.model.redaction import discreet
from orchestrator.model.run import Run, RunCard
from orchestrator.store import run_files
from orchestrator.store.run_files import CARD, END, PRICE, REQUEST, RESULT
from orchestrator.store.run_order import in_order, latest_token
from remote_payload import codec
from remote_payload.contract import Request, Status

__all__ = ["CARD", "END", "LOG", "PRICE", "REPORT", "REQUEST", "RESULT", "RunStore", "new_run_id"]
LOG, REPORT = "log.txt", "report.md"
_STATUS = {Ending.TIMEOUT: Status.TIMEOUT, Ending.CANCELLED: Status.CANCELLED}
_UNSAFE = re.compile(r"[^a-z0-9]+")


def new_run_id(now: datetime, host: str, verb: str) -> str:
    """Sorts by time and can be read aloud: 20261122-101530-h100-bench."""
    name = _UNSAFE.sub("-", host.lower()).strip("-") or "host"
    return f"{now:%Y%m%d-%H%M%S}-{name}-{verb}"


@dataclass(frozen=True)
class RunStore:
    """All runs kept under one directory, which need not exist yet.

    created: hears of each new run's folder.
    """

    root: Path
    created: Callable[[Path], object] = field(default=lambda folder: None, compare=False)

    def create(self, card: RunCard, request: Request) -> RunCard:
        """Make the directory of a new run; a taken id gets a number appended.

        The request travels with what the card alone knows: the id and the verb.
        """
        run_id, number = card.run_id, 2
        latest = latest_token(self._found(), CARD)
        while True:
            try:
                self.folder(run_id).mkdir(parents=True)
                break
            except FileExistsError:
                run_id, number = f"{card.run_id}-{number}", number + 1
        card = replace(card, run_id=run_id, after=latest)
        request = replace(request, run_id=run_id, verb=card.verb)
        codec.write_atomic(self.folder(run_id) / REQUEST, codec.dumps(request))
        codec.write_atomic(self.folder(run_id) / CARD, codec.dumps(card))
        self.created(self.folder(run_id))
        return card

    def folder(self, run_id: str) -> Path:
        return self.root / run_id

    def resolve(self, reference: str) -> Path:
        """Directory of a run given by id, unique prefix, `latest`, or path."""
        as_path = Path(reference)
        if (as_path / CARD).is_file():
            return as_path
        known = [folder.name for folder in self._folders()]
        if not known:
            raise RunError(
                f"no runs under {self.root}",
                hint="Make one: orchestrator profile",
            )
        if reference == "latest":
            return self.folder(known[-1])
        matches = [name for name in known if name.startswith(reference)]
        if reference in matches:
            return self.folder(reference)
        if len(matches) == 1:
            return self.folder(matches[0])
        if matches:
            raise RunError(
                f"{reference!r} fits {len(matches)} runs: {', '.join(matches[:5])}",
                hint="Give more of the run id.",
            )
        raise RunError(
            f"no run {reference!r} under {self.root}", hint="List them: orchestrator runs"
        )

    def load(self, folder: Path) -> Run:
        """Read a run back; RunError names the file and key that is wrong.

        A result that the payload could not finish says so in the words of the job's end. A price
        that cannot be read is left out, with the reason: it is no part of what was measured.
        """
        card = run_files.card(folder).for_others()  # older ones name folders
        result, end = run_files.result(folder), run_files.end(folder)
        if result and end and end.why is not Ending.EXIT:
            status = _STATUS.get(end.why, Status.FAILED)
            result = replace(result, status=status, reason=f"the job {end.words}")
        try:
            return Run(card, result, end, run_files.price(folder))
        except RunError as problem:
            # Reports quote it, and they name no folder of this machine.
            return Run(card, result, end, price_problem=problem.message.replace(f"{folder}/", ""))

    def record_end(self, folder: Path, end: JobEnd) -> None:
        """Keep how the job ended, in the host's words."""
        told = replace(end, message=discreet(end.message))
        codec.write_atomic(folder / END, codec.dumps(told))

    def add_charge(self, folder: Path, charge: Charge | None) -> Price:
        """Add what one more command on the run cost, None if that is not known; return the sum.

        RunError: what is there already cannot be read, and was left as it is.
        """
        with _one_at_a_time(folder.parent):
            price = (run_files.price(folder) or Price()).plus(charge)
            codec.write_atomic(folder / PRICE, codec.dumps(price))
        return price

    def request(self, folder: Path) -> Request:
        """The request of a run, also of one that never came back."""
        return run_files.request(folder)

    def all(self) -> Iterator[Path]:
        """Run directories, oldest first."""
        yield from self._folders()

    def remove(self, folder: Path) -> None:
        """Delete one run directory; refuses anything that is not one."""
        if not (folder / CARD).is_file():
            raise RunError(f"{folder} is not a run directory; nothing was deleted")
        shutil.rmtree(folder)

    def _folders(self) -> list[Path]:
        """By what the cards say, not by the alphabet."""
        return in_order(self._found(), CARD)

    def _found(self) -> Iterator[Path]:
        return (card.parent for card in self.root.glob(f"*/{CARD}"))


@contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    """Two terminals may follow one run, and end in the same moment."""
    handle = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
