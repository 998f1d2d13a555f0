"""Launches recorded once in a CUDA graph; replayed, they wait for the host no more."""

from __future__ import annotations

from typing import Any, Callable, Optional

import torch

from remote_payload.processes.places import sentence

Tensor = Any
Call = Callable[[], Tensor]

# On a stream of its own a provider first makes what it keeps per stream (cuBLAS workspaces) or
# compiles late (Triton), none of which a recording may contain; as many as torch's manual takes:
# https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
WARM_UP_CALLS = 3
US_PER_MS = 1e3


class NotRecordable(Exception):
    """What a provider does cannot be recorded and replayed; the text says why."""


class Recording:
    """`calls` launches of one call, in a CUDA graph. output: what the last of them writes."""

    def __init__(self, call: Call, calls: int) -> None:
        """NotRecordable: in the words of what first went wrong."""
        self._calls = calls
        self._graph = torch.cuda.CUDAGraph()
        self._start = torch.cuda.Event(enable_timing=True)
        self._end = torch.cuda.Event(enable_timing=True)
        self.output = self._record(call)

    def _record(self, call: Call) -> Tensor:
        stream = torch.cuda.Stream()
        first: Optional[Exception] = None
        try:
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(WARM_UP_CALLS):
                    call()
            torch.cuda.current_stream().wait_stream(stream)
            with torch.cuda.graph(self._graph, stream=stream):
                try:
                    for _ in range(self._calls):
                        output = call()
                except Exception as exc:
                    # Ending a spoilt capture raises once more, and says less.
                    first = exc
                    raise
        except Exception as exc:
            raise NotRecordable(sentence(first or exc)) from exc
        return output

    def replay(self) -> None:
        """Enqueue all launches on the current stream."""
        self._graph.replay()

    def sample(self) -> float:
        """Microseconds per launch of one replay, right behind another that is not measured."""
        self._graph.replay()  # warms, and keeps the GPU busy while the host prepares the next
        self._start.record()
        self._graph.replay()
        self._end.record()
        self._end.synchronize()
        return float(self._start.elapsed_time(self._end)) * US_PER_MS / self._calls
