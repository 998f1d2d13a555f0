"""Money: what a command on a pod costs, and that the pod is stopped, also without us."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from orchestrator.cloud.pod import Pod
from orchestrator.cloud.runpod import RunPod
from orchestrator.cloud.watchdog import EXPORTS, Watchdog
from orchestrator.errors import (
    AuthenticationError,
    Detached,
    EndedBySignal,
    HostKeyError,
    HostStopped,
    HostUnfit,
    HostUnreachable,
    OrchestratorError,
    RunError,
    UsageError,
)
from orchestrator.launch.base import DAMAGED, ListedJob
from orchestrator.launch.choose import launcher
from orchestrator.store.runs.run_store import END, RunStore
from orchestrator.transport.base import Transport
from orchestrator.values.host import Host
from orchestrator.values.price import Charge, Price
from remote_payload.contract.request import Request

# Kept back of --max-minutes for bringing the results home before the pod goes.
HOMEWARD_S = 60.0
# For deploying and for a queue, on top of the run's own limit, where only --stop-after is given.
AROUND_THE_RUN_S = 900.0
_STOPPED_WITHIN_S = 30.0
_PAUSE_S = 1.0
_AGAIN = "Ctrl-C again leaves it as it is"


@dataclass(frozen=True)
class Budget:
    """stop_after: stop the pod when the run is over. max_s: stop it then, whatever goes on."""

    stop_after: bool = False
    max_s: float | None = None

    @property
    def guards(self) -> bool:
        return self.stop_after or self.max_s is not None

    def check(self, host: Host, *others: Host) -> None:
        """UsageError: the host is not a pod, so nothing of this can be done, or another one is.

        A pod that waits for its turn bills as well, and nothing would stop it should this machine
        go away in the meantime; so a budget is about one pod.
        """
        if not self.guards:
            return
        if host.pod is None:
            raise UsageError(
                f"--stop-after and --max-minutes are for pods, and {host.where} is none",
                hint="A pod has `runpod:` in the inventory. The run's own limit is --time-limit.",
            )
        if second := next((other for other in others if other.pod), None):
            raise UsageError(
                f"--stop-after and --max-minutes look after one pod, and {second.where} is a "
                f"second one beside {host.where}",
                hint="Run one command for each, with the option in both; counters alone are taken "
                f"by: orchestrator ncu --host {second.name} --stop-after",
            )

    def limited(self, request: Request) -> Request:
        """The request with a time limit that leaves room to bring its results home."""
        if self.max_s is None:
            return request
        limit_s = max(self.max_s - HOMEWARD_S, self.max_s / 2)
        return replace(request, time_limit_s=min(request.time_limit_s, limit_s))

    def pod_limit_s(self, run_limit_s: float) -> float:
        """When the pod stops itself, counted from the beginning of the command."""
        return self.max_s or run_limit_s + AROUND_THE_RUN_S


@dataclass
class Purse:
    """One command on a pod. tell: hears what happens to the pod; confirm: asks the person.

    folder: of the run that the command is about, once there is one.
    """

    budget: Budget
    transport: Transport
    client: RunPod
    tell: Callable[[str], None]
    confirm: Callable[[str], bool]
    runs: RunStore
    folder: Path | None = None
    exports: str = EXPORTS
    began_s: float = field(default_factory=time.monotonic)
    _pod: Pod | None = None
    _watchdog: Watchdog | None = None
    _deadline_s: float = 0.0

    @contextmanager
    def open(self, run_limit_s: float) -> Iterator[RunStore]:
        """Guard the block: arm the pod's watchdog before it, stop or release the pod after it.

        run_limit_s: the time limit of the run that the block is about. The store is for the block:
        the run made in it is the one that is charged. However the block ends, what it cost is
        then kept beside the run.
        HostUnfit: the pod cannot stop itself. HostUnreachable: it could not be stopped in the end.
        """
        self._ask_price()
        if self.budget.guards:
            self._arm(run_limit_s)
        try:
            yield replace(self.runs, created=self._is_about)
        except Detached:
            self._to_the_end(self._leave)
            raise
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and self.budget.guards:
                self.tell(f"interrupted; first pod {self._pod_id} is seen to: {_AGAIN}")
            self._to_the_end(partial(self._give_up, error))
            raise
        else:
            self._to_the_end(self._settle)
        finally:
            self._count()

    def _to_the_end(self, see_to_it: Callable[[], None]) -> None:
        """Do what is due about the pod; who interrupts that hears that it bills."""
        try:
            see_to_it()
        except KeyboardInterrupt:
            if self.budget.guards:
                state = f"pod {self._pod_id} may still be on and bill"
                self.tell(f"interrupted: {state}, see `orchestrator hosts status`; {self._later}")
            raise

    def _is_about(self, folder: Path) -> None:
        self.folder = folder

    def _ask_price(self) -> None:
        try:
            self._pod = self.client.pod(self._pod_id)
        except HostUnreachable as problem:
            self.tell(f"the price is not known: {problem.message}")

    def _arm(self, run_limit_s: float) -> None:
        seconds = self.budget.pod_limit_s(run_limit_s)
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
        if isinstance(error, HostStopped):
            self._watchdog = None  # it ended with the pod
            if not self._is_billed():
                return
        if isinstance(error, EndedBySignal) and self._watchdog:
            self.tell(self._later)  # there is no time to ask the pod, and its job goes on
            return
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
        """Whether nothing goes on there, as the pod itself says, and what our run left is here.

        A pod that cannot be asked is left to its watchdog; without one, nobody else would ever
        stop it.
        """
        try:
            jobs = launcher(self.transport).list_jobs()
        except OrchestratorError as problem:
            if self._watchdog is None:
                return True
            self.tell(f"not stopped, as it cannot be asked: {problem.message}; {self._later}")
            return False
        if busy := next((job for job in jobs if job.end is None), None):
            how = "is damaged and may go on" if busy.beat.state == DAMAGED else "still goes on"
            self.tell(f"not stopped, as run {busy.run_id} {how} there; {self._later}")
            return False
        if ours := self._left_there(jobs):
            # A stop keeps the pod's volume alone, and the workspace may lie elsewhere.
            self.tell(f"not stopped, as what run {ours} left is not here yet; {self._later}")
            return False
        return True

    def _left_there(self, jobs: tuple[ListedJob, ...]) -> str:
        """The name there of our run, if the pod has it and its end is not here; else ""."""
        if self.folder is None or (self.folder / END).exists():
            return ""
        name, owner = self.folder.name, ""
        with suppress(RunError):  # a copied folder bears another name than its run
            claim = self.runs.claim(self.folder)
            name, owner = claim.run_id, claim.owner
        marks = [job.owner for job in jobs if job.run_id == name]
        return name if any("" in (owner, mark) or owner == mark for mark in marks) else ""

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

    def _is_billed(self) -> bool:
        try:
            return self.client.pod(self._pod_id).status.bills_for_gpu
        except HostUnreachable:  # RunPod does not know it any more
            return False

    def _count(self) -> None:
        """Tell what the command cost, and keep it beside the run."""
        if self._pod is not None and not self._pod.status.bills_for_gpu:
            return
        charge = None
        if self._pod is not None:
            pod = self._pod
            charge = Charge(pod.cost_usd_per_hour, self._elapsed_s, pod.gpu or "", pod.gpu_count)
            self.tell(f"cost: {Price((charge,)).words}")
        if self.folder is None or not self.folder.is_dir():
            return
        try:
            self.runs.add_charge(self.folder, charge)
        except (OrchestratorError, OSError) as problem:
            self.tell(f"the cost is not kept beside the run: {problem}")

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
