"""RunPod's API v2: a pod by its id, today's way to it, and how to stop it.

The operations getPod and podAction of docs.runpod.io/api-reference-v2.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from orchestrator.cloud.api import Api, ApiKey, Reply
from orchestrator.cloud.pod import Endpoint, Pod, PodStatus, trust_alias
from orchestrator.cloud.refusal import refusal
from orchestrator.errors import HostStopped, HostUnreachable, UsageError
from orchestrator.values.host import Host

URL = "https://api.runpod.io/v2"
_OK = 200
_CONFLICT = 409


class RunPod:
    """A typed client. Every method: HostUnreachable, or AuthenticationError about the key."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def pod(self, pod_id: str) -> Pod:
        """Return the pod as it is now."""
        reply = self._api.call("GET", _path(pod_id))
        if reply.status != _OK:
            raise refusal(reply, f"pod {pod_id}", self._api.key)
        return _pod_in(reply)

    def stop(self, pod_id: str) -> Pod:
        """Release the pod's GPU and keep its disk; a pod that holds none is left as it is."""
        reply = self._api.call("POST", f"{_path(pod_id)}/action", {"action": "stop"})
        if reply.status == _CONFLICT:
            pod = self.pod(pod_id)
            if not pod.status.bills_for_gpu:
                return pod
        if reply.status != _OK:
            raise refusal(reply, f"pod {pod_id}", self._api.key)
        return _pod_in(reply)


def _pod_in(reply: Reply) -> Pod:
    from orchestrator.cloud.answer import read_pod  # loads pydantic, which most runs do not need

    return read_pod(reply.body)


def _path(pod_id: str) -> str:
    return f"/pods/{quote(pod_id, safe='')}"


def from_environment(environ: Mapping[str, str]) -> RunPod:
    """Return a client with the key of RUNPOD_API_KEY; UsageError if it is missing or unusable."""
    secret = environ.get("RUNPOD_API_KEY", "").strip()
    if not secret:
        raise UsageError(
            "a pod's address is looked up at RunPod, and RUNPOD_API_KEY is not set",
            hint="Make a key in RunPod's console (Settings > API Keys) and export it, or write "
            "the pod's `address:` and `port:` into the inventory, in place of `runpod:`.",
        )
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        raise UsageError(
            "RUNPOD_API_KEY holds something that no API key can: spaces or special characters",
            hint="Export the key alone, as RunPod's console shows it.",
        )
    return RunPod(Api(environ.get("RUNPOD_API_URL") or URL, ApiKey(secret)))


@dataclass(frozen=True)
class Waiting:
    """limit_s: how long a pod may take to come up. tell: hears each new state waited for."""

    limit_s: float = 0.0
    tell: Callable[[str], None] = lambda line: None
    pause_s: float = 2.0


def endpoint(host: Host, client: RunPod, waiting: Waiting | None = None) -> Host:
    """Return the host of a pod with today's address and port, and the alias of its host key.

    HostUnreachable: there is none, why, and what to do. HostStopped: it is off
    or gone.
    """
    assert host.pod is not None
    waiting = waiting or Waiting()
    deadline = time.monotonic() + waiting.limit_s
    told = ""
    while True:
        pod = client.pod(host.pod)
        if pod.status is PodStatus.RUNNING and pod.ssh is not None:
            return _at(host, pod, pod.ssh)
        if not _comes_up(pod) or time.monotonic() >= deadline:
            raise _not_there(host, pod)
        line = f"{host.where} is {pod.status.value}; waiting for its SSH port"
        if line != told:
            waiting.tell(f"{line}, at most {waiting.limit_s:.0f} s")
        told = line
        time.sleep(waiting.pause_s)


def _at(host: Host, pod: Pod, ssh: Endpoint) -> Host:
    return replace(
        host,
        address=ssh.address,
        port=ssh.port,
        user=host.user or ssh.user,
        trusted_as=trust_alias(pod),
    )


def _comes_up(pod: Pod) -> bool:
    """A RUNNING pod gets its public port a little later."""
    return pod.status.passes or (pod.status is PodStatus.RUNNING and pod.exposes_ssh)


def _not_there(host: Host, pod: Pod) -> HostUnreachable:
    what, hint = _STATES[pod.status]
    if pod.status is PodStatus.RUNNING and not pod.exposes_ssh:
        what = "runs but does not expose port 22"
        hint = (
            "Edit the pod in RunPod's console and add 22 to its TCP ports; that restarts it, and "
            "only /workspace survives. Its image must start an SSH server."
        )
    on = pod.status.passes or pod.status is PodStatus.RUNNING
    kind = HostUnreachable if on else HostStopped
    return kind(f"{host.where} {what}", hint=hint)


_STATES = {
    PodStatus.PROVISIONING: (
        "is still being allocated (PROVISIONING)",
        "Run the same command again in a minute. It is billed already.",
    ),
    PodStatus.STARTING: (
        "is still starting (STARTING)",
        "Run the same command again in a minute; a large image takes longer.",
    ),
    PodStatus.RUNNING: (
        "runs but has no public SSH port",
        "Run the same command again in a minute. On Community Cloud a pod needs a public IP, "
        "chosen when it is created; the proxy ssh.runpod.io cannot carry files.",
    ),
    PodStatus.EXITED: (
        "is stopped (EXITED)",
        "Start it in RunPod's console (Pods > Start) and run the same command again. /workspace "
        "is kept, so results stay on its disk; its address, port and host key will be new.",
    ),
    PodStatus.ERROR: (
        "is broken: its container ended in ERROR",
        "Read its container log in RunPod's console, then start it anew or terminate it: "
        "it may go on billing.",
    ),
    PodStatus.TERMINATED: (
        "was terminated and is gone",
        "Its disk went with it, but for a network volume. Rent another pod and write its id into "
        "the inventory.",
    ),
}
