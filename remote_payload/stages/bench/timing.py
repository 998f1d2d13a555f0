"""Times taken on the device itself; runs inside a process that holds one provider and nobody else.

Whatever it says is a claim: the parent takes the time from outside as well, has inputs drawn that
the process has never seen, and has another process judge what comes out.
"""

from __future__ import annotations

import functools
import gc
import itertools
from time import perf_counter
from typing import Any, Callable, Dict, Optional

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Method
from remote_payload.machine import heap
from remote_payload.machine.clock import Clock, CpuClock, CudaClock, Recorded
from remote_payload.machine.recording import NotRecordable
from remote_payload.operators.adapted import tree
from remote_payload.operators.judging.poisoning import give_back
from remote_payload.operators.problem import (
    Problem,
    Scalars,
    Tensors,
    WrongForm,
    begun,
    operator_of,
)
from remote_payload.operators.setting import Setting
from remote_payload.operators.torch_settings import take_threads
from remote_payload.processes import places
from remote_payload.processes.isolate import Pipe
from remote_payload.processes.places import sentence
from remote_payload.providers.loading import Loaded, load
from remote_payload.stages.apart.keeping import Files, Keeping
from remote_payload.stages.apart.tampering import Tampering
from remote_payload.stages.apart.words import Given
from remote_payload.stages.bench.places import Room, size_bytes
from remote_payload.stages.bench.race import (
    Enter,
    Entered,
    Failed,
    Go,
    Look,
    Looked,
    Prepare,
    Prepared,
    Seated,
    Sit,
    Taken,
)

Tensor = Any
Call = Callable[[], Tensor]
_BLOCKS = 8  # as large as inputs and outputs together: so much a call may hold beside these


def serve(pipe: Pipe, provider: Provider, setting: Setting) -> None:
    """The life of a process that is timed, until the parent closes or kills it."""
    clock: Clock = CudaClock() if setting.device == "cuda" else CpuClock()
    if setting.device == "cpu":
        heap.keep()
    take_threads(setting.threads)
    gc.disable()  # a collection inside a burst would be measured
    timed = Timed(provider, setting, clock, Files(setting.inputs))
    while True:
        try:
            message = pipe.recv()
        except EOFError:
            return
        with torch.no_grad():
            answer = timed.answer(message)
        pipe.send(answer)


