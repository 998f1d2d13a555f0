"""`python -m benchmarks.host_time`: what one eager attention_forward costs before the driver.

Needs no GPU. The library is our own source compiled over csrc/emulator, with one line changed: a
launch runs nothing. So the Python face, the C interface, the choice of a kernel and of its grid are
the real ones; the tensor maps are encoded by the emulator's stand-in, and the time that CUDA itself
takes (the launch, cudaGetDevice, the caching allocator instead of the CPU's) is not in the figures.
CPU tensors stand in for CUDA tensors. Prints microseconds of the thread's own CPU time per call, so
that other work on the machine, though it slows this down, is not counted as ours.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from unittest import mock

import torch
import torch.nn.functional as functional

from orchestrator.performance.stats import Summary, summarize
from remote_payload.compiling import emulation

ROOT = Path(__file__).parents[1]
LAUNCHES = "emulator/cuda_runtime.h"
RUNS = "emulator::launch(config->gridDim, config->blockDim, bytes, [&] { kernel(arguments...); });"
RUNS_NOTHING = "true; static_cast<void>(kernel); (static_cast<void>(arguments), ...);"
SIZE = (1, 8, 64, 64)
WARMUP_CALLS = 200
US_PER_S = 1e6

Call = Callable[[], object]


def library(builds: Path) -> str:
    """Path of our library with launches that run nothing, kept under builds."""
    return emulation.altered_library(LAUNCHES, RUNS, RUNS_NOTHING, builds)


@contextlib.contextmanager
def cpu_as_device(path: str) -> Iterator[None]:
    """Within it, blackwell_sparsek takes CPU tensors and launches with the library at `path`."""
    from blackwell_sparsek import checks, ops
    from blackwell_sparsek import library as interface

    with (
        mock.patch.dict(os.environ, {interface.ENVIRONMENT: path}),
        mock.patch.object(checks, "check_device", _taken),
        mock.patch.object(ops, "_current_stream", _stream),
        mock.patch.object(torch.cuda, "current_device", _current_device),
        mock.patch.object(torch.cuda, "device", contextlib.nullcontext),
    ):
        yield


def _taken(_: torch.Tensor) -> None:
    """Any device will do."""


def _current_device() -> None:
    """The index of a CPU tensor's device."""


def _stream(_: int) -> int:
    return 0


def cases() -> Mapping[str, Call]:
    """What is timed, by what is printed of it."""
    from blackwell_sparsek import attention_forward

    q, k, v = (torch.randn(SIZE).half() for _ in range(3))
    out, tiny = torch.empty_like(q), torch.randn(1, 1, 1, 64).half()
    operator = torch.ops.blackwell_sparsek.attention_forward.default
    # More inputs than are remembered, so that none of them is known when its turn comes.
    crowd = [torch.randn(SIZE).half() for _ in range(300)]
    turn = iter(range(sys.maxsize))
    return {
        "attention_forward(q, k, v)": lambda: attention_forward(q, k, v),
        "attention_forward(q, k, v, out=out)": lambda: attention_forward(q, k, v, out=out),
        "the operator, as torch.compile calls it": lambda: operator(q, k, v, False, 0.125),
        "attention_forward at addresses not seen lately": lambda: attention_forward(
            crowd[next(turn) % len(crowd)], k, v
        ),
        "for orientation: torch.empty_like(q)": lambda: torch.empty_like(q),
        "for orientation: SDPA of one row, CPU, its kernel included": lambda: (
            functional.scaled_dot_product_attention(tiny, tiny, tiny)
        ),
    }


def measure(timed: Mapping[str, Call], rounds: int, calls: int) -> dict[str, Summary]:
    """Microseconds per call: in each round every case once, `calls` calls in a row."""
    samples: dict[str, list[float]] = {name: [] for name in timed}
    for call in timed.values():
        for _ in range(WARMUP_CALLS):
            call()
    for _ in range(rounds):
        for name, call in timed.items():
            start = time.thread_time()
            for _ in range(calls):
                call()
            samples[name].append((time.thread_time() - start) * US_PER_S / calls)
    return {name: summarize(taken) for name, taken in samples.items()}


def lines(found: Mapping[str, Summary]) -> Iterator[str]:
    """A table: the median and its 95 % interval, and the fastest fifth."""
    yield f"{'µs per call':<60} {'median':>8} {'95 % interval':>18} {'p20':>8}"
    for name, summary in found.items():
        low, high = summary.low_us, summary.high_us
        interval = "-" if low is None or high is None else f"{low:.2f} to {high:.2f}"
        yield f"{name:<60} {summary.median_us:8.2f} {interval:>18} {summary.p20_us:8.2f}"


def main(arguments: Sequence[str]) -> int:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.host_time", description=__doc__)
    parser.add_argument("--rounds", type=int, default=51)
    parser.add_argument("--calls", type=int, default=1000, help="calls per sample")
    parser.add_argument("--builds", type=Path, help="keep the library here, for the next time")
    options = parser.parse_args(arguments)
    sys.path.append(str(ROOT / "remote_payload"))
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        path = library(options.builds or Path(folder))
        with cpu_as_device(path):
            found = measure(cases(), options.rounds, options.calls)
    print(f"Python {platform.python_version()}, torch {torch.__version__}, {os.cpu_count()} CPUs")
    print("\n".join(lines(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
