"""Times taken on the device itself; runs inside the one bench worker process."""

from __future__ import annotations

import functools
import gc
import time
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

import torch

from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Method, Status
from remote_payload.machine.clock import Clock, CpuClock, CudaClock, Recorded
from remote_payload.machine.recording import NotRecordable
from remote_payload.operators.adapted import tree
from remote_payload.operators.problem import Problem, operator_of
from remote_payload.operators.setting import Setting
from remote_payload.processes import places
from remote_payload.processes.isolate import Pipe
from remote_payload.processes.places import sentence
from remote_payload.providers.loading import Loaded, load
from remote_payload.stages.bench.race import Chosen, Fault, Finished, Race, Samples, Turn
from remote_payload.stages.bench.schedule import Effort, Entrant, effort, entrants, turns

Tensor = Any
Call = Callable[[], Tensor]


def serve(
    pipe: Pipe,
    providers: Tuple[Provider, ...],
    setting: Setting,
    bench: BenchPlan,
) -> None:
    """The bench worker's life: a Race in; Chosen, Turn, Samples and Fault out; then Finished."""
    known = {provider.name: provider for provider in providers}
    loaded: Dict[str, Loaded] = {}
    clock: Clock = CudaClock() if setting.device == "cuda" else CpuClock()
    gc.disable()  # a collection inside a burst would be measured
    while True:
        try:
            race: Race = pipe.recv()
        except EOFError:
            return
        for name in race.providers:
            if name not in loaded:
                pipe.send(Turn(bench.methods[0], Entrant(name)))
                loaded[name] = load(known[name], setting)
        with torch.no_grad():
            Heat(pipe, race, loaded, setting, clock).run(bench)
        gc.collect()
        pipe.send(Finished())


