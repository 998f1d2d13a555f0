"""Which launcher starts the jobs of a host: the one place that knows what launchers there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.launch import detached
from orchestrator.launch.base import Launcher
from orchestrator.transport.base import Transport
from orchestrator.values.claim import Claim
from orchestrator.values.command import Command
from orchestrator.values.host import Host, LauncherKind


@dataclass(frozen=True)
class Way:
    """One way to start jobs.

    make: the launcher over a transport; with a claim, a job of its name that is another's is
    RunTaken to every call, since two laptops may name a run alike. command: what it starts on a
    host, for a dry run.
    """

    make: Callable[[Transport, Claim | None], Launcher]
    command: Callable[[Host], Command]


# A launcher is added by a line here, and by its name in LauncherKind.
WAYS: dict[LauncherKind, Way] = {
    LauncherKind.DETACHED: Way(detached.DetachedLauncher, detached.job_agent),
}


def launcher(transport: Transport, claim: Claim | None = None) -> Launcher:
    """The launcher of the transport's host. claim: as in `Way`; without one, any job of a name
    will do: whoever reads a host's runs, or names one with its host, means the job there."""
    return WAYS[transport.host.launcher].make(transport, claim)


def command(host: Host) -> Command:
    """What `launcher` starts on `host`."""
    return WAYS[host.launcher].command(host)
