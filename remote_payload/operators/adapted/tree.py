"""Values of any make, taken apart into their tensors and put together again.

Tuples, named tuples, lists, dicts and dataclasses are looked into; all else is a leaf. A tensor
that stands at two places is one.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import torch

from remote_payload.operators import returned

Tensor = Any
_DEEPEST = 32


@dataclass(frozen=True)
class Place:
    """Where a tensor stands: its number among those that were taken out."""

    number: int


@dataclass(frozen=True)
class Tree:
    """What is left without the tensors. names: of those, by where they stood, `[0].weight`."""

    shape: Any
    names: Tuple[str, ...]

    def filled(self, tensors: Sequence[Tensor]) -> Any:
        """The whole again; containers are new ones each time."""
        return _filled(self.shape, tensors)

    @property
    def others(self) -> Tuple[Any, ...]:
        """The leaves that are no tensors."""
        return tuple(_others(self.shape))


def taken_apart(value: Any, shared: bool = True) -> Tuple[Tree, Tuple[Tensor, ...]]:
    """What is left, and the tensors in their order. shared: one that stands at two places is one.
    ValueError: it is nested without end."""
    found = _Found(shared)
    shape = found.take(value, "", 0)
    return Tree(shape, tuple(found.names)), tuple(found.tensors)


class _Found:
    def __init__(self, shared: bool) -> None:
        self._shared = shared
        self.tensors: List[Tensor] = []
        self.names: List[str] = []
        self._seen: Dict[int, Place] = {}

    def take(self, value: Any, name: str, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError(f"nested more than {_DEEPEST} deep")
        if isinstance(value, torch.Tensor):
            if id(value) not in self._seen or not self._shared:
                self._seen[id(value)] = Place(len(self.tensors))
                # Of an answer, a class of its own is told, and not asked to compute anything.
                as_it_is = not self._shared and not returned.is_plain(value)
                self.tensors.append(value if as_it_is else value.detach())
                self.names.append(name)
            return self._seen[id(value)]
        if isinstance(value, dict):
            return _Keyed(
                type(value),
                tuple(
                    (k, self.take(v, f"{name}[{k!r}]", depth + 1))
                    for k, v in returned.entries(value)
                ),
            )
        if isinstance(value, (list, tuple)):
            held = enumerate(returned.parts(value))
            items = (self.take(v, f"{name}[{n}]", depth + 1) for n, v in held)
            return _Listed(type(value), tuple(items))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = [(f.name, getattr(value, f.name)) for f in dataclasses.fields(value)]
            inner = tuple((k, self.take(v, f"{name}.{k}", depth + 1)) for k, v in fields)
            return _Fields(type(value), inner)
        return value


@dataclass(frozen=True)
class _Listed:
    kind: Any
    items: Tuple[Any, ...]


@dataclass(frozen=True)
class _Keyed:
    kind: Any
    items: Tuple[Tuple[Any, Any], ...]


@dataclass(frozen=True)
class _Fields:
    kind: Any
    items: Tuple[Tuple[str, Any], ...]


def _others(shape: Any) -> Iterator[Any]:
    if isinstance(shape, _Listed):
        inner: Tuple[Any, ...] = shape.items
    elif isinstance(shape, (_Keyed, _Fields)):
        inner = tuple(one for _, one in shape.items)
    else:
        if not isinstance(shape, Place):
            yield shape
        return
    for one in inner:
        yield from _others(one)


def _filled(shape: Any, tensors: Sequence[Tensor]) -> Any:
    if isinstance(shape, Place):
        return tensors[shape.number]
    if isinstance(shape, _Listed):
        items = [_filled(one, tensors) for one in shape.items]
        return shape.kind(*items) if hasattr(shape.kind, "_fields") else shape.kind(items)
    if isinstance(shape, _Keyed):
        keyed = shape.kind.__new__(shape.kind)  # which may be one that has keys as attributes
        for name, one in shape.items:
            keyed[name] = _filled(one, tensors)
        return keyed
    if isinstance(shape, _Fields):
        made = object.__new__(shape.kind)
        for name, one in shape.items:
            object.__setattr__(made, name, _filled(one, tensors))
        return made
    return shape
