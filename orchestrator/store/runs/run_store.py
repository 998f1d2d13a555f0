"""Run directories: runs/<run-id>/ with {run,request,result,end,price}.json, log and report."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.errors import RunError, UsageError
from orchestrator.here import regular_file
from orchestrator.here.alone import alone
from orchestrator.here.local_fault import told
from orchestrator.store.runs import binding, labels, run_files, run_order
from orchestrator.store.runs.answering import require_answer
from orchestrator.store.runs.marks import Mark, mark
from orchestrator.store.runs.meaning import Meanings
from orchestrator.store.runs.naming import INDEX, is_path, new_run_id, reads_as_a_run
from orchestrator.store.runs.removing import remove
from orchestrator.store.runs.run_files import CARD, LENT, PRICE
from orchestrator.values.claim import Claim
from orchestrator.values.job import Ending, JobEnd
from orchestrator.values.kept.summary import Summary
from orchestrator.values.price import Charge, Price
from orchestrator.values.privacy.redaction import discreet
from orchestrator.values.run import BoundFile, Run, RunCard
from remote_payload.contract import codec
from remote_payload.contract.layout import END, LOG, REQUEST, RESULT
from remote_payload.contract.request import Request
from remote_payload.contract.words import Status

__all__ = [
    "CARD", "END", "LENT", "LOG", "PRICE", "REPORT", "REQUEST", "RESULT", "RunStore", "new_run_id",
]  # fmt: skip
REPORT = "report.md"
# What came of a run, and cannot be had again once its host has forgotten it.
RECORDS = (CARD, REQUEST, RESULT, END, PRICE, LOG)
Usable = Callable[[Path], bool]
_STATUS = {Ending.TIMEOUT: Status.TIMEOUT, Ending.CANCELLED: Status.CANCELLED}


def _any(folder: Path) -> bool:
    return True


@dataclass(frozen=True)
class RunStore:
    """All runs kept under one directory, which need not exist yet.

    created: hears of each new run's folder.
    """

    root: Path
    created: Callable[[Path], object] = field(default=lambda folder: None, compare=False)

    def create(self, card: RunCard, request: Request) -> RunCard:
        """Make the directory of a new run; a taken id gets a number appended.

        The request travels with what the card alone knows: the id and the verb. The card gets a
        mark of its own, by which a host tells this run's job from another's of the same name.
        UsageError: a tag that nobody else may read.
        """
        labels.require_public(card.tags)
        run_id, number = card.run_id, 2
        last = run_order.latest(self._marks())
        while True:
            try:
                self.root.mkdir(parents=True, exist_ok=True)
                self.folder(run_id).mkdir()
                break
            except FileExistsError as exc:
                if not os.path.lexists(self.folder(run_id)):
                    raise told(exc, "no run was made") from exc  # it is about root
                run_id, number = f"{card.run_id}-{number}", number + 1
            except OSError as exc:
                raise told(exc, "no run was made") from exc
        card = replace(
            card,
            run_id=run_id,
            after=last.token,
            after_at=last.at,
            after_number=last.number,
            owner=secrets.token_hex(16),
            operator=request.operator,
            cases=tuple(one.label for one in request.cases),
        )
        request = replace(request, run_id=run_id, verb=card.verb)
        card = self._described(self.folder(run_id), card, request)
        self.created(self.folder(run_id))
        return card

    def _described(self, folder: Path, card: RunCard, request: Request) -> RunCard:
        """Write what makes a new folder a run, or remove it; the card that was written."""
        try:
            asked = binding.put(folder, REQUEST, codec.dumps(request))
            card = binding.with_files(replace(card, files=()), [asked])
            codec.write_atomic(folder / CARD, codec.dumps(card))
            return card
        except BaseException as exc:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(exc, OSError):
                raise told(exc, "no run was made") from exc
            raise

    def folder(self, run_id: str) -> Path:
        return self.root / run_id

    def resolve(self, reference: str, usable: Usable = _any) -> Path:
        """Directory of a run to read: as `named`, or by its path, which holds a slash."""
        if not is_path(reference):
            return self.named(reference, usable)
        folder = Path(reference)
        if not os.path.lexists(folder / CARD):
            with suppress(RunError):  # a branch may be called so
                return self.named(reference, usable)
            raise RunError(
                f"{reference!r} is no folder of a run", hint="List them: orchestrator runs"
            )
        return folder if folder.name not in ("", os.pardir) else folder.resolve()

    def named(self, reference: str, usable: Usable = _any) -> Path:
        """Directory of a run of this store, given by id, unique prefix, `latest~N`, a tag or a git
        revision: no path. usable: whether a run can be used that only a revision means.

        RunError as in `Meanings.named`.
        """
        return self.folder(self.meanings(usable).named(reference))

    def meanings(self, usable: Usable = _any) -> Meanings:
        """What the runs go by."""
        _refuse_unreadable(self.root)
        return Meanings(
            self.root,
            run_order.in_order(self._marks()),
            self._commit_of,
            lambda name: usable(self.folder(name)),
        )

    def _commit_of(self, word: str) -> str:
        """What git calls the commit that is meant, here where one stands or where the runs lie."""
        from orchestrator.here.committed import commit

        for place in (Path(), self.root.parent):
            with suppress(UsageError, OSError):
                return commit(place.absolute(), word).digest
        return ""

    def _marks(self) -> list[Mark]:
        """By the index, if one is kept; else by every card."""
        if (self.root / INDEX).exists():
            from orchestrator.store.index import keeping

            if (known := keeping.marks(self.root)) is not None:
                return known
        return [mark(folder, CARD) for folder in self._found()]

    def claim(self, folder: Path) -> Claim:
        """By what the job of a run is known on its host. The card names the run, wherever a copy
        of its folder lies. RunError: the card cannot be read."""
        card = run_files.card(folder)
        return Claim(card.run_id, card.host, card.owner, self._asked(folder))

    def load(self, folder: Path) -> Run:
        """Read a run back; RunError names the file and key that is wrong.

        A result that the payload could not finish says so in the words of the job's end. A price
        that cannot be read is left out, with the reason: it is no part of what was measured. What
        was asked, what came of it and how it ended are told where they are not what came home.
        """
        card = run_files.card(folder).for_others()  # older ones name folders
        result, end = run_files.result(folder), run_files.end(folder)
        if result:
            require_answer(folder, card, self._asked(folder), result)
        if result and end and end.why is not Ending.EXIT:
            status = _STATUS.get(end.why, Status.FAILED)
            result = replace(result, status=status, reason=f"the job {end.words}")
        kept_as = self._reference(folder, card.run_id)
        run = Run(card, result, end, kept_as=kept_as, changed=binding.as_read(folder, card, end))
        try:
            return replace(run, price=run_files.price(folder))
        except RunError as problem:
            # Reports quote it, and they name no folder of this machine.
            return replace(run, price_problem=problem.message.replace(f"{folder}/", ""))

    def _reference(self, folder: Path, run_id: str) -> str:
        """What a person calls the run in a command: folders are renamed, and copied to elsewhere,
        where the run itself may be in the store, too."""
        place = Path(os.path.realpath(folder))
        if place.parent == Path(os.path.realpath(self.root)) and reads_as_a_run(place.name):
            return place.name
        return run_id if (self.folder(run_id) / CARD).is_file() else f"{place}{os.sep}"

    def record_end(self, folder: Path, end: JobEnd, came: Iterable[BoundFile] = ()) -> None:
        """Keep how the job ended, in the host's words, and bind what came home of it to the run."""
        told = replace(end, message=discreet(end.message))
        ended = binding.put(folder, END, codec.dumps(told))
        with alone(folder.parent):
            binding.bind(folder, (*came, ended))

    def record_summary(self, folder: Path, summary: Summary) -> None:
        """Keep what the run came to beside its card's own facts. A card that nobody can read is
        left as it is."""
        with alone(folder.parent), suppress(RunError):
            card = replace(run_files.card(folder), summary=summary)
            codec.write_atomic(regular_file.own(folder / CARD), codec.dumps(card))

    def lend(self, folder: Path, lent: Path) -> None:
        """Bind a copy of another run, which lies in the folder of this one as far as its report
        needs it, together anew, and to this run."""
        card = run_files.card(lent)
        here = [one for one in card.files if os.path.lexists(lent / one.path)]
        copied = binding.put(lent, CARD, codec.dumps(replace(card, files=tuple(here))))
        with alone(folder.parent):
            binding.bind(folder, [replace(copied, path=f"{LENT}/{CARD}")])

    def add_charge(self, folder: Path, charge: Charge | None) -> Price:
        """Add what one more command on the run cost, None if that is not known; return the sum.

        RunError: what is there already cannot be read, and was left as it is.
        """
        with alone(folder.parent):  # two terminals may follow one run, and end at once
            price = (run_files.price(folder) or Price()).plus(charge)
            known = self._is_as_kept(folder, PRICE)
            kept = binding.put(folder, PRICE, codec.dumps(price))
            if known:  # else the sum goes on from what somebody wrote there
                binding.bind(folder, [kept])
        return price

    def _is_as_kept(self, folder: Path, path: str) -> bool:
        with suppress(RunError):
            return not binding.changed(folder, run_files.card(folder), (path,))
        return False

    def request(self, folder: Path) -> Request:
        """The request of a run, also of one that never came back."""
        return run_files.request(folder)

    def all(self) -> Iterator[Path]:
        """Run directories, oldest first."""
        yield from self._folders()

    def renamed(self) -> dict[tuple[str, str], Path]:
        """By id and mark, each run whose folder is called something else. Of several copies the
        one that has ended; where none has, nobody can tell which is to go on."""
        found: dict[tuple[str, str], list[Path]] = {}
        for folder in sorted(self._found(), key=lambda one: (not self.has_ended(one), one.name)):
            with suppress(RunError):
                card = run_files.card(folder)
                if card.owner and card.run_id != folder.name:
                    found.setdefault((card.run_id, card.owner), []).append(folder)
        return {
            run: folders[0]
            for run, folders in found.items()
            if len(folders) == 1 or self.has_ended(folders[0])
        }

    def has_ended(self, folder: Path) -> bool:
        """Whether what came of the run is here."""
        return (folder / RESULT).is_file() or (folder / END).is_file()

    def remove(self, folder: Path, spare_tagged: bool = False) -> bool:
        """Delete one run directory; refuses anything that is not one, and one that holds others.
        Nobody edits its card meanwhile. spare_tagged: not one that has a tag by now, or whose card
        cannot be read; whether it is gone."""
        try:
            with alone(self.root):
                return remove(self.root, folder, spare_tagged)
        except OSError as exc:
            raise told(exc, f"run {folder.name} was not removed") from exc

    def _folders(self) -> list[Path]:
        """By what the cards say, not by the alphabet."""
        _refuse_unreadable(self.root)
        return [self.folder(one.folder) for one in run_order.in_order(self._marks())]

    def _found(self) -> Iterator[Path]:
        """Whatever lies in the card's place. A link among them would be one run twice, or one of
        elsewhere."""
        folders = (folder for folder in self.root.glob("*") if not folder.is_symlink())
        return (folder for folder in folders if os.path.lexists(folder / CARD))

    def _asked(self, folder: Path) -> Request | None:
        with suppress(RunError):
            return self.request(folder)
        return None


def _refuse_unreadable(root: Path) -> None:
    """No runs are none; a folder that cannot be looked into may hold any number of them."""
    try:
        os.scandir(root).close()
    except FileNotFoundError as exc:
        if root.is_symlink():
            raise told(exc, "the runs cannot be listed") from exc
    except OSError as exc:
        raise told(exc, "the runs cannot be listed") from exc
