"""The ncu stage: one profiled call for each provider and case that passed the check.

Every attempt leaves a record, whatever becomes of it. Whether the counters in its files can be
used is decided by whoever reads them.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from remote_payload.contract import codec
from remote_payload.contract.layout import ARTIFACTS
from remote_payload.contract.plans import NcuPlan
from remote_payload.contract.records import CheckRecord, NcuRecord, NcuReport
from remote_payload.contract.request import Request
from remote_payload.contract.tools import ncu_command
from remote_payload.contract.tools.ncu_command import SUFFIX, Ncu, NothingToCollect, ProfiledCall
from remote_payload.contract.words import Stage, Status
from remote_payload.machine import installed
from remote_payload.operators.setting import Setting
from remote_payload.processes import bounded
from remote_payload.processes.announce import say, step
from remote_payload.processes.isolate import Deadline
from remote_payload.stages.ncu.declared import NEEDS_GPU
from remote_payload.stages.ncu.ncu_case import Call

FOLDER = "ncu"
ANSWER_LIMIT_S, PRINT_LIMIT_S = 60.0, 120.0
SAID_LINES, END_CHARACTERS = 60, 4000
# Newest first; a pod's own choice on its PATH goes before them.
PLACES = (
    "/usr/local/cuda/bin/ncu",
    "/usr/local/cuda-*/bin/ncu",
    "/opt/nvidia/nsight-compute/*/ncu",
)
_SAID = re.compile(r"^==(?:WARNING|ERROR)== ?.*$", re.MULTILINE)
_ERROR = "==ERROR=="
# In the raw page: a header that starts with the column ID, then one row for each kernel.
_HEADER = re.compile(r'"ID",.*"Kernel Name"')
_ROW = re.compile(r'^"\d+",', re.MULTILINE)
# What one call says about the host and not about the call: the next one would hear the same.
_OF_THE_HOST = (
    "ERR_NVGPUCTRPERM",
    "driver is not compatible with Nsight Compute",
    "Failed to load Nsight Compute CUDA",
)

Keep = Callable[[NcuReport], None]


class Unavailable(Exception):
    """No counters can be had here; the text says why, and what to do."""


@dataclass(frozen=True)
class Place:
    """Where the stage works. job: the folder of the result, which artifacts/ lies in.

    capability: compute capability like "9.0", empty without a GPU.
    """

    job: Path
    capability: str


def find(path: Optional[str] = None, places: Sequence[str] = PLACES) -> str:
    """The host's ncu: of PATH, else of the usual places, newest first. Raises Unavailable."""
    found = installed.program("ncu", path, places)
    if found is not None:
        return found
    raise Unavailable(
        "ncu (Nsight Compute) is neither on the PATH nor in /usr/local/cuda*/bin; install the "
        "package nsight-compute, or set PATH in the host's env"
    )


def require_device(plan: NcuPlan, device: str) -> None:
    """Raise Unavailable where there is nothing that counts."""
    if device != "cuda" and not plan.any_device:
        raise Unavailable(NEEDS_GPU)


def run(
    request: Request,
    setting: Setting,
    deadline: Deadline,
    place: Place,
    checks: Sequence[CheckRecord],
    keep: Keep,
) -> Tuple[NcuRecord, ...]:
    """Profile all chosen cases, handing the report so far to `keep` after each.

    Raises Unavailable before anything was tried, OutOfTime between two cases.
    """
    require_device(request.ncu, setting.device)
    program = find()
    place.job.joinpath(ARTIFACTS, FOLDER).mkdir(parents=True, exist_ok=True)
    # Beside the result and not in /tmp, where another user's lock file may lie.
    folder = tempfile.mkdtemp(prefix="ncu-", dir=place.job)
    try:
        ncu, version = meet(program, Path(folder))
        report = NcuReport(version)
        keep(report)
        cases = _chosen(request, checks)
        profiler = _Profiler(request, setting, deadline, place, ncu, Path(folder))
        for number, case in enumerate(cases):
            deadline.require()
            label = f"{case.provider} {case.case.label}"
            step(Stage.NCU, number, len(cases), label)
            record = profiler.profile(case)
            say(f"ncu {label}: {record.status.value} {record.reason}".rstrip())
            report = replace(report, records=(*report.records, record))
            keep(report)
        step(Stage.NCU, len(cases), len(cases), "profiled")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return report.records


def says_of_the_host(record: NcuRecord) -> bool:
    """Whether what went wrong lies in the host and not in this call."""
    return any(sign in line for line in record.said for sign in _OF_THE_HOST)


def meet(program: str, folder: Path) -> Tuple[Ncu, str]:
    """Ask an ncu what it is; also what it printed for its version. Raises Unavailable."""
    answers: List[str] = []
    for argv in ncu_command.questions(program):
        output = folder / "answer.txt"
        ended = bounded.run(argv, output, ANSWER_LIMIT_S)
        answers.append(_text(output))
        if ended.exit_code != 0:
            how = ended.why or f"ended with status {ended.exit_code}"
            raise Unavailable(f"{' '.join(argv)} {how}: {_said(answers[-1])}")
    version, usage, sections = answers
    return ncu_command.describe(program, usage, sections), version.strip()[-END_CHARACTERS:]


