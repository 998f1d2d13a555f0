"""A user's operator, its half that needs torch: what goes in, the truth, and its providers."""

from __future__ import annotations

import contextlib
import functools
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

import torch

from remote_payload.contract.case import Case
from remote_payload.operators.base import Block
from remote_payload.operators.drawing import torch_dtype
from remote_payload.operators.loaded import CannotRun, EmulatedCall, Loaded
from remote_payload.operators.row_blocks import blocks_of
from remote_payload.operators.seeding import seed_all
from remote_payload.operators.setting import Setting
from remote_payload.operators.user.protocol import REFERENCE, takes
from remote_payload.operators.user.source import Source, by_name, names_of
from remote_payload.operators.user.stated import Function

Tensor = Any
Tensors = Tuple[Tensor, ...]
_PRECISE = {"fp64": torch.float64, "fp32": torch.float32}


def half(target: str, root: str, device: str = "") -> Half:
    """The half of the operator in that file, loaded once in a process; BadOperator. device: the
    same for all."""
    return _half(target, root)


@functools.lru_cache(maxsize=None)
def _half(target: str, root: str) -> Half:
    return Half(Source(target, root))


class Half:
    """See `base.Tensors`."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def axes(self, case: Case) -> Dict[str, Any]:
        """All that a function may ask for by name, but for the generator."""
        stated = {axis.name: axis.otherwise for axis in self.source.protocol.axes}
        return {**stated, **dict(case.axes), "dtype": torch_dtype(case.dtype)}

    def make(self, case: Case, seed: int) -> Tensors:
        """The inputs, on the CPU; those who draw without the generator draw the same, too."""
        return tuple(self.drawn(case, seed).values())

    def drawn(self, case: Case, seed: int) -> Dict[str, Tensor]:
        """As `make`, by name and in the order in which a provider gets them."""
        seeded = seed_all(f"{seed}/{self.source.stated.name}/{case.label}")
        inputs = self.source.function("inputs")
        given = by_name(inputs, generator=seeded, **self.axes(case))
        returned = self.source.run("inputs", inputs.call or _nothing, **given)
        return {name: one.detach() for name, one in self._named(case, returned).items()}

    def _named(self, case: Case, returned: Any) -> Dict[str, Tensor]:
        bad, reference = self.source.stated.bad, self.source.function("reference")
        scalars = tuple(self.scalars(case))
        if isinstance(returned, Mapping):
            found = dict(returned)
        else:
            many = isinstance(returned, (list, tuple))
            tensors = tuple(returned) if many else (returned,)
            found = dict(zip(names_of(reference, len(tensors), scalars), tensors))
        for name, one in found.items():
            if not isinstance(one, torch.Tensor):
                what = "expected a tensor, or a list or dict of tensors"
                raise bad("inputs", f"{what}, got {type(one).__name__} for {name}")
            if one.device.type != "cpu":
                raise bad("inputs", f"{name} is on {one.device}; draw it on the CPU")
            if one.layout is not torch.strided or one.is_complex() or one.is_quantized:
                raise bad("inputs", f"{name} is {one.dtype}, {one.layout}; expected plain numbers")
            if not one.numel():
                raise bad("inputs", f"{name} of {list(one.shape)} has no elements")
        return self._ordered(found, reference, scalars)

    def _ordered(
        self, found: Dict[str, Tensor], reference: Function, scalars: Sequence[str]
    ) -> Dict[str, Tensor]:
        """As the reference takes them; BadOperator if it takes others."""
        needed = [name for name in reference.parameters if name not in scalars]
        known = [*needed, *(name for name in reference.optional if name not in scalars)]
        fits = len(needed) <= len(found) and (len(found) <= len(known) or reference.any_number)
        if not fits or not (set(found) <= set(known) or reference.any_number):
            problem = f"it takes {', '.join(known) or 'nothing'}; inputs gives {', '.join(found)}"
            raise self.source.stated.bad("reference", problem)
        for name in scalars:
            if not takes(reference, name):
                raise self.source.stated.bad("reference", f"it does not take the scalar {name}")
        if set(found) <= set(known):
            return {name: found[name] for name in known if name in found}
        return found

    def scalars(self, case: Case) -> Dict[str, Any]:
        """What a call gets by name."""
        stated = self.source.stated.values.get("scalars", {})
        if isinstance(stated, Function):
            given = by_name(stated, **self.axes(case))
            stated = self.source.run("scalars", stated.call or _nothing, **given)
        if not isinstance(stated, Mapping):
            raise self.source.stated.bad("scalars", f"expected a dict, got {stated!r:.60}")
        return dict(stated)

    def returned(self, case: Case, inputs: Tensors) -> Tensors:
        """What the reference gives for these inputs, in its own precision."""
        precise = _PRECISE.get(self.source.protocol.precision)
        if precise is not None:
            inputs = tuple(one.to(precise) if one.is_floating_point() else one for one in inputs)
        reference = self.source.function("reference")
        with torch.no_grad():
            call, scalars = reference.call or _nothing, self.scalars(case)
            returned = self.source.run("reference", call, *inputs, **scalars)
        return self._outputs(case, returned)

    def _outputs(self, case: Case, returned: Any) -> Tensors:
        bad = self.source.stated.bad
        found = tuple(returned) if isinstance(returned, (list, tuple)) else (returned,)
        for one in found:
            if not isinstance(one, torch.Tensor) or one.is_complex():
                what = getattr(one, "dtype", type(one).__name__)
                raise bad("reference", f"expected a tensor, or several in a tuple, got {what}")
            if not one.numel():
                raise bad("reference", f"an output of {list(one.shape)} has no elements")
            lost = int((~one.isfinite()).sum()) if one.is_floating_point() else 0
            if lost:
                problem = f"{lost} of {one.numel()} elements are not finite on {case.label}"
                raise bad("reference", f"{problem}; nothing can be compared with them")
        named = self.source.protocol.outputs
        if named is not None and len(named) != len(found):
            problem = f"it names {len(named)}, and the reference gives {len(found)}"
            raise bad("outputs", problem)
        if not found:
            raise bad("reference", "expected a tensor, or several in a tuple, got nothing")
        return found

    def reference(self, case: Case, *inputs: Tensor) -> Iterator[Block]:
        """The truth of a case."""
        return blocks_of(self.returned(case, inputs))

    def load(self, name: str, setting: Setting) -> Loaded:
        """A provider of the file, or its reference as PyTorch runs it in the case's dtype."""
        source = self.source
        said = f"{source.stated.name}:{name}, file sha256 {source.digest}"
        if name == REFERENCE:
            call = source.function("reference").call or _nothing
            return Loaded(call, contextlib.nullcontext, functools.partial(_once, call, said))
        providers = source.stated.values.get("providers", {})
        if name not in providers:
            raise CannotRun(f"{source.file} has no provider {name!r}")
        call = providers[name]
        emulated = isinstance(call, EmulatedCall)
        return Loaded(
            call, contextlib.nullcontext, lambda *_, **__: said, emulated=emulated, users=True
        )


def _once(call: Any, said: str, *inputs: Tensor, **scalars: Any) -> str:
    """The reference's name; CannotRun where it gives what no provider may, as one that turns its
    inputs to fp64 does."""
    dtypes = {one.dtype for one in inputs if one.is_floating_point()}
    with torch.no_grad():
        returned = call(*(one.clone() for one in inputs), **scalars)
    many: List[Any] = list(returned) if isinstance(returned, (list, tuple)) else [returned]
    for one in many:
        if one.dtype is torch.float64 and torch.float64 not in dtypes:
            raise CannotRun(
                "the reference turns its inputs to fp64, so that it says nothing of speed; "
                "without .double() it would be the baseline"
            )
    return said


def _nothing(*_: Any, **__: Any) -> None:
    return None