class Timed:
    """One provider, and the case that it is timed on."""

    def __init__(
        self, provider: Provider, setting: Setting, clock: Clock, keeping: Keeping
    ) -> None:
        self._provider, self._setting = provider, setting
        self._clock, self._keeping = clock, keeping
        self._loaded: Optional[Loaded] = None
        self._tampering = Tampering()
        self._clear()

    def _clear(self) -> None:
        self._problem: Optional[Problem] = None
        self._room: Optional[Room] = None
        self._pristine: Tensors = ()
        self._inputs: Tensors = ()
        self._scalars: Scalars = {}
        self._call: Call = _nothing
        self._method = Method.BACK_TO_BACK
        self._output: Any = None
        self._recorded: Optional[Recorded] = None
        self._has_pages = self._setting.device != "cpu"

    def answer(self, message: Any) -> Any:
        """What is to be said to one message; never raises an Exception."""
        acts: Dict[type, Callable[[Any], Any]] = {
            Sit: lambda message: Seated(),
            Enter: self._enter,
            Prepare: self._prepare,
            Go: self._go,
            Look: self._look,
        }
        try:
            if self._loaded is None:
                self._loaded = load(self._provider, self._setting)
            with self._loaded.within():
                answer = acts[type(message)](message)
            # Where nobody's time is taken; within, the run itself has put things in their places.
            found = self._tampering.found() if isinstance(message, (Enter, Look)) else ""
            return Failed(found) if found else answer
        except NotRecordable as exc:
            return Failed(str(exc), Method.GRAPH)
        except WrongForm as exc:
            return Failed(f"the output of a timed call is wrong: {exc}")
        except Exception as exc:
            places.trace()
            graph = self._method is Method.GRAPH and not isinstance(message, Enter)
            return Failed(f"raised {sentence(exc)}", Method.GRAPH if graph else None)

    @property
    def _there(self) -> Problem:
        assert self._problem is not None  # nothing is asked before it has entered a case
        return self._problem

    def _enter(self, message: Enter) -> Entered:
        self._clear()
        gc.collect()
        self._problem = self._begin(message.case, message.given)
        self._place(message.given, 0)
        self._problem_ready()
        self._call()  # the first may still load and compile things
        self._there.settle()
        seconds = [self._trial(method) for method in message.methods]
        assert self._loaded is not None  # it has just answered
        return Entered(tuple(seconds), self._loaded.library_digest)

    def _begin(self, case: Case, given: Given) -> Problem:
        operator = operator_of(self._setting)
        begun(operator, self._setting)  # scalars may be of its own classes
        return Problem(operator, case, self._setting, self._keeping.scalars(given))

    def _trial(self, method: Method) -> float:
        """Seconds of one call by a method."""
        self._problem_ready()
        start = perf_counter()
        if method is Method.COLD:
            self._clock.cold(self._call)
        else:
            self._clock.burst(self._call, 0, 1)
        return perf_counter() - start

    def _prepare(self, message: Prepare) -> Prepared:
        self._method, self._output = message.method, None
        if not self._has_pages:
            # A first call that finds none takes as long as if all others were from memory.
            heap.ready(_BLOCKS * size_bytes(self._pristine, self._there.forms))
            self._has_pages = True
        if message.method is not Method.GRAPH:
            self._place(message.given, message.shift)
        elif self._recorded is None:
            self._place(message.given, message.shift)
            return self._record(message.calls)
        else:
            self._fill(message.given)
        give_back(self._there.forms, self._setting.device)
        self._there.settle()
        return Prepared()

    def _place(self, given: Given, shift: int) -> None:
        """Put the inputs where none lay before, and bind the provider to them."""
        problem = self._there
        self._pristine = problem.to_device(self._keeping.get(given.tensors))
        if self._room is None:
            self._room = Room(self._pristine)
        self._inputs = self._room.filled(self._pristine, shift)
        self._scalars = self._scalars_of(given)
        assert self._loaded is not None  # it has just answered
        self._call = problem.bind(self._loaded, self._inputs, self._scalars)

    def _fill(self, given: Given) -> None:
        """Change the values where they lie."""
        self._pristine = self._there.to_device(self._keeping.get(given.tensors))
        for held, pristine in zip(self._inputs, self._pristine):
            held.copy_(pristine)

    def _scalars_of(self, given: Given) -> Scalars:
        found = self._keeping.scalars(given)
        return self._there.seeded(given.seed or 0) if found is None else found

    def _problem_ready(self) -> None:
        self._there.restore(self._inputs, self._pristine)

    def _go(self, message: Go) -> Taken:
        """All that is measured, and the outputs in memory that is ours, before the parent's clock
        stops: whoever computes later is late."""
        if message.method is Method.GRAPH:
            assert self._recorded is not None  # that is what was prepared
            times = tuple(self._recorded.sample() for _ in range(message.samples))
            return Taken(times)
        self._problem_ready()
        taken = self._cold(message) if message.method is Method.COLD else self._burst(message)
        self._output = self._copied(self._output)
        return taken

    def _cold(self, message: Go) -> Taken:
        times = []
        for _ in itertools.repeat(None, message.samples):
            time_us, self._output = self._clock.cold(self._call)
            times.append(time_us)
        return Taken(tuple(times))

    def _burst(self, message: Go) -> Taken:
        """The first call ever on these inputs is the first of the warm-up."""
        fresh = self._clock.burst(self._call, 0, 1)
        burst = self._clock.burst(self._call, max(0, message.warmup - 1), message.calls)
        self._output = burst.out
        host = () if burst.host_us is None else (burst.host_us,)
        mean = () if burst.mean_us is None else (burst.mean_us,)
        return Taken((burst.time_us,), host, fresh.time_us, mean)

    def _copied(self, out: Any) -> Tensors:
        # By torch's own function: a tensor may have been given a `clone` that computes.
        copies = tuple(torch.clone(one) for one in self._there.outputs(out))
        self._there.settle()
        return copies

    def _look(self, message: Look) -> Looked:
        """If a fault took the device's context with it, this raises, and so will the next."""
        problem = self._there
        problem.settle()
        changed = problem.changed(self._inputs, self._pristine)
        outputs: Tensors = ()
        if message.keep and self._method is Method.GRAPH:
            outputs = self._copied(self._replayed())
        elif message.keep and not problem.unsteady:
            outputs = self._output or ()
        later: Tensors = ()
        if message.other is not None and self._method is not Method.GRAPH:
            later = self._later(message.other)
            changed = changed or problem.changed(self._inputs, self._pristine)
        self._output = None
        return Looked(changed, self._keeping.put(outputs), self._keeping.put(later))

    def _later(self, other: Given) -> Tensors:
        """One more call, on other values in the same place, as a check makes it."""
        problem = self._there
        self._fill(other)
        scalars = self._scalars_of(other)
        if scalars or self._scalars:
            assert self._loaded is not None  # it has just answered
            self._call, self._scalars = problem.bind(self._loaded, self._inputs, scalars), scalars
        problem.reseed()
        with problem.poisoned():
            out = self._call()
        return self._copied(out)

    def _record(self, calls: int) -> Prepared:
        """What was launched on a stream that is not recorded is missing in a replay: look."""
        if self._there.at_random:
            raise NotRecordable("its reference draws at random, which no replay does anew")
        self._recorded = self._clock.record(self._call, calls)
        return Prepared(self._keeping.put(self._copied(self._replayed())))

    def _replayed(self) -> Any:
        assert self._recorded is not None  # that is what was prepared
        return _replayed(
            self._recorded, functools.partial(self._there.restore, self._inputs, self._pristine)
        )


def _replayed(recorded: Recorded, ready: Callable[[], None] = lambda: None) -> Any:
    """What one more replay gives, which finds nothing there that it could leave as it is. ready:
    what comes before it."""
    for one in tree.taken_apart(recorded.output)[1]:
        one.fill_(float("nan") if one.is_floating_point() else -1)
    ready()
    recorded.replay()
    return recorded.output


def _nothing() -> Any:
    raise AssertionError("nothing is called before it has entered a case")