def _chosen(request: Request, checks: Sequence[CheckRecord]) -> List[CheckRecord]:
    plan = request.ncu
    return [
        check
        for check in checks
        if check.status is Status.OK
        and not check.emulated
        and (not plan.providers or check.provider in plan.providers)
        and (not plan.cases or check.case in plan.cases)
    ]


class _Profiler:
    """Profiles case by case, until one says that the host allows none."""

    def __init__(
        self,
        request: Request,
        setting: Setting,
        deadline: Deadline,
        place: Place,
        ncu: Ncu,
        folder: Path,
    ) -> None:
        self._request, self._setting, self._deadline = request, setting, deadline
        self._place, self._ncu, self._folder = place, ncu, folder
        self._providers = {provider.name: provider for provider in request.providers}
        self._hopeless = ""

    def profile(self, check: CheckRecord) -> NcuRecord:
        """The record of one case, whatever happens to its processes."""
        record = NcuRecord(check.provider, check.case, Status.FAILED)
        if self._hopeless:
            return replace(record, status=Status.SKIPPED, reason=self._hopeless)
        name = ncu_command.range_name(check.provider, check.case)
        home = self._place.job / ARTIFACTS / FOLDER
        files = {what: home / f"{name}{what}" for what in (SUFFIX, ".csv", ".txt")}
        order = Call(self._providers[check.provider], check.case, self._setting, name)
        case_file = self._folder / f"{name}.json"
        codec.write_atomic(case_file, codec.dumps(order))
        module = ("-m", "remote_payload.stages.ncu.profiled_call", str(case_file))
        call = ProfiledCall(
            nvtx_range=name,
            report=str(files[SUFFIX]),
            tmp_dir=str(self._folder),
            capability=self._place.capability,
            application=(sys.executable, *module),
        )
        try:
            argv = ncu_command.collect(self._ncu, self._request.ncu, call)
        except (NothingToCollect, ValueError) as exc:
            return replace(record, reason=str(exc))
        record = self._attempt(replace(record, command=argv), files)
        if says_of_the_host(record):
            refused = f"{record.provider} on {record.case.label}"
            self._hopeless = f"not tried, as the host had refused {refused}"
        return record

    def _attempt(self, record: NcuRecord, files: Dict[str, Path]) -> NcuRecord:
        limit_s = self._deadline.allow(self._request.ncu.case_limit_s)
        ended = bounded.run(record.command, files[".txt"], limit_s, cwd=self._setting.root)
        text = _text(files[".txt"])
        said = tuple(_SAID.findall(text))[:SAID_LINES]
        record = replace(
            record, exit_code=ended.exit_code, said=said, output_end=text[-END_CHARACTERS:]
        )
        reason = _complaint(ended, said, text) or self._print(files)
        status = Status.FAILED if reason else Status.OK
        if ended.timed_out and not says_of_the_host(record):
            status, reason = Status.TIMEOUT, ended.why
        kept = [path for path in files.values() if path.is_file() and path.stat().st_size]
        names = tuple(path.relative_to(self._place.job).as_posix() for path in kept)
        return replace(record, status=status, reason=reason, artifacts=names)

    def _print(self, files: Dict[str, Path]) -> str:
        """Turn the report into CSV; why that gave no kernel, empty if it did."""
        if not files[SUFFIX].is_file() or not files[SUFFIX].stat().st_size:
            said = _SAID.findall(_text(files[".txt"]))
            return f"ncu left no report{': ' + ' / '.join(said) if said else ''}"
        argv = ncu_command.raw_page(self._ncu, str(files[SUFFIX]), str(self._folder))
        ended = bounded.run(argv, files[".csv"], self._deadline.allow(PRINT_LIMIT_S))
        text = _text(files[".csv"])
        if ended.exit_code != 0:
            how = ended.why or f"ended with status {ended.exit_code}"
            return f"printing the report {how}: {_said(text)}"
        header = _HEADER.search(text)
        if header is None or not _ROW.search(text, header.end()):
            return "the report holds no kernel"
        return ""


def _complaint(ended: bounded.Ended, said: Sequence[str], text: str) -> str:
    """What ncu found wrong in its own words, else how it ended; empty if all seems well."""
    errors = [line for line in said if line.startswith(_ERROR)]
    if errors:
        return errors[0]
    if ended.exit_code != 0:
        return ended.why or f"ncu ended with status {ended.exit_code}: {_said(text)}"
    return ""


def _text(path: Path) -> str:
    text = path.read_text("utf-8", "replace") if path.exists() else ""
    return text.replace("\r", "")


def _said(text: str) -> str:
    return ncu_command.complaint(text) or "it printed nothing"
