"""What torch says of itself and of the GPU, asked in a worker so that the parent needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from remote_payload.processes.isolate import START_LIMIT_S, Pipe, Worker


@dataclass(frozen=True)
class TorchFacts:
    """cuda: the CUDA release torch was built for; gpu and what follows: of device 0, if any."""

    version: str
    cuda: Optional[str]
    threads: int
    gpu_count: int
    gpu: Optional[str] = None
    gpu_uuid: Optional[str] = None
    capability: Optional[Tuple[int, int]] = None
    sm_count: Optional[int] = None
    no_gpu: str = ""


@dataclass(frozen=True)
class NoTorch:
    """torch is there but cannot be imported."""

    reason: str


def ask() -> TorchFacts:
    """Import torch in a worker and ask it. Raises ImportError, isolate.Died or Silent."""
    with Worker(_tell) as worker:
        answer = worker.receive(START_LIMIT_S)
    if isinstance(answer, NoTorch):
        raise ImportError(answer.reason)
    facts: TorchFacts = answer
    return facts


def _tell(pipe: Pipe) -> None:
    try:
        import torch
    except Exception as exc:
        pipe.send(NoTorch(f"{type(exc).__name__}: {exc}"))
        return
    facts = TorchFacts(str(torch.__version__), torch.version.cuda, torch.get_num_threads(), 0)
    try:
        torch.cuda.init()
        properties = torch.cuda.get_device_properties(0)
    except Exception as exc:
        pipe.send(TorchFacts(facts.version, facts.cuda, facts.threads, 0, no_gpu=str(exc)))
        return
    uuid = getattr(properties, "uuid", None)
    pipe.send(
        TorchFacts(
            version=facts.version,
            cuda=facts.cuda,
            threads=facts.threads,
            gpu_count=torch.cuda.device_count(),
            gpu=properties.name,
            gpu_uuid=None if uuid is None else f"GPU-{uuid}",
            capability=(properties.major, properties.minor),
            sm_count=properties.multi_processor_count,
        )
    )
