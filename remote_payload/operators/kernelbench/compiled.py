"""Model by torch.compile, as a provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict

import torch

from remote_payload.contract.case import Case
from remote_payload.operators import torch_provider
from remote_payload.operators.adapted.adapter import COMPILED, Call
from remote_payload.operators.loaded import CannotRun, Form, Loaded, unfitted
from remote_payload.operators.setting import Setting
from remote_payload.processes.places import sentence

if TYPE_CHECKING:
    from remote_payload.operators.kernelbench.adapter import Adapter

Tensor = Any
_DEVICE_FAULT = "CUDA error"


def loaded(of: Adapter, setting: Setting) -> Loaded:
    """Whether it works here is found out by the first call. CannotRun: this torch has none."""
    if not hasattr(torch, "compile"):
        raise CannotRun(f"torch {torch.__version__} has no torch.compile; 2.0 and newer do")
    torch_provider.keep_caches(setting)
    _draw_as_eager()
    ready: Dict[Case, Callable[..., Call]] = {}

    def fit(form: Form) -> Loaded:
        if form.case not in ready:
            if ready:
                ready.clear()
                torch._dynamo.reset()  # after eight forms torch goes on without compiling
            model = torch.compile(of.model(form.case, COMPILED), dynamic=False)
            ready[form.case] = of.calls_of(model)
        prepared = ready[form.case]

        def implementation(*tensors: Tensor, **scalars: Any) -> str:
            _try(of, prepared, *tensors, **scalars)
            return f"torch.compile of Model, torch {torch.__version__}{of.told}"

        return Loaded(unfitted, of.around, implementation, prepared=prepared)

    return Loaded(unfitted, of.around, unfitted, fit=fit)


def _try(of: Adapter, prepared: Callable[..., Call], *tensors: Tensor, **scalars: Any) -> None:
    """Compile, within a limit; CannotRun: why that does not work."""
    copies = [one.clone() for one in tensors]  # Model may write into its inputs
    try:
        with torch_provider.within(torch_provider.COMPILE_LIMIT_S), of.around(), torch.no_grad():
            prepared(*copies, **scalars)()
    except Exception as exc:
        if _DEVICE_FAULT in str(exc):
            raise
        raise CannotRun(f"torch.compile does not work here: {sentence(exc)}") from exc


def _draw_as_eager() -> None:
    """Otherwise what is compiled draws other numbers from the same seed."""
    try:
        from torch._inductor import config
    except ImportError:
        return
    config.fallback_random = True
