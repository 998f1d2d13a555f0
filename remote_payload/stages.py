"""The stages of a run in their order, each the gate of the ones after it."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional, Sequence, Tuple, Union

from remote_payload import bench, check, emulation, machine, ncu, torch_facts
from remote_payload.announce import say, step
from remote_payload.catalog import OURS
from remote_payload.contract import (
    BenchRecord,
    CheckRecord,
    Device,
    GpuState,
    NcuRecord,
    NcuReport,
    Request,
    Stage,
    StageReport,
    Status,
)
from remote_payload.draft import UNFINISHED, Draft
from remote_payload.isolate import Deadline, Died, OutOfTime, Silent, preload_torch
from remote_payload.setting import LIBRARY_VARIABLE, Setting
from remote_payload.torch_facts import TorchFacts

ORDER = (Stage.BUILD, Stage.CHECK, Stage.BENCH, Stage.NCU)
_NEED_TORCH = (Stage.CHECK, Stage.BENCH, Stage.NCU)


class Unfit(Exception):
    """The host lacks what the run needs; the text says what, and what to do."""


class Interrupted(BaseException):
    """Somebody asked the payload to stop; the text names the signal."""


@dataclass(frozen=True)
class Outcome:
    """How a stage ended. unfit: it failed by the host's lack, not by a gate.

    ends_run: whether anything but OK and SKIPPED is the end of the run; not for what a run can
    do without.
    """

    status: Status
    reason: str = ""
    unfit: bool = False
    ends_run: bool = True


class Run:
    """One request carried out; whatever happens is in the draft."""

    def __init__(self, request: Request, draft: Draft, sources: Path, builds: Path) -> None:
        self._request, self._draft = request, draft
        self._sources, self._builds = sources, builds
        self._deadline = Deadline(request.time_limit_s)
        self._facts: Optional[TorchFacts] = None
        self._device = "cpu"
        self._emulated: Optional[str] = None
        self._no_emulation = "the build stage was not asked for"

    def carry_out(self) -> None:
        """Run the stages asked for and close the draft. Raises only Interrupted and our bugs."""
        self._draft.note(machine=machine.look())
        asked = [stage for stage in ORDER if stage in self._request.stages]
        try:
            self._meet_torch(needed=any(stage in _NEED_TORCH for stage in asked))
        except Unfit as exc:
            say(f"unfit: {exc}")
            for stage in asked:
                self._draft.add_stage(StageReport(stage, Status.SKIPPED, "the host is unfit"))
            self._draft.close(Status.FAILED, str(exc), unfit=True)
            return
        ended: Optional[Outcome] = None
        for stage in asked:
            ended = self._stage(stage, ended)
        self._note_after()
        final = ended or Outcome(Status.OK)
        self._draft.close(final.status, final.reason, final.unfit)

    def _stage(self, stage: Stage, ended: Optional[Outcome]) -> Optional[Outcome]:
        """Run one stage unless an earlier one ended the run; how the run ended, if it did."""
        if ended is not None:
            self._draft.add_stage(StageReport(stage, Status.SKIPPED, ended.reason))
            return ended
        act = {
            Stage.BUILD: self._build,
            Stage.CHECK: self._check,
            Stage.BENCH: self._bench,
            Stage.NCU: self._ncu,
        }
        began = time.monotonic()
        outcome = Outcome(Status.FAILED, "our own error; the log has the traceback")
        try:
            outcome = act[stage]()
        except OutOfTime as exc:
            outcome = Outcome(Status.TIMEOUT, str(exc))
        except Interrupted as exc:
            outcome = Outcome(Status.CANCELLED, str(exc))
            raise
        finally:
            seconds = round(time.monotonic() - began, 3)
            say(f"{stage.value}: {outcome.status.value} {outcome.reason}".rstrip())
            self._draft.add_stage(StageReport(stage, outcome.status, outcome.reason, seconds))
        if outcome.status in (Status.OK, Status.SKIPPED) or not outcome.ends_run:
            return None
        return Outcome(outcome.status, f"{stage.value}: {outcome.reason}", outcome.unfit)

    def _meet_torch(self, needed: bool) -> None:
        """Ask torch for its facts and settle the device; Unfit if the stages cannot do so.

        A run that only builds asks nvidia-smi instead: importing torch takes seconds.
        """
        if not needed:
            return
        how = f"install it there: {sys.executable} -m pip install torch"
        if importlib.util.find_spec("torch") is None:
            raise Unfit(f"torch is not installed for {sys.executable}; {how}")
        preload_torch()
        try:
            self._facts = torch_facts.ask()
        except (ImportError, Died, Silent) as exc:
            raise Unfit(f"torch of {sys.executable} cannot be imported: {exc}") from exc
        seen = self._draft.result.machine
        if seen is not None:
            before = machine.gpu_state(self._facts)
            self._draft.note(machine=replace(machine.with_torch(seen, self._facts), before=before))
        self._device = self._settle_device(self._facts)
        request = self._request
        if Stage.NCU in request.stages and request.ncu.required:
            try:
                ncu.require_device(request.ncu, self._device)
            except ncu.Unavailable as exc:
                raise Unfit(str(exc)) from exc
        if self._device == "cpu" and request.device is Device.AUTO and request.cpu_shapes:
            say("no CUDA GPU here: running the request's shapes for the CPU instead")
            self._request = replace(request, shapes=request.cpu_shapes)

    def _settle_device(self, facts: TorchFacts) -> str:
        wanted = self._request.device
        if wanted is Device.CUDA and facts.gpu is None:
            raise Unfit(
                f"a CUDA GPU was asked for, but torch {facts.version} sees none: {facts.no_gpu}; "
                "choose a host with one, or ask for device auto"
            )
        return "cuda" if facts.gpu is not None and wanted is not Device.CPU else "cpu"

    def _build(self) -> Outcome:
        from remote_payload import build

        def progress(done: int, total: int, label: str) -> None:
            step(Stage.BUILD, done, total, label)

        capability = self._capability()
        report = build.build(
            self._request.build,
            sources=self._sources,
            builds=self._builds,
            device_arch=build.arch_of(capability) if capability else None,
            progress=progress,
        )
        self._draft.note(build=report)
        if self._device == "cpu" and any(p.name == OURS for p in self._request.providers):
            step(Stage.BUILD, len(report.compilations), len(report.compilations), "emulated kernel")
            try:
                self._emulated = emulation.library(self._sources, self._builds)
            except emulation.CompileError as exc:
                self._no_emulation = str(exc)
        return Outcome(report.status, report.reason)

    def _capability(self) -> Optional[Tuple[int, int]]:
        """Compute capability of the GPU by torch, else by nvidia-smi; None without a GPU."""
        if self._facts is not None and self._facts.capability is not None:
            return self._facts.capability
        seen = self._draft.result.machine
        text = seen.compute_capability if seen is not None else None
        major, _, minor = (text or "").partition(".")
        return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None

    def _check(self) -> Outcome:
        refused = check.run(self._request, self._setting(), self._deadline, self._draft.add_check)
        records = self._draft.result.checks
        wrong = [r for r in records if r.status in check.BAD and r not in refused]
        if wrong:
            return Outcome(Status.FAILED, _tell(wrong))
        if refused:
            return Outcome(Status.FAILED, _tell(refused), unfit=True)
        if not any(record.status is Status.OK for record in records):
            return Outcome(
                Status.FAILED, "no provider could run here, so nothing was checked", True
            )
        return Outcome(Status.OK)

    def _bench(self) -> Outcome:
        checks = self._draft.result.checks
        if not any(record.status is Status.OK for record in checks):
            return Outcome(Status.FAILED, "no timing before a passed check; ask for check as well")
        required = {provider.name for provider in self._request.providers if provider.required}
        emulated = [record for record in checks if record.emulated]
        if any(record.provider in required for record in emulated):
            return Outcome(
                Status.FAILED,
                f"{emulated[0].provider} is emulated here, and an emulated kernel is never timed; "
                "choose a host with a GPU",
                unfit=True,
            )
        facts = self._facts

        def gpu(ours: Optional[int]) -> Optional[GpuState]:
            return machine.gpu_state(facts, ours) if facts and self._device == "cuda" else None

        race = bench.Bench(self._request, self._setting(), self._deadline, gpu)

        def keep(status: Status = Status.FAILED, why: str = UNFINISHED) -> None:
            self._draft.note(bench=race.records(status, why))

        try:
            race.run(self._draft.result.checks, keep)
        except OutOfTime as exc:
            keep(Status.TIMEOUT, str(exc))
            raise
        except BaseException as exc:
            keep(Status.CANCELLED, str(exc) or type(exc).__name__)
            raise
        bad = [record for record in self._draft.result.bench if record.status in check.BAD]
        return Outcome(Status.FAILED, _tell(bad)) if bad else Outcome(Status.OK)

    def _ncu(self) -> Outcome:
        """Counters; a run that only would have liked them goes on without."""
        required = self._request.ncu.required
        try:
            outcome = self._profile_calls()
        except ncu.Unavailable as exc:
            return Outcome(Status.FAILED if required else Status.SKIPPED, str(exc), unfit=True)
        except OutOfTime as exc:
            outcome = Outcome(Status.TIMEOUT, str(exc))
        return replace(outcome, ends_run=required)

    def _profile_calls(self) -> Outcome:
        checks = self._draft.result.checks
        if not any(record.status is Status.OK for record in checks):
            return Outcome(Status.FAILED, "no profiling before a passed check; ask for check too")

        def keep(report: NcuReport) -> None:
            self._draft.note(ncu=report)

        capability = self._capability()
        place = ncu.Place(
            self._draft.folder, "{}.{}".format(*capability) if capability is not None else ""
        )
        records = ncu.run(self._request, self._setting(), self._deadline, place, checks, keep)
        bad = [record for record in records if record.status is not Status.OK]
        if bad:
            return Outcome(Status.FAILED, _tell(bad), unfit=all(map(_of_the_host, bad)))
        return Outcome(Status.OK) if records else Outcome(Status.FAILED, "nothing to profile")

    def _setting(self) -> Setting:
        library, why = os.environ.get(LIBRARY_VARIABLE), "the build stage was not asked for"
        built = self._draft.result.build
        if self._device == "cpu":
            library, why = self._emulated, self._no_emulation
        elif built is not None:
            library, why = built.library, built.reason
        return Setting(self._device, str(self._sources), self._request.seed, library, why)

    def _note_after(self) -> None:
        seen = self._draft.result.machine
        if seen is not None and self._facts is not None:
            self._draft.note(machine=replace(seen, after=machine.gpu_state(self._facts)))


def _of_the_host(record: NcuRecord) -> bool:
    return record.status is Status.SKIPPED or ncu.says_of_the_host(record)


def _tell(records: Sequence[Union[CheckRecord, BenchRecord, NcuRecord]]) -> str:
    """The first of some bad records in a sentence, and how many more there are."""
    first = records[0]
    more = f" (and {len(records) - 1} more)" if len(records) > 1 else ""
    return f"{first.provider} on {first.shape.label}: {first.reason}{more}"
