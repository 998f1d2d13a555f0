"""Where a job runs and who is told, for every part of its path; and patience with its link."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from orchestrator.errors import (
    HostKeyError,
    HostStopped,
    HostUnreachable,
    LinkLost,
    NobodyToAsk,
)
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.base import Transport
from orchestrator.values.host import Host
from orchestrator.values.job import JobSpec
from orchestrator.values.progress import Progress
from remote_payload.contract.request import Request

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
    return JobSpec(
        run_id=request.run_id,
        snapshot=request.snapshot,
        python=host.python,
        env=host.job_environment,
        time_limit_s=request.time_limit_s + RUNNER_MARGIN_S,
    )


class Patience:
    """With a link that drops. knows_us: the host has let us in, so that it is worth waiting for."""

    def __init__(self, errand: Errand, dropped: Callable[[], object]) -> None:
        """dropped: hears of each drop that is waited for."""
        self._errand, self._dropped = errand, dropped
        self.knows_us = False

    def done(self, act: Callable[[], T], heard: Callable[[], int] = lambda: 0) -> T:
        """Do `act`; after a dropped link reconnect and do it again. Every act is idempotent.

        heard grows with what has come from the host: while it does, patience starts anew.
        """
        errand, best = self._errand, heard()
        pauses = iter(errand.pauses_s)
        while True:
            try:
                done = act()
            except (HostKeyError, HostStopped, NobodyToAsk):
                raise
            except HostUnreachable as exc:
                # A host that was never reached is a plain error; one that was is waited for. One
                # that has let us in seems to refuse our key when the link drops during a login.
                self.knows_us = self.knows_us or isinstance(exc, LinkLost)
                if heard() > best:
                    best, pauses = heard(), iter(errand.pauses_s)
                pause = next(pauses, None)
                if not self.knows_us or pause is None:
                    raise
                self._dropped()
                errand.transport.close()
                errand.progress.say(f"{exc.message}; trying again in {pause:g} s")
                errand.sleep(pause)
            else:
                self.knows_us = True
                return done