class Heat:
    """All rounds of one case. A provider that raises is out; the others go on.

    Not everything that computes can be recorded: what goes wrong with a provider while
    it is timed by GRAPH keeps it out of that method only. All get the same tensors: whoever changes
    them is out of all methods, and they are mended before the next one's turn.
    """

    def __init__(
        self, pipe: Pipe, race: Race, loaded: Dict[str, Loaded], setting: Setting, clock: Clock
    ) -> None:
        self._pipe, self._race, self._setting, self._clock = pipe, race, setting, clock
        self._loaded = loaded
        self._problem = Problem(operator_of(setting), race.case, setting)
        self._pristine = self._problem.to_device(self._problem.drawn())
        self._inputs = self._problem.to_device(self._pristine)
        self._running: List[Entrant] = list(entrants(race.providers, race.baseline))
        self._outputs: Dict[str, Tensor] = {}
        self._recorded: Dict[str, Recorded] = {}
        self._unrecorded: Set[str] = set(race.unrecorded)
        self._calls: Dict[str, Call] = {
            name: self._problem.bind(loaded[name], self._inputs) for name in race.providers
        }

    def run(self, bench: BenchPlan) -> None:
        """Time all by each method, then look at what they computed meanwhile."""
        for method in bench.methods:
            chosen = self._choose(method, bench)
            self._pipe.send(Chosen(method, chosen))
            if method is Method.GRAPH:
                self._record_all(chosen)
            for number in range(chosen.rounds):
                for entrant in turns(tuple(self._running), number):
                    self._guarded(method, entrant, number, self._turn, chosen)
        self._recheck()
        self._recheck_replays(chosen.rounds - 1)

    def _choose(self, method: Method, bench: BenchPlan) -> Effort:
        """Time the second of TRIAL_CALLS calls: the first may still load and compile things."""
        spent: List[float] = []
        for entrant in tuple(self._running):
            self._guarded(method, entrant, 0, self._trial, spent)
        slot, device = self._race.slot_s, self._setting.device
        return effort(method, bench, device, max(sum(spent), 1e-9), slot)

    def _trial(self, method: Method, entrant: Entrant, spent: List[float]) -> None:
        call = self._calls[entrant.provider]
        call()
        self._problem.settle()
        start = time.perf_counter()
        if method is Method.COLD:
            self._clock.cold(call)
        else:
            self._clock.burst(call, 0, 1)
        spent.append(time.perf_counter() - start)

    def _turn(self, method: Method, entrant: Entrant, chosen: Effort) -> None:
        taken = [self._sample(method, entrant.provider, chosen) for _ in range(chosen.per_round)]
        times_us = tuple(time_us for time_us, _ in taken)
        host_us = tuple(host for _, host in taken if host is not None)
        self._pipe.send(Samples(method, entrant, times_us, host_us))

    def _sample(self, method: Method, name: str, chosen: Effort) -> Tuple[float, Optional[float]]:
        if method is Method.GRAPH:
            return self._recorded[name].sample(), None
        if method is Method.COLD:
            time_us, self._outputs[name] = self._clock.cold(self._calls[name])
            return time_us, None
        burst = self._clock.burst(self._calls[name], chosen.warmup, chosen.calls)
        self._outputs[name] = burst.out
        return burst.time_us, burst.host_us

    def _record_all(self, chosen: Effort) -> None:
        self._recheck()  # before a replay writes where a provider may keep its output
        for entrant in tuple(self._running):
            if not entrant.control:
                self._guarded(Method.GRAPH, entrant, 0, self._record, chosen)

    def _record(self, method: Method, entrant: Entrant, chosen: Effort) -> None:
        """What was launched on a stream that is not recorded is missing in a replay: look."""
        if self._problem.at_random:
            raise NotRecordable("its reference draws at random, which no replay does anew")
        recorded = self._clock.record(self._calls[entrant.provider], chosen.calls)
        if wrong := self._wrong(self._replay(recorded)):
            raise NotRecordable(f"a replay computes something else: {wrong}")
        self._recorded[entrant.provider] = recorded

    def _guarded(
        self, method: Method, entrant: Entrant, number: int, act: Callable[..., None], what: Any
    ) -> None:
        if entrant not in self._running:
            return
        if method is Method.GRAPH and entrant.provider in self._unrecorded:
            return
        self._pipe.send(Turn(method, entrant, number))
        try:
            self._problem.restore(self._inputs, self._pristine)
            with self._loaded[entrant.provider].within():
                act(method, entrant, what)
        except Exception as exc:
            places.trace()
            how = str(exc) if isinstance(exc, NotRecordable) else f"raised {sentence(exc)}"
            if method is Method.GRAPH:
                self._unrecorded.add(entrant.provider)
                unrecorded = (f"not timed by graph: {how}", Status.SKIPPED, Method.GRAPH)
                self._pipe.send(Fault(entrant.provider, *unrecorded))
            else:
                self._out(entrant.provider, how)
        self._mend_inputs(entrant.provider)

    def _mend_inputs(self, provider: str) -> None:
        """Between two turns, so that it costs no measured time.

        If a fault took the device's context with it, this raises and ends the process: the others
        then start again in a new one.
        """
        self._problem.settle()
        changed = self._problem.changed(self._inputs, self._pristine)
        if changed:
            self._out(provider, f"{changed} while being timed")
            self._restore_inputs()

    def _recheck(self) -> None:
        """Measure what the last timed call of each provider computed: speed excuses nothing."""
        outputs, self._outputs = self._outputs, {}
        running = {entrant.provider for entrant in self._running}
        anew: List[str] = []
        for name in [name for name in outputs if name in running]:
            wrong = "" if self._problem.writes else self._wrong(outputs[name])
            if self._problem.writes or (wrong and self._problem.unsteady):
                anew.append(name)
            elif wrong:
                self._out(name, f"the output of its last timed call is wrong: {wrong}")
        self._recheck_anew(tuple(anew))

    def _recheck_anew(self, names: Tuple[str, ...]) -> None:
        """Where calls write into what all of them share, or draw, what timed calls gave tells
        nothing: one call more of each, on what went in at first, as a check makes it."""
        for entrant in tuple(self._running):
            if not entrant.control and entrant.provider in names:
                self._guarded(Method.BACK_TO_BACK, entrant, 0, self._recheck_call, None)

    def _recheck_call(self, method: Method, entrant: Entrant, _: None) -> None:
        self._problem.reseed()
        out = self._calls[entrant.provider]()
        self._problem.settle()
        if wrong := self._wrong(out):
            self._out(entrant.provider, f"the output of a call after those is wrong: {wrong}")

    def _restore_inputs(self) -> None:
        for held, pristine in zip(self._inputs, self._pristine):
            held.copy_(pristine)

    def _recheck_replays(self, number: int) -> None:
        """A turn each, so that whoever ends the process here is the one that is blamed."""
        for entrant in tuple(self._running):
            if not entrant.control and entrant.provider in self._recorded:
                self._guarded(Method.GRAPH, entrant, number, self._recheck_replay, None)

    def _recheck_replay(self, method: Method, entrant: Entrant, _: None) -> None:
        if wrong := self._wrong(self._replay(self._recorded[entrant.provider])):
            reason = f"the output of its last replayed call is wrong: {wrong}"
            self._pipe.send(Fault(entrant.provider, reason, method=method))

    def _replay(self, recorded: Recorded) -> Any:
        restore = functools.partial(self._problem.restore, self._inputs, self._pristine)
        return _replayed(recorded, restore)

    def _wrong(self, out: Any) -> str:
        """What is wrong with an output; empty if nothing is."""
        try:
            outputs = self._problem.outputs(out)
            return self._problem.judge(outputs, self._pristine).wrong
        except Exception as exc:
            return sentence(exc)

    def _out(self, provider: str, how: str) -> None:
        self._running = [entrant for entrant in self._running if entrant.provider != provider]
        self._pipe.send(Fault(provider, how))


def _replayed(recorded: Recorded, ready: Callable[[], None] = lambda: None) -> Any:
    """What one more replay gives, which finds nothing there that it could leave as it is. ready:
    what comes before it."""
    for one in tree.taken_apart(recorded.output)[1]:
        one.fill_(float("nan") if one.is_floating_point() else -1)
    ready()
    recorded.replay()
    return recorded.output
