"""A process on the pod that stops the pod, whatever becomes of this machine and the link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestrator.errors import HostUnfit
from orchestrator.transport import agent
from orchestrator.transport.base import Transport
from orchestrator.values.command import Command
from orchestrator.values.host import Host

AGENT = "watchdog"
# Where RunPod's images keep what their start script exports: sourced by interactive shells only.
EXPORTS = "/etc/rp_environment"
_ANSWER_S = 30.0


def watchdog_agent(host: Host, nonce: str = "<nonce>") -> Command:
    """The command that starts the far end on `host`."""
    return agent.command(host, AGENT, nonce, host.workspace)


@dataclass(frozen=True)
class Watchdog:
    """One watchdog by its name; every call is one short conversation with the pod.

    Every method raises HostUnreachable where the pod does not answer.
    """

    transport: Transport
    name: str
    exports: str = EXPORTS

    def arm(self, seconds: float) -> tuple[str, ...]:
        """Start the countdown; return the ways by which the pod can stop itself.

        HostUnfit: there are none, or the pod could not start it.
        """
        host = self.transport.host
        answer = self._ask(
            do="arm",
            pod=host.pod,
            seconds=seconds,
            env=dict(host.env),
            exports=self.exports,
        )
        if answer.get("error") == "no-way":
            raise HostUnfit(
                f"{host.where} cannot stop itself: it has neither RUNPOD_API_KEY nor runpodctl",
                hint="RunPod's own images have both. Set the key in the host's `env:`, or run "
                "without --max-minutes and --stop-after, and stop the pod yourself.",
            )
        if "error" in answer:
            raise HostUnfit(
                f"{host.where} could not start its watchdog ({answer['error']})",
                hint="Is the workspace writable? `orchestrator doctor` knows.",
            )
        ways = tuple(answer.get("ways", ()))
        if not ways:
            raise HostUnfit(f"{host.where} does not say by which way it would stop itself")
        return ways

    def renew(self, seconds: float) -> bool:
        """Start the countdown anew; False if the watchdog is gone."""
        return bool(self._ask(do="renew", seconds=seconds).get("ok"))

    def cancel(self) -> None:
        """Call it off; nothing happens if there is none."""
        self._ask(do="cancel")

    def _ask(self, **question: object) -> Any:
        host = self.transport.host
        with agent.open_agent(self.transport, AGENT, host.workspace) as session:
            session.send_json({"name": self.name, **question})
            answer = session.receive_json(_ANSWER_S)
        if not _is_answer(answer):
            raise HostUnfit(
                f"{host.where} answered in a form that no agent of ours uses",
                hint="Something else answers in its place; see what `python:` of this host starts.",
            )
        return answer


def _is_answer(answer: Any) -> bool:
    ways = answer.get("ways", []) if isinstance(answer, dict) else None
    if not isinstance(ways, list) or not isinstance(answer.get("error", ""), str):
        return False
    return all(isinstance(way, str) for way in ways)
