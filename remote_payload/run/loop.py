"""The stages of a run in their order; each works with what passed the ones before it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Optional, Sequence

from remote_payload.contract.request import Request
from remote_payload.contract.result import StageReport
from remote_payload.contract.words import Device, Stage, Status
from remote_payload.machine import machine
from remote_payload.machine.torch_facts import TorchFacts
from remote_payload.operators import registry
from remote_payload.operators.user.stated import BadOperator
from remote_payload.processes.announce import say, step
from remote_payload.processes.isolate import Deadline, Died, OutOfTime, Silent
from remote_payload.run import own_operator
from remote_payload.run.known import Known
from remote_payload.stages import cuts, declaration
from remote_payload.stages.draft import Draft
from remote_payload.stages.scene import INPUTS, Outcome, Scene, Unfit


class Interrupted(BaseException):
    """Somebody asked the payload to stop; the text names the signal."""


class Run:
    """One request carried out; whatever happens is in the draft."""

    def __init__(
        self,
        request: Request,
        draft: Draft,
        sources: Path,
        builds: Path,
        known: Optional[Known] = None,
    ) -> None:
        self._scene = Scene(request, draft, sources, builds, Deadline(request.time_limit_s))
        self._failure: Optional[Outcome] = None
        self._known = known or Known()
        self._scene.drawn = self._known.drawn

    def carry_out(self) -> None:
        """Run the stages asked for and close the draft. Raises only Interrupted and our bugs."""
        try:
            self._run_stages()
        finally:
            if self._scene.compiling is not None:  # nobody came to wait for it
                self._scene.compiling.stop()
            self._known.finish()
            shutil.rmtree(str(self._scene.draft.folder / INPUTS), ignore_errors=True)

    def _run_stages(self) -> None:
        self._scene.draft.note(machine=self._known.machine())
        declared = declaration.asked(self._scene.request)
        asked = [one.stage for one in declared]
        if not self._scene.request.operator_target:
            self._scene.operator = registry.find(self._scene.request.operator).facts
        try:
            self._meet_torch(needed=any(one.torch for one in declared))
        except Unfit as exc:
            say(f"unfit: {exc}")
            self._end_before(asked, "the host is unfit", Outcome(Status.FAILED, str(exc), True))
            return
        except BadOperator as exc:
            refused = Outcome(Status.FAILED, f"operator: {exc}", exc.unfit)
            self._end_before(asked, "the operator cannot be run", refused)
            return
        except OutOfTime as exc:
            self._end_before(asked, str(exc), Outcome(Status.TIMEOUT, f"operator: {exc}"))
            return
        ended: Optional[Outcome] = None
        for stage in asked:
            ended = self._stage(stage, ended)
        self._note_after()
        final = self._failure or Outcome(Status.OK)
        self._scene.draft.close(final.status, final.reason, final.unfit)

    def _end_before(self, asked: Sequence[Stage], why: str, outcome: Outcome) -> None:
        """No stage was reached."""
        say(f"{outcome.status.value}: {outcome.reason}")
        for stage in asked:
            self._scene.draft.add_stage(StageReport(stage, Status.SKIPPED, why))
        self._scene.draft.close(outcome.status, outcome.reason, outcome.unfit)

    def _stage(self, stage: Stage, ended: Optional[Outcome]) -> Optional[Outcome]:
        """Run one stage unless an earlier one ended the run; how the run ended, if it did."""
        if ended is not None and not declaration.of(stage).always:
            self._scene.draft.add_stage(StageReport(stage, Status.SKIPPED, ended.reason))
            return ended
        began = time.monotonic()
        step(stage, 0, 0, "")  # how much there is to do it tells itself
        outcome = Outcome(Status.FAILED, "our own error; the log has the traceback")
        try:
            outcome = declaration.part(stage, "stage").act(self._scene)
        except OutOfTime as exc:
            outcome = Outcome(Status.TIMEOUT, str(exc))
        except Interrupted as exc:
            outcome = Outcome(Status.CANCELLED, str(exc))
            raise
        finally:
            seconds = round(time.monotonic() - began, 3)
            say(f"{stage.value}: {outcome.status.value} {outcome.reason}".rstrip())
            how = (outcome.status, outcome.reason, seconds, outcome.facts)
            self._scene.draft.add_stage(StageReport(stage, *how))
            self._tell_cuts(stage)
        if outcome.status in (Status.OK, Status.SKIPPED):
            return ended
        final = Outcome(outcome.status, f"{stage.value}: {outcome.reason}", outcome.unfit)
        if outcome.ends_run or outcome.fails_run:
            self._note_failure(final)
        return final if outcome.ends_run else ended

    def _tell_cuts(self, stage: Stage) -> None:
        draft = self._scene.draft
        for cut in cuts.after(stage, self._scene.request, draft.result, draft.folder):
            draft.add_cut(cut)

    def _note_failure(self, final: Outcome) -> None:
        """The first counts; but what the host lacks gives way to what is wrong with a kernel."""
        if self._failure is None or (self._failure.unfit and not final.unfit):
            self._failure = final

    def _meet_torch(self, needed: bool) -> None:
        """Ask torch for its facts and settle the device; Unfit if the stages cannot do so.

        A run that only builds asks nvidia-smi instead: importing torch takes seconds. In any other
        one the compilers are at work meanwhile.
        """
        if not needed:
            return
        how = f"install it there: {sys.executable} -m pip install torch"
        if importlib.util.find_spec("torch") is None:
            raise Unfit(f"torch is not installed for {sys.executable}; {how}")
        self._known.warm()
        if Stage.BUILD in self._scene.request.stages:
            self._scene.compiling = declaration.part(Stage.BUILD, "started").ahead(self._scene)
        try:
            self._scene.facts = self._known.facts()
        except (ImportError, Died, Silent) as exc:
            raise Unfit(f"torch of {sys.executable} cannot be imported: {exc}") from exc
        seen = self._scene.draft.result.machine
        if seen is not None:
            before = machine.gpu_state(self._scene.facts)
            self._scene.draft.note(
                machine=replace(machine.with_torch(seen, self._scene.facts), before=before)
            )
        self._scene.device = self._settle_device(self._scene.facts)
        request = self._scene.request
        for one in declaration.asked(request) if self._scene.device == "cpu" else ():
            if why := one.insists(request):
                raise Unfit(why)
        self._meet_cases()

    def _meet_cases(self) -> None:
        """Settle which cases are run, and tell what is known of them. BadOperator, OutOfTime: of a
        user's own, its file tells, for as long as it takes."""
        request = self._scene.request
        if request.operator_target:
            request = self._scene.request = own_operator.listed(self._scene, self._known.operator)
        if self._scene.device == "cpu" and request.device is Device.AUTO and request.cpu_cases:
            say("no CUDA GPU here: running the request's cases for the CPU instead")
            if cut := cuts.of_cases(request, self._scene.operator):
                self._scene.draft.add_cut(cut)
            self._scene.request = replace(request, cases=request.cpu_cases)
        if request.operator_target:
            cases = own_operator.described_cases(self._scene, self._known.operator)
            self._scene.draft.note(request=replace(self._scene.request, cases=request.cases))
        else:
            operator = registry.find(request.operator)
            cases = tuple(operator.facts_of(case) for case in self._scene.request.cases)
        self._meet_baseline(request.baseline)
        self._scene.draft.note(operator=self._scene.operator, cases=cases)

    def _meet_baseline(self, name: str) -> None:
        """Let verdicts compare with the provider of that name. BadOperator: it is not there."""
        operator, known = self._scene.operator, [p.name for p in self._scene.request.providers]
        if name and name not in known:
            problem = f"its baseline was to be {name!r}; this run has {', '.join(known)}"
            raise BadOperator(operator.name, problem)
        if name:
            self._scene.operator = operator.judged_by(name)

    def _settle_device(self, facts: TorchFacts) -> str:
        wanted = self._scene.request.device
        if wanted is Device.CUDA and facts.gpu is None:
            raise Unfit(
                f"a CUDA GPU was asked for, but torch {facts.version} sees none: {facts.no_gpu}; "
                "choose a host with one, or ask for device auto"
            )
        return "cuda" if facts.gpu is not None and wanted is not Device.CPU else "cpu"

    def _note_after(self) -> None:
        seen = self._scene.draft.result.machine
        if seen is not None and self._scene.facts is not None:
            after = self._scene.recent_state()
            self._scene.draft.note(machine=replace(seen, after=after))
