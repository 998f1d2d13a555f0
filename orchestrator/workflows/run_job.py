"""The one path of every job: submit, follow, bring home; attach enters it half-way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from orchestrator.errors import (
    AuthenticationError,
    Detached,
    HostKeyError,
    HostUnreachable,
    LinkLost,
    RunError,
)
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.model.host import Host
from orchestrator.model.job import Ending, Heartbeat, JobEnd, JobSpec
from orchestrator.model.progress import Progress
from orchestrator.model.run import Run, RunCard
from orchestrator.model.text import printable
from orchestrator.store.runs import LOG, RunStore
from orchestrator.transport.base import Transport
from remote_payload import codec
from remote_payload.contract import PROGRESS_MARK, Request
from remote_payload.contract import Progress as Step

T = TypeVar("T")

# How long to wait before each new try to reach a host whose link dropped.
RETRY_PAUSES_S = (0.5, 1, 2, 4, 8, 15, 30, 30, 30)
# The payload enforces the request's limit itself; the runner's comes a little later.
RUNNER_MARGIN_S = 30.0


@dataclass(frozen=True)
class Errand:
    """Where to run, where to keep, whom to tell. pauses_s: see RETRY_PAUSES_S."""

    transport: Transport
    runs: RunStore
    progress: Progress
    show_log: bool = False
    pauses_s: tuple[float, ...] = RETRY_PAUSES_S
    sleep: Callable[[float], None] = time.sleep

    @property
    def host(self) -> Host:
        return self.transport.host


def spec_of(host: Host, request: Request) -> JobSpec:
    """What the runner on `host` needs to know to run `request`."""
    env = dict(host.env)
    if host.gpu is not None:
        env.setdefault("CUDA_VISIBLE_DEVICES", str(host.gpu))
    return JobSpec(
        run_id=request.run_id,
        snapshot=request.snapshot,
        python=host.python,
        lock="cpu" if host.gpu is None else f"gpu-{host.gpu}",
        env=tuple(sorted(env.items())),
        time_limit_s=request.time_limit_s + RUNNER_MARGIN_S,
    )


def run_job(errand: Errand, card: RunCard, request: Request) -> Run:
    """Run `request` on the host to its end and return the stored run.

    The run directory exists before the job starts, so that whatever happens here in between,
    `attach` finds it.
    """
    card = errand.runs.create(card, request)
    folder = errand.runs.folder(card.run_id)
    request = errand.runs.request(folder)
    launcher = DetachedLauncher(errand.transport)
    text, spec = codec.dumps(request), spec_of(errand.host, request)
    _persistently(errand, lambda: launcher.submit(spec, text))
    return bring_home(errand, folder)


def bring_home(errand: Errand, folder: Path) -> Run:
    """Follow a submitted run to its end, across dropped links, and pull what it left.

    Detached: the person pressed Ctrl-C. LinkLost: the host stayed away. The job goes on in both.
    """
    later = f"orchestrator attach {folder.name}   (or: orchestrator cancel {folder.name})"
    try:
        end = _follow_and_pull(errand, folder)
    except KeyboardInterrupt:
        raise Detached(f"run {folder.name} goes on at {errand.host.where}", hint=later) from None
    except HostUnreachable as exc:
        raise type(exc)(f"{exc.message}; run {folder.name} may still go on", hint=later) from exc
    errand.runs.record_end(folder, end)
    run = errand.runs.load(folder)
    if run.result is None and end.why is Ending.EXIT:
        raise RunError(
            f"run {folder.name} ended with status {end.exit_status} and left no result:\n"
            + log_tail(folder),
            hint=f"The whole log is {folder / LOG}.",
        )
    return run


def _follow_and_pull(errand: Errand, folder: Path) -> JobEnd:
    run_id = folder.name
    launcher = DetachedLauncher(errand.transport)
    log = LogFile(folder / LOG, errand)

    def follow() -> JobEnd:
        return launcher.follow(run_id, log.offset, log.take, log.beat)

    end = _persistently(errand, follow)
    log.close()
    _persistently(errand, lambda: launcher.pull(run_id, folder, errand.progress))
    return end


def log_tail(folder: Path, lines: int = 30) -> str:
    """The last lines of a run's log as people should see them."""
    path = folder / LOG
    text = path.read_text("utf-8", "replace") if path.exists() else ""
    shown = [line for line in text.splitlines() if not line.startswith(PROGRESS_MARK)]
    return "\n".join(printable(line) for line in shown[-lines:]) or "(the log is empty)"


class LogFile:
    """The local copy of the job's log; its size is the offset to resume from."""

    def __init__(self, path: Path, errand: Errand) -> None:
        self._errand = errand
        self._sink = path.open("ab")
        self._line = b""
        self._waiting_for: str | None = None

    @property
    def offset(self) -> int:
        return self._sink.tell()

    def take(self, data: bytes) -> None:
        """Keep the bytes, and show the whole lines among them."""
        self._sink.write(data)
        self._sink.flush()
        *lines, self._line = (self._line + data).split(b"\n")
        # A line without end is kept for its end to come, but not for ever.
        self._line = self._line[-65536:]
        for line in lines:
            self._show(line.decode("utf-8", "replace"))

    def beat(self, beat: Heartbeat) -> None:
        """Say once whom a queued job waits for."""
        if beat.waiting_for and beat.waiting_for != self._waiting_for:
            self._errand.progress.say(
                f"waiting for {printable(beat.waiting_for)} to leave the device"
            )
        self._waiting_for = beat.waiting_for

    def close(self) -> None:
        self._sink.close()

    def _show(self, line: str) -> None:
        if line.startswith(PROGRESS_MARK):
            try:
                step = codec.decode(Step, json.loads(line[len(PROGRESS_MARK) :]))
            except ValueError:
                return
            self._errand.progress.step(
                step.stage.value, step.done, step.total, printable(step.label)
            )
        elif self._errand.show_log:
            self._errand.progress.say(printable(line))


def _persistently(errand: Errand, act: Callable[[], T]) -> T:
    """Do `act`; after a dropped link reconnect and do it again. Every act here is idempotent."""
    dropped = False
    for pause in errand.pauses_s:
        try:
            return act()
        except (HostKeyError, AuthenticationError):
            raise
        except HostUnreachable as exc:
            # A host that was never reached is a plain error; one that was is waited for.
            dropped = dropped or isinstance(exc, LinkLost)
            if not dropped:
                raise
            errand.transport.close()
            errand.progress.say(f"{exc.message}; trying again in {pause:g} s")
            errand.sleep(pause)
    return act()
