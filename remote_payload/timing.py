"""Times taken on the device itself; runs inside the one bench worker process."""

from __future__ import annotations

import functools
import gc
import glob
import time
import traceback
from typing import Any, Callable, Dict, List, Tuple

import torch

from remote_payload import inputs, measure_error
from remote_payload.check_case import require_form, scale_of, sentence, settle, to_device, truth
from remote_payload.contract import BenchPlan, CheckPlan, Method, Provider
from remote_payload.isolate import Pipe
from remote_payload.providers import Loaded, load
from remote_payload.race import Chosen, Fault, Finished, Race, Samples, Turn
from remote_payload.schedule import Effort, Entrant, effort, entrants, turns
from remote_payload.setting import Setting

Tensor = Any
Call = Callable[[], Tensor]

# A buffer this large is also what triton.testing.do_bench clears before each call: its memset
# keeps the GPU busy for longer than Python needs to launch the call that is timed.
GPU_FLUSH_BYTES = 256 << 20
CPU_CACHE_BYTES = 32 << 20  # assumed where the operating system does not tell
US_PER_S, US_PER_MS = 1e6, 1e3


class CpuClock:
    """Times calls with the host's monotonic clock."""

    def __init__(self) -> None:
        self._flush = torch.empty(2 * _cpu_cache_bytes(), dtype=torch.uint8)

    def together(self, call: Call, warmup: int, calls: int) -> Tuple[float, Tensor]:
        """Microseconds per call of `calls` calls in a row, and the last output."""
        for _ in range(warmup):
            call()
        start = time.perf_counter()
        for _ in range(calls):
            out = call()
        return (time.perf_counter() - start) * US_PER_S / calls, out

    def cold(self, call: Call) -> Tuple[float, Tensor]:
        """Microseconds of one call after the last-level cache was overwritten."""
        self._flush.zero_()
        return self.together(call, 0, 1)


class CudaClock:
    """Times calls with CUDA events on the current stream, as the GPU reaches them."""

    def __init__(self) -> None:
        l2 = getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 0)
        size = max(2 * l2, GPU_FLUSH_BYTES)
        self._flush = torch.empty(size, dtype=torch.uint8, device="cuda")
        self._start = torch.cuda.Event(enable_timing=True)
        self._end = torch.cuda.Event(enable_timing=True)

    def together(self, call: Call, warmup: int, calls: int) -> Tuple[float, Tensor]:
        """Microseconds per call of `calls` launches between two events, and the last output."""
        for _ in range(warmup):
            call()
        self._start.record()
        for _ in range(calls):
            out = call()
        self._end.record()
        self._end.synchronize()
        return self._start.elapsed_time(self._end) * US_PER_MS / calls, out

    def cold(self, call: Call) -> Tuple[float, Tensor]:
        """Microseconds of one launch after the L2 cache was overwritten."""
        self._flush.zero_()
        return self.together(call, 0, 1)


def serve(
    pipe: Pipe,
    providers: Tuple[Provider, ...],
    setting: Setting,
    bench: BenchPlan,
    check: CheckPlan,
) -> None:
    """The bench worker's life: a Race in; Chosen, Turn, Samples and Fault out; then Finished."""
    known = {provider.name: provider for provider in providers}
    loaded: Dict[str, Loaded] = {}
    clock = CudaClock() if setting.device == "cuda" else CpuClock()
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
            _Heat(pipe, race, loaded, setting, clock).run(bench, check)
        gc.collect()
        pipe.send(Finished())


class _Heat:
    """All rounds of one shape. A provider that raises is out; the others go on."""

    def __init__(
        self, pipe: Pipe, race: Race, loaded: Dict[str, Loaded], setting: Setting, clock: Any
    ) -> None:
        self._pipe, self._race, self._setting, self._clock = pipe, race, setting, clock
        self._loaded = loaded
        self._drawn = inputs.make(race.shape, setting.seed)
        self._qkv = to_device(self._drawn, setting)
        self._running: List[Entrant] = list(entrants(race.providers))
        self._outputs: Dict[str, Tensor] = {}
        extra = {"causal": race.shape.causal, "scale": scale_of(race.shape)}
        self._calls: Dict[str, Call] = {
            name: functools.partial(loaded[name].call, *self._qkv, **extra)
            for name in race.providers
        }

    def run(self, bench: BenchPlan, check: CheckPlan) -> None:
        for method in bench.methods:
            chosen = self._choose(method, bench)
            self._pipe.send(Chosen(method, chosen))
            for number in range(chosen.rounds):
                for entrant in turns(tuple(self._running), number):
                    self._guarded(method, entrant, number, self._turn, chosen)
        self._recheck(check)

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
        settle(self._setting)
        start = time.perf_counter()
        if method is Method.COLD:
            self._clock.cold(call)
        else:
            self._clock.together(call, 0, 1)
        spent.append(time.perf_counter() - start)

    def _turn(self, method: Method, entrant: Entrant, chosen: Effort) -> None:
        call = self._calls[entrant.provider]
        if method is Method.COLD:
            taken = [self._clock.cold(call) for _ in range(chosen.per_round)]
        else:
            taken = [
                self._clock.together(call, chosen.warmup, chosen.calls)
                for _ in range(chosen.per_round)
            ]
        self._outputs[entrant.provider] = taken[-1][1]
        self._pipe.send(Samples(method, entrant, tuple(time_us for time_us, _ in taken)))

    def _guarded(
        self, method: Method, entrant: Entrant, number: int, act: Callable[..., None], what: Any
    ) -> None:
        if entrant not in self._running:
            return
        self._pipe.send(Turn(method, entrant, number))
        try:
            with self._loaded[entrant.provider].within():
                act(method, entrant, what)
        except Exception as exc:
            traceback.print_exc()
            self._fault(entrant.provider, f"raised {sentence(exc)}")
            # If the fault took the device's context with it, this raises and ends the process:
            # the others then start again in a new one.
            settle(self._setting)

    def _recheck(self, plan: CheckPlan) -> None:
        """Measure what the last timed call of each provider computed: speed excuses nothing."""
        pristine = to_device(self._drawn, self._setting)
        for name, out in self._outputs.items():
            if all(entrant.provider != name for entrant in self._running):
                continue
            try:
                require_form(out, pristine[0])
                blocks = truth(pristine, self._race.shape)
                error = measure_error.measure(out, blocks, plan.rtol, plan.atol)
                reason = measure_error.describe(error)
            except Exception as exc:
                reason = sentence(exc)
            if reason:
                self._fault(name, f"the output of its last timed call is wrong: {reason}")

    def _fault(self, provider: str, reason: str) -> None:
        self._running = [entrant for entrant in self._running if entrant.provider != provider]
        self._pipe.send(Fault(provider, reason))


def _cpu_cache_bytes() -> int:
    """Size of the last-level cache by Linux's sysfs, e.g. "32768K"."""
    sizes = [CPU_CACHE_BYTES]
    for path in glob.glob("/sys/devices/system/cpu/cpu0/cache/index*/size"):
        try:
            with open(path, encoding="ascii") as handle:
                text = handle.read().strip()
            sizes.append(int(text[:-1]) << {"K": 10, "M": 20}[text[-1]])
        except (OSError, ValueError, KeyError, IndexError):
            continue
    return max(sizes)
