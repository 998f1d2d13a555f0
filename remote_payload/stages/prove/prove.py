"""The prove stage: what the hardware has to confirm, proof by proof.

A proof is a function that says in words what it has proven, or raises what kept it from that.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from remote_payload.contract.layout import ARTIFACTS
from remote_payload.contract.records import ProofRecord
from remote_payload.contract.words import Stage, Status
from remote_payload.operators.setting import Setting
from remote_payload.processes import bounded
from remote_payload.processes.announce import say, step
from remote_payload.processes.isolate import Deadline

FOLDER = "prove"
OUTPUT_LIMIT_BYTES = 4 << 20
_LINE_CHARACTERS = 300


# The proofs that launch our kernel; the others ask the hardware and its tools alone.
LAUNCH_OURS = ("adversarial", "memcheck", "racecheck")


class NotGiven(Exception):
    """A proof ended without a proof. for_people: they have to judge it, and it fails no run."""

    status = Status.FAILED

    def __init__(self, reason: str, for_people: bool = False) -> None:
        super().__init__(reason)
        self.for_people = for_people


class Refuted(NotGiven):
    """The proof failed; the text says on what."""


class Skipped(NotGiven):
    """The proof cannot be given here; the text says what is missing."""

    status = Status.SKIPPED


class Late(NotGiven):
    """The proof was not done in its time; the text says what was going on."""

    status = Status.TIMEOUT


@dataclass(frozen=True)
class Place:
    """Where a proof works. sources: the snapshot; job: the folder of the result.

    home: the proof's own folder of artifacts; scratch: for what nobody wants to keep.
    capability: of the GPU; None without one, or where the run is on the CPU.
    """

    job: Path
    sources: Path
    setting: Setting
    capability: Optional[Tuple[int, int]]
    deadline: Deadline
    home: Path = Path()
    scratch: Path = Path()

    def run(self, argv: Sequence[str], name: str) -> Tuple[bounded.Ended, str]:
        """Run a program in the snapshot; how it ended, and all it printed, kept as `name`.

        Late: it did not end in the time that the proof has left.
        """
        output = self.home / name
        limit_s = self.deadline.allow(float("inf"))
        ended = bounded.run(
            argv, output, limit_s, cwd=str(self.sources), output_limit_bytes=OUTPUT_LIMIT_BYTES
        )
        if ended.timed_out:
            raise Late(f"{Path(argv[0]).name}: {ended.why}")
        return ended, output.read_text("utf-8", "replace").replace("\r", "")

    def require(self, argv: Sequence[str], name: str) -> str:
        """As `run`, for a program that has to end well; Refuted with its last line otherwise."""
        ended, text = self.run(argv, name)
        if ended.exit_code != 0:
            how = ended.why or f"ended with status {ended.exit_code}"
            raise Refuted(f"{Path(argv[0]).name} {how}: {last_line(text)}")
        return text


Proof = Callable[[Place], str]
Keep = Callable[[Tuple[ProofRecord, ...]], None]


def run(
    proofs: Dict[str, Proof], place: Place, limit_s: float, keep: Keep, hopeless: str = ""
) -> Tuple[ProofRecord, ...]:
    """Try every proof for limit_s seconds at most, handing the records so far to `keep`.

    hopeless: why launching our kernel is known to be in vain, e.g. because it hung before; the
    proofs that would are then SKIPPED for this reason.
    """
    records: Tuple[ProofRecord, ...] = ()
    for number, (name, proof) in enumerate(proofs.items()):
        step(Stage.PROVE, number, len(proofs), name)
        if hopeless and name in LAUNCH_OURS:
            record = ProofRecord(name, Status.SKIPPED, hopeless)
        else:
            record = _try(name, proof, place, limit_s)
        say(f"prove {name}: {record.status.value} {record.reason}".rstrip())
        records = (*records, record)
        keep(records)
    step(Stage.PROVE, len(proofs), len(proofs), "proven")
    return records


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:_LINE_CHARACTERS] if lines else "it printed nothing"


def _try(name: str, proof: Proof, place: Place, limit_s: float) -> ProofRecord:
    began = time.monotonic()
    allowed_s = place.deadline.allow(limit_s)
    home = place.job / ARTIFACTS / FOLDER / name
    home.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="prove-", dir=str(place.job)))
    mine = replace(place, deadline=Deadline(allowed_s), home=home, scratch=scratch)
    for_people = False
    try:
        if not allowed_s:
            raise Late("no time was left for it")
        status, reason = Status.OK, proof(mine)
    except NotGiven as exc:
        status, reason, for_people = exc.status, str(exc), exc.for_people
    finally:
        shutil.rmtree(str(scratch), ignore_errors=True)
    seconds = round(time.monotonic() - began, 3)
    return ProofRecord(name, status, reason, seconds, _kept(place.job, home), for_people)


def _kept(job: Path, home: Path) -> Tuple[str, ...]:
    """The artifacts that say something, relative to the job; what is empty is removed."""
    kept: List[str] = []
    for path in sorted(home.iterdir()):
        if path.stat().st_size:
            kept.append(path.relative_to(job).as_posix())
        else:
            path.unlink()
    if not kept:
        home.rmdir()
    return tuple(kept)
