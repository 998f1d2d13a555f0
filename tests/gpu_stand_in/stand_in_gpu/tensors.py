"""Tensors that say they are on the GPU and lie on the CPU.

`CudaTensor` shares its memory with an ordinary CPU tensor; what is called on it comes to
`CudaTensor.__torch_function__`, which computes and hands out CudaTensors again. Memory is never
shared between a CPU tensor and a CudaTensor that the product can hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from . import capture, driver, kernels

DEVICE = torch.device("cuda", 0)

# Answered from what is known of a tensor: no work for a device, so that they also answer when the
# device is spoilt.
_METADATA = (
    "__get__", "__set__", "size", "stride", "dim", "numel", "nelement", "element_size",
    "data_ptr", "storage_offset", "is_contiguous", "is_floating_point", "is_complex",
    "is_inference", "untyped_storage", "ndimension", "__len__", "__hash__", "is_pinned",
    "is_signed", "is_same_size", "_is_view", "requires_grad_", "__repr__", "__format__",
)  # fmt: skip
# Those that bring something to the host, and so wait for all work.
_WAITING = (
    "item", "tolist", "equal", "allclose", "nonzero", "__bool__", "__float__", "__int__",
    "__index__", "__contains__", "numpy", "masked_select", "unique",
)  # fmt: skip
# May take tensors of both devices.
_MIXING = (
    "copy_", "__getitem__", "__setitem__", "index_put_", "where", "_is_view",
)  # fmt: skip

# Keys under which an operator's own computation is registered, as against its shapes alone.
_COMPUTING = ("", "CUDA", "CompositeExplicitAutograd", "CompositeImplicitAutograd")
# Python functions that implement operators, by the operators' names.
OPERATORS: dict[str, Callable[..., Any]] = {}


class CudaTensor(torch.Tensor):  # type: ignore[misc]
    """A tensor on the stand-in's only device."""

    @property
    def device(self) -> Any:
        return DEVICE

    @property
    def is_cuda(self) -> bool:
        return True

    @property
    def is_cpu(self) -> bool:
        return False

    def get_device(self) -> int:
        return 0

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return call(func, args, kwargs or {})


def on_cuda(tensor: Any) -> Any:
    """A CPU tensor that nobody else holds, as one of the device."""
    return tensor.as_subclass(CudaTensor)


def plain(value: Any) -> Any:
    """The CPU tensor in the memory of a CudaTensor; anything else as it is."""
    if isinstance(value, CudaTensor):
        with torch._C.DisableTorchFunctionSubclass():
            return value.as_subclass(torch.Tensor)
    return value


def is_cuda(device: Any) -> bool:
    """Whether "cuda", "cuda:0", a torch.device or a number mean the stand-in's device."""
    if device is None:
        return False
    return isinstance(device, int) or torch.device(device).type == "cuda"


def call(func: Any, args: Any, kwargs: Any) -> Any:
    """One function of torch with at least one CudaTensor among its arguments."""
    name = getattr(func, "__name__", "")
    if name in _METADATA:
        return _wrapped(_run(func, args, kwargs))
    driver.require_sound()
    implementation = OPERATORS.get(_operator_name(func))
    if implementation is not None:
        return implementation(*args, **kwargs)
    if name in _WAITING:
        capture.forbid()
        driver.synchronize()
    elif name not in _MIXING:
        _require_one_device(args, kwargs)
    there = is_cuda(kwargs["device"]) if kwargs.get("device") is not None else True
    if kwargs.get("device") is not None:
        kwargs = {**kwargs, "device": "cpu"}
    known = kernels.KNOWN.get(name)
    compute = known if known is not None else func
    result = kernels.timed(name, lambda: _run(compute, args, kwargs))
    result = _wrapped(result) if there else result
    capture.note(compute, args, kwargs, result)
    return result


def _run(func: Any, args: Any, kwargs: Any) -> Any:
    with torch._C.DisableTorchFunctionSubclass():
        return func(*args, **kwargs)


def _wrapped(result: Any) -> Any:
    if isinstance(result, torch.Tensor):
        return result if isinstance(result, CudaTensor) else on_cuda(result)
    if isinstance(result, (tuple, list)):
        made = [_wrapped(each) for each in result]
        fields = getattr(result, "_fields", None)
        return type(result)(made) if fields is None else tuple(made)
    return result


def _operator_name(func: Any) -> str:
    """ "namespace::name" of an operator, without its overload."""
    named = getattr(func, "_schema", None)
    if named is not None:
        return str(named.name)
    return str(getattr(func, "_qualified_op_name", ""))


def _require_one_device(args: Any, kwargs: Any) -> None:
    """As torch refuses tensors of two devices; numbers as tensors of no dimension may mix."""
    for value in (*args, *kwargs.values()):
        for each in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(each, torch.Tensor) and not isinstance(each, CudaTensor) and each.dim():
                raise RuntimeError(
                    "Expected all tensors to be on the same device, but found at least two "
                    "devices, cuda:0 and cpu!"
                )


def move(original: Callable[..., Any]) -> Callable[..., Any]:
    """torch.Tensor.to for both sorts of tensor. original: torch's own."""

    def to(self: Any, *args: Any, **kwargs: Any) -> Any:
        here = isinstance(self, CudaTensor)
        there, rest = _goal(here, list(args), kwargs)
        if here or there:
            driver.require_sound()
        if here and not there:
            capture.forbid()
            driver.synchronize()
        copy = bool(kwargs.pop("copy", False)) or here != there
        kwargs.pop("non_blocking", None)
        source = plain(self)

        def moved() -> Any:
            return original(source, "cpu", *rest, **kwargs, copy=copy)

        result = moved()
        if result is source:
            return self
        if there:
            result = on_cuda(result)
            capture.note(moved, (), {}, result)
        return result

    return to


def _goal(here: bool, args: list[Any], kwargs: dict[str, Any]) -> tuple[bool, list[Any]]:
    """Whether a call of `to` asks for the GPU, and its arguments without the device."""
    if "device" in kwargs:
        return is_cuda(kwargs.pop("device")), args
    if args and isinstance(args[0], torch.Tensor):
        return isinstance(args[0], CudaTensor), [args[0].dtype, *args[1:]]
    if args and isinstance(args[0], (str, int, torch.device)):
        return is_cuda(args[0]), args[1:]
    return here, args


def install() -> None:
    """Teach torch.Tensor to move, and note what implements operators of Python's."""
    original_to, original_impl = torch.Tensor.to, torch.library.Library.impl
    tensor: Any = torch.Tensor
    tensor.to = move(original_to)
    tensor.cuda = lambda self, *_, **__: self.to("cuda")
    tensor.cpu = lambda self, *_, **__: self.to("cpu")
    tensor.pin_memory = lambda self, *_, **__: self

    def impl(self: Any, name: Any, function: Any, key: str = "", *args: Any, **kwargs: Any) -> Any:
        called = name if isinstance(name, str) else name._schema.name
        qualified = called if "::" in called else f"{self.ns}::{called}"
        if key in _COMPUTING:
            OPERATORS[qualified.split(".")[0]] = function
        return original_impl(self, name, function, key, *args, **kwargs)

    library: Any = torch.library.Library
    library.impl = impl
