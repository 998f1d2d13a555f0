"""The one path of every job: submit, follow, bring home; attach enters it half-way."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import (
    Detached,
    EndedBySignal,
    HostStopped,
    HostUnfit,
    HostUnreachable,
    LocalFault,
    OrchestratorError,
    RunTaken,
)
from orchestrator.here.alone import alone
from orchestrator.here.local_fault import is_local, no_memory, told
from orchestrator.launch import choose
from orchestrator.launch.pull import drop_halves
from orchestrator.store.runs.run_store import LOG
from orchestrator.values.command import about, typed
from orchestrator.values.job import Ending, JobEnd
from orchestrator.values.run import BoundFile, Run, RunCard
from orchestrator.workflows.jobs.errand import Errand, Patience, spec_of
from orchestrator.workflows.jobs.interrupted import Standing, unbroken
from orchestrator.workflows.jobs.job_log import JobLog, last_seen, tail
from orchestrator.workflows.publishing.summary import summarise
from remote_payload.contract import codec
from remote_payload.contract.request import Request

# Within this time a second Ctrl-C means the job, not only the watching.
SECOND_CTRL_C_S = 2.0
# A name with four random digits is hardly ever taken, and never time and again.
_MOST_NAMES = 4
_LOST = (Ending.RUNNER_KILLED, Ending.HOST_RESTARTED)


def run_job(errand: Errand, card: RunCard, request: Request) -> Run:
    """Run `request` on the host to its end and return the stored run.

    The run directory exists before the job starts, so that whatever happens here in between,
    `attach` finds it.
    """
    names = 0
    while True:
        home = None
        try:
            with unbroken():
                card = errand.runs.create(card, request)
                folder = errand.runs.folder(card.run_id)
                home, asked = _begun(errand, folder)
            return home.whole(asked)
        except RunTaken as taken:
            # Another laptop started a run in this very second; ours gets a name of its own.
            if home is None or home.standing.has_begun:
                raise
            errand.runs.remove(folder)
            names += 1
            if names == _MOST_NAMES:
                raise _every_name_taken(errand, card) from taken
            card = replace(card, run_id=f"{card.run_id}-{secrets.token_hex(2)}")
        except KeyboardInterrupt:
            if home is not None and home.standing is Standing.NOT_ASKED:
                with unbroken():
                    errand.runs.remove(folder)
                errand.progress.say(f"run {card.run_id} {home.standing.value}; nothing is left")
            raise


def _begun(errand: Errand, folder: Path) -> tuple[_Homecoming, Request]:
    """A run that has just been made here, and its request as everybody else will read it."""
    try:
        return _Homecoming(errand, folder, Standing.NOT_ASKED), errand.runs.request(folder)
    except BaseException:
        errand.runs.remove(folder)
        raise


def _every_name_taken(errand: Errand, card: RunCard) -> HostUnfit:
    return HostUnfit(
        f"{errand.host.where} has another run of every name, it says, also of {card.run_id}; "
        "nothing was started",
        hint="Something else answers in its place; see what `python:` of this host starts.",
    )


def bring_home(errand: Errand, folder: Path) -> Run:
    """Follow a submitted run to its end, across dropped links, and pull what it left.

    Detached: the person pressed Ctrl-C. HostUnreachable: the host stayed away, and nobody can
    say how the job is. A second Ctrl-C ends the job, and what it left comes home all the same.
    """
    return _Homecoming(errand, folder).whole()


class _Homecoming:
    """One run on its way from the host to `folder`. standing: what is known of it so far."""

    def __init__(self, errand: Errand, folder: Path, standing: Standing = Standing.UNKNOWN) -> None:
        claim = self._claim = errand.runs.claim(folder)
        self._errand, self._folder, self._run_id = errand, folder, claim.run_id
        self._launcher = choose.launcher(errand.transport, claim)
        self._log = JobLog(folder, errand.progress, errand.show_log)
        self._patience = Patience(errand, self._falls_silent)
        self._known, self._silent_since = standing, 0
        self._came: tuple[BoundFile, ...] = ()

    @property
    def standing(self) -> Standing:
        """What is known of the run at this moment."""
        if self._known is Standing.UNKNOWN and self._log.heard > self._silent_since:
            return Standing.GOES_ON
        return self._known

    def _falls_silent(self) -> None:
        self._silent_since = self._log.heard

    def whole(self, request: Request | None = None) -> Run:
        """Submit `request` if there is one, then stay with the job until all of it is here."""
        try:
            end = self._followed_or_cancelled(request)
            self._errand.runs.record_end(self._folder, end, self._came)
        except HostUnreachable as exc:
            raise self._unknown(exc) from exc
        except LocalFault as exc:
            raise self._out_of_place(exc) from exc
        except MemoryError as exc:
            raise self._out_of_place(no_memory()) from exc
        except OSError as exc:
            if not is_local(exc):
                raise
            fault = told(exc, f"cannot write under {self._folder}")
            raise self._out_of_place(fault) from exc
        except EndedBySignal as exc:
            exc.goes_on = self._goes_on()
            raise
        run = self._errand.runs.load(self._folder)
        summarise(self._errand.runs, run, self._folder)
        if end.why in _LOST or run.result is None:
            how = "ended early" if end.why is Ending.CANCELLED else "failed"
            self._errand.progress.say(
                f"run {self._run_id} {how}: it {end.words}; the last lines of its log "
                f"({self._folder / LOG}):\n{tail(self._folder)}"
            )
        return run

    @property
    def _attach(self) -> str:
        return self._typed("attach")

    def _typed(self, verb: str) -> str:
        """Our command about the run, as it is called here and found at its host by now."""
        host = self._claim.option(self._errand.host.name)
        return about(verb, self._folder.name, *host)

    def _out_of_place(self, fault: LocalFault) -> LocalFault:
        """This machine no longer takes what comes: also what becomes of the job, and the way.

        Half a file would only take room from whatever comes next; the host has it whole.
        """
        if self._known is not Standing.OTHER:  # else it is at work on them
            drop_halves(self._folder)
        goes_on = self._goes_on()
        return LocalFault(fault.message, hint=f"{fault.hint} {goes_on}".strip())

    def _goes_on(self) -> str:
        """What goes on without us, and how to come back to it; "" where nothing was started."""
        if self.standing is Standing.NOT_ASKED:
            with suppress(OSError, OrchestratorError):
                self._errand.runs.remove(self._folder)
            return ""
        host = self._errand.host
        job = {
            Standing.ENDED: "The job is safe on its host",
            Standing.ASKED: f"Whether {host.where} has started the job is not known",
            Standing.GOES_ON: f"The job goes on at {host.where}",
        }.get(self.standing, f"The job may well go on at {host.where}")
        back = self._attach
        if not self._folder.is_dir():
            back = typed("orchestrator", "runs", "fetch", self._run_id, "--host", host.name)
        return f"{job}. Then: {back}"

    def _followed_or_cancelled(self, request: Request | None) -> JobEnd:
        try:
            with self._alone():
                return self._followed(request)
        except KeyboardInterrupt:
            return self._left_or_cancelled()

    def _followed(self, request: Request | None) -> JobEnd:
        if request is not None:
            self._submit(request)
        end = self._patience.done(
            lambda: self._launcher.follow(
                self._run_id, self._log.offset, self._log.take, self._log.beat
            ),
            lambda: self._log.heard,
        )
        self._known = Standing.ENDED
        self._pull()
        return end

    def _alone(self) -> AbstractContextManager[None]:
        """Two terminals that follow one run would both write its files: the second one waits."""
        return alone(self._folder, self._waiting)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        before, self._known = self._known, Standing.OTHER
        self._errand.progress.say(f"another terminal follows run {self._run_id}; waiting")
        yield
        self._known = before

    def _submit(self, request: Request) -> None:
        text, spec = codec.dumps(request), spec_of(self._errand.host, request)
        self._patience.knows_us = True  # its snapshot has just been brought there
        before = Standing.NOT_ASKED  # what the last try began with

        def asking() -> None:
            self._known = Standing.ASKED

        def submit() -> None:
            nonlocal before
            before = self._known
            self._launcher.submit(spec, text, asking)

        try:
            self._patience.done(submit)
        except HostUnfit as exc:
            if before is Standing.ASKED:
                # The link dropped before an answer came: an earlier try may have started it.
                raise HostUnfit(
                    f"{exc.message}; whether run {self._run_id} was started before is not known",
                    hint=f"{exc.hint} Then: {self._attach}".strip(),
                ) from exc
            never = JobEnd(Ending.NEVER_STARTED, None, exc.message)
            with suppress(OSError):  # a full disk here is not what the person has to hear of
                self._errand.runs.record_end(self._folder, never)
            raise
        self._known = Standing.UNKNOWN  # what follows hears of it at once
        self._log.seen()

    def _pull(self) -> None:
        self._came = self._patience.done(
            lambda: self._launcher.pull(self._run_id, self._folder, self._errand.progress),
            lambda: sum(p.stat().st_size for p in self._folder.rglob("*") if p.is_file()),
        )

    def _left_or_cancelled(self) -> JobEnd:
        """After a Ctrl-C: leave the job alone, unless a second one says to end it."""
        standing, say = self.standing, self._errand.progress.say
        if standing is Standing.NOT_ASKED:
            raise KeyboardInterrupt
        if not standing.may_go_on:
            say(f"run {self._run_id} {standing.value}; come back to it: {self._attach}")
            raise KeyboardInterrupt
        again = f"press Ctrl-C again within {SECOND_CTRL_C_S:g} s to cancel it"
        try:
            say(f"detaching; run {self._run_id} {standing.value}; {again}")
            self._errand.sleep(SECOND_CTRL_C_S)
        except KeyboardInterrupt:
            return self._cancelled()
        raise Detached(
            f"run {self._run_id} {standing.value} at {self._errand.host.where}",
            hint=f"{self._attach}   (or: {self._typed('cancel')})",
        )

    def _cancelled(self) -> JobEnd:
        """End the job and bring home what it left; a third Ctrl-C leaves that where it is."""
        say, self._known = self._errand.progress.say, Standing.CANCELLING
        try:
            say(f"cancelling run {self._run_id}")
            # The first Ctrl-C may have hit in the middle of a message.
            self._errand.transport.close()
            self._patience.done(lambda: self._launcher.cancel(self._run_id))
            self._known = Standing.ENDED
            with self._alone():
                return self._followed(None)
        except KeyboardInterrupt:
            say(f"run {self._run_id} {self.standing.value}; what is there: {self._attach}")
            raise

    def _unknown(self, exc: HostUnreachable) -> HostUnreachable:
        if self.standing is Standing.NOT_ASKED:
            self._goes_on()
            words = f"run {self._run_id} {self.standing.value}; nothing is left of it here"
            return type(exc)(f"{exc.message}; {words}", hint=exc.hint)
        stopped = isinstance(exc, HostStopped)
        later = "Then" if stopped else "It may well go on; once the host is back"
        return type(exc)(
            f"{exc.message}; the state of run {self._run_id} is unknown, {last_seen(self._folder)}",
            hint=f"{exc.hint} {later}: {self._attach}".strip(),
        )
