"""The result while it grows: on disk after every step, so that a killed run loses nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from remote_payload.contract import codec
from remote_payload.contract.machine import ProviderBuild
from remote_payload.contract.records import CheckRecord, Cut
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import Status
from remote_payload.processes.announce import note
from remote_payload.processes.places import hidden

UNFINISHED = "interrupted"


class Draft:
    """Holds the result; until `close`, what is on disk says FAILED, "interrupted".

    written: whether it is on disk at all, or `text` is asked for in the end."""

    def __init__(self, request: Request, path: Path, written: bool = True) -> None:
        self._path, self._written = path, written
        started = _now()
        self.result = Result(request, Status.FAILED, UNFINISHED, started, started)
        self._save()

    @property
    def folder(self) -> Path:
        """Where the result and the artifacts lie."""
        return self._path.absolute().parent

    def note(self, **facts: Any) -> None:
        """Set fields of the result and write it."""
        self.result = replace(self.result, **facts)
        self._save()

    def add_check(self, record: CheckRecord) -> None:
        self.note(checks=(*self.result.checks, record))

    def add_build(self, build: ProviderBuild) -> None:
        """Keep how a provider was compiled; once, though every process of it finds it again."""
        if build not in self.result.provider_builds:
            self.note(provider_builds=(*self.result.provider_builds, build))

    def add_stage(self, report: StageReport) -> None:
        self.note(stages=(*self.result.stages, report))

    def add_cut(self, cut: Cut) -> None:
        """Keep a cut and tell of it; once, though a stage may come to it again."""
        same = (cut.stage, cut.case, cut.why)
        before = [one for one in self.result.cuts if (one.stage, one.case, one.why) != same]
        if len(before) == len(self.result.cuts):
            note(cut.words)
        self.note(cuts=(*before, cut))

    def close(self, status: Status, reason: str, unfit: bool = False) -> None:
        """Write how the run ended."""
        self.note(status=status, reason=reason, unfit=unfit)

    def _save(self) -> None:
        self.result = replace(self.result, finished_at=_now())
        if self._written:
            codec.write_atomic(self._path, self.text)

    @property
    def text(self) -> str:
        """The result as JSON. What was asked stands as it is; what was found names no folder."""
        kept = {key: hidden(value) for key, value in codec.encode(self.result).items()}
        kept["request"] = codec.encode(self.result.request)
        return codec.dumps(kept)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
