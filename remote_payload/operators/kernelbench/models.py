"""Modules of a problem and of candidates: constructed alike, so that their weights agree."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Sequence

import torch

from remote_payload.contract.words import Fault
from remote_payload.operators.kernelbench.reading import MODEL
from remote_payload.operators.loaded import BadTarget
from remote_payload.operators.problem import WrongForm
from remote_payload.operators.seeding import seed_all


def require_module(made: Any, name: str) -> None:
    """BadTarget unless it is a class of modules that has a forward."""
    if not inspect.isclass(made) or not issubclass(made, torch.nn.Module):
        raise BadTarget(f"{name} is no class that derives from torch.nn.Module")
    if getattr(made, "forward", None) is torch.nn.Module.forward:
        raise BadTarget(f"{name} has no forward")


def require_arguments(made: Any, name: str, given: Sequence[Any]) -> None:
    """WrongForm unless its constructor takes as many arguments as Model's is given."""
    try:
        inspect.signature(made).bind(*given)
    except TypeError as exc:
        many = f"{len(given)} argument{'s' if len(given) != 1 else ''}"
        problem = f"{name} cannot be constructed as {MODEL} is, from {many}: {exc}"
        raise WrongForm(problem, Fault.COMPILE) from None
    except ValueError:
        return  # of a class that does not say what it takes


def constructed(
    made: Any, arguments: Callable[[], Sequence[Any]], text: str, device: str, dtype: Any
) -> Any:
    """An instance, with weights by the seed of that text. It stays in training mode: nobody calls
    eval() in KernelBench, either."""
    seed_all(text)
    given = [_cast(one, device, dtype) for one in arguments()]
    seed_all(text)
    return made(*given).to(device=device, dtype=dtype)


def cast(tensor: Any, dtype: Any) -> Any:
    """Numbers that round, in the dtype of a case; others stay what they are."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def _cast(one: Any, device: str, dtype: Any) -> Any:
    return cast(one, dtype).to(device) if isinstance(one, torch.Tensor) else one
