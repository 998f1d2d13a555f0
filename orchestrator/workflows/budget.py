"""Money: what a command on a pod costs, and that the pod is stopped, also without us."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.cloud.pod import Pod
from orchestrator.cloud.runpod import RunPod
from orchestrator.cloud.watchdog import EXPORTS, Watchdog
from orchestrator.errors import (
    AuthenticationError,
    Detached,
    HostKeyError,
    HostUnfit,
    HostUnreachable,
    OrchestratorError,
    UsageError,
)
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.model.host import Host
from orchestrator.model.price import Price
from orchestrator.transport.base import Transport
from remote_payload import codec
from remote_payload.contract import Request

PRICE = "price.json"
# Kept back of --max-minutes for bringing the results home before the pod goes.
HOMEWARD_S = 60.0
# For deploying and for a queue, on top of the run's own limit, where only --stop-after is given.
AROUND_THE_RUN_S = 900.0
_STOPPED_WITHIN_S = 30.0
_PAUSE_S = 1.0


@dataclass(frozen=True)
class Budget:
    """stop_after: stop the pod when the run is over. max_s: stop it then, whatever goes on."""

    stop_after: bool = False
    max_s: float | None = None

    @property
    def guards(self) -> bool:
        return self.stop_after or self.max_s is not None

    def check(self, host: Host) -> None:
        """UsageError: the host is not a pod, so nothing of this can be done."""
        if self.guards and host.pod is None:
            raise UsageError(
                f"--stop-after and --max-minutes are for pods, and {host.where} is none",
                hint="A pod has `runpod:` in the inventory. The run's own limit is --time-limit.",
            )

    def limited(self, request: Request) -> Request:
        """The request with a time limit that leaves room to bring its results home."""
        if self.max_s is None:
            return request
        limit_s = max(self.max_s - HOMEWARD_S, self.max_s / 2)
        return replace(request, time_limit_s=min(request.time_limit_s, limit_s))

    def pod_limit_s(self, request: Request) -> float:
        """When the pod stops itself, counted from the beginning of the command."""
        return self.max_s or request.time_limit_s + AROUND_THE_RUN_S


@dataclass
class Purse:
    """One command on a pod. tell: hears what happens to the pod; confirm: asks the person."""

    budget: Budget
    transport: Transport
    client: RunPod
    tell: Callable[[str], None]
    confirm: Callable[[str], bool]
    exports: str = EXPORTS
    began_s: float = field(default_factory=time.monotonic)
    price: Price | None = None
    _pod: Pod | None = None
    _watchdog: Watchdog | None = None
    _deadline_s: float = 0.0

    @contextmanager
    def open(self, request: Request) -> Iterator[None]:
        """Guard the block: arm the pod's watchdog before it, stop or release the pod after it.

        HostUnfit: the pod cannot stop itself. HostUnreachable: it could not be stopped in the end.
        """
        self._ask_price()
        if self.budget.guards:
            self._arm(request)
        try:
            yield
        except Detached:
            self._leave()
            raise
        except BaseException as error:
            self._give_up(error)
            raise
        else:
            self._settle()
        finally:
            self._count()

    def record(self, folder: Path) -> None:
        """Keep the price beside the run, where it is known."""
        if self.price is not None:
            codec.write_atomic(folder / PRICE, codec.dumps(self.price))

    def _ask_price(self) -> None:
        try:
            self._pod = self.client.pod(self._pod_id)
        except HostUnreachable as problem:
            self.tell(f"the price is not known: {problem.message}")

    def _arm(self, request: Request) -> None:
        seconds = self.budget.pod_limit_s(request)
        watchdog = Watchdog(self.transport, secrets.token_hex(8), self.exports)
        try:
            ways = watchdog.arm(seconds - self._elapsed_s)
        except (HostKeyError, AuthenticationError):
            raise
        except HostUnreachable as problem:
            # Nobody may be there to read this, and a pod that cannot be reached bills as well.
            self._give_up(problem)
            raise
        except HostUnfit as problem:
            # --stop-after is our own doing; only a limit has to hold without us.
            if self.budget.max_s is not None:
                raise
            self.tell(f"{problem.message}; should this machine go away, stop the pod yourself")
            return
        self._watchdog, self._deadline_s = watchdog, self.began_s + seconds
        self.tell(f"the pod stops itself in {seconds / 60:.0f} min at the latest ({ways[0]})")

    def _settle(self) -> None:
        """The run is over: stop the pod, or let it go on without a watchdog."""
        if not self.budget.stop_after:
            self._release()
        elif self._may_stop():
            self._stop()

    def _give_up(self, error: BaseException) -> None:
        """The command failed: what is to be done is done as far as it can, the error goes on."""
        if isinstance(error, HostUnreachable) and self._watchdog:
            self.tell(f"what goes on there is not known, so the pod is left alone; {self._later}")
            return
        try:
            self._settle()
        except OrchestratorError as problem:
            self.tell(f"{problem.message}. {problem.hint}")

    def _leave(self) -> None:
        """The person left and the job goes on: the pod is stopped only if they say so."""
        if self.budget.stop_after and self.confirm(
            "The run goes on. Stop the pod now? That ends the run; what it wrote stays on the disk."
        ):
            self._stop()
        elif self.budget.guards:
            self.tell(self._later)

    def _may_stop(self) -> bool:
        """Whether nothing goes on there, as the pod itself says. One that cannot be asked is left
        to its watchdog; without one, nobody else would ever stop it."""
        try:
            busy = [run for run, end in DetachedLauncher(self.transport).list_jobs() if end is None]
        except OrchestratorError as problem:
            if self._watchdog is None:
                return True
            self.tell(f"not stopped, as it cannot be asked: {problem.message}; {self._later}")
            return False
        if busy:
            self.tell(f"not stopped, as run {busy[0]} still goes on there; {self._later}")
        return not busy

    def _stop(self) -> None:
        pod = self.client.stop(self._pod_id)
        deadline = time.monotonic() + _STOPPED_WITHIN_S
        while pod.status.bills_for_gpu and time.monotonic() < deadline:
            time.sleep(_PAUSE_S)
            pod = self.client.pod(self._pod_id)
        if pod.status.bills_for_gpu:
            raise HostUnreachable(
                f"pod {self._pod_id} was told to stop and is still {pod.status.value}",
                hint="Stop it in RunPod's console: it goes on billing.",
            )
        self.tell(f"pod {self._pod_id} is stopped ({pod.status.value}); its disk is kept")

    def _release(self) -> None:
        if self._watchdog is None:
            return
        try:
            self._watchdog.cancel()
        except OrchestratorError as problem:
            self.tell(f"the pod's watchdog could not be called off: {problem.message}")
            self.tell(self._later)

    def _count(self) -> None:
        if self._pod is None:
            return
        pod = self._pod
        self.price = Price(pod.cost_usd_per_hour, self._elapsed_s, pod.gpu, pod.gpu_count)
        self.tell(f"cost: {self.price.words}")

    @property
    def _pod_id(self) -> str:
        assert self.transport.host.pod is not None
        return self.transport.host.pod

    @property
    def _elapsed_s(self) -> float:
        return time.monotonic() - self.began_s

    @property
    def _later(self) -> str:
        if self._watchdog is None:
            return "nothing stops the pod by itself"
        left_s = max(0.0, self._deadline_s - time.monotonic())
        return f"the pod stops itself in {left_s / 60:.0f} min at the latest"
