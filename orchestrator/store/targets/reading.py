"""targets.yaml → targets; whoever wrote it wrong hears file, line, key and the mend.

targets:
  headline:                      # a name of yours
    operator: attention          # as --operator takes it: ours, of kernels.yaml, or a file's name
    case: B=16,H=96,S=512,D=64   # as --case writes it, one value for each axis
    dtype: fp16
    gpu: H100 SXM                # a model, or what nvidia-smi calls a GPU
    method: back_to_back         # or cold, or graph
    unit: us/head                # or us/call
    provider: sparsek            # left out: yours, else ours
    tiers:
      baseline: <= 3.820
      goal: < 1.75
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TypeVar

from orchestrator.store.inventory.document import (
    Block,
    Scalar,
    Tree,
    complaint,
    nearest,
    read_document,
)
from orchestrator.store.inventory.written import Reading, nearest_above, text_of
from orchestrator.store.targets import words
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Targets, Tier
from remote_payload.contract.words import Method

FILE_NAME = "targets.yaml"
_MOST_BYTES = 1 << 20
_FIRST = "write `targets:`, and below it a name with operator, case, dtype, gpu and tiers"
_NEEDED = ("operator", "dtype", "gpu", "method", "unit", "tiers")
_KEYS = ("operator", "case", "dtype", "gpu", "method", "unit", "provider", "tiers")
_LONGEST_NAME = 80
_ANY_GPU = "NVIDIA "
E = TypeVar("E", bound=Enum)
T = TypeVar("T")


@dataclass(frozen=True)
class Vocabulary:
    """What names mean here. gpus: each spelling of a model that we know, and how it is called.
    operators: what the entries of kernels.yaml are called by their host."""

    gpus: Mapping[str, str]
    operators: Mapping[str, str]


def find(start: Path) -> Path | None:
    """The targets.yaml of `start` or of the nearest folder above; None if there is none."""
    return nearest_above(start, FILE_NAME)


def load(path: Path, vocabulary: Vocabulary) -> tuple[Targets, ...]:
    """The targets of the file, in its order; InventoryError: the first few things wrong with it."""
    top = read_document(path, text_of(path, _MOST_BYTES), "targets", _FIRST)
    reader = _Reader(path.name, vocabulary)
    found = reader.all(top)
    if reader.problems:
        raise complaint(path, reader.problems)
    return found


def bound_to(one: Targets) -> Targets:
    """What targets are bound to, so that others of the same take their place."""
    return replace(one, name="", source="", tiers=(), whole_call=False)


class _Reader(Reading):
    def __init__(self, source: str, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._source, self._vocabulary = source, vocabulary

    def all(self, top: Block) -> tuple[Targets, ...]:
        self.refuse_unknown(top, ("targets",))
        tree = top.entries.get("targets", top)
        if not isinstance(tree, Block) or not tree.entries or tree is top:
            said = "expected a mapping of targets by name"
            self.refuse(tree, said, _FIRST, key="targets")
            return ()
        found: dict[Targets, Targets] = {}
        for name, inner in tree.entries.items():
            one = self._one(name, inner)
            twin = found.setdefault(bound_to(one), one) if one else None
            if twin is not one and twin is not None:
                said = f"bound to the same as {twin.name}: operator, case, dtype, GPU and method"
                self.refuse(inner, said, "put the tiers of both into one")
        return tuple(found.values())

    def _one(self, name: str, tree: Tree) -> Targets | None:
        self._require_name(tree, name)
        if not isinstance(tree, Block):
            self.refuse(tree, f"expected a mapping with {', '.join(_NEEDED)}", _FIRST)
            return None
        self.refuse_unknown(tree, _KEYS)
        for key in _NEEDED:
            if key not in tree.entries:
                said = f"missing key, expected {_EXPECTED[key]}"
                self.refuse(tree, said, f"add {key}: ...", key=f"{tree.key}.{key}")
        operator = self._operator(tree)
        dtype = self._of(tree, "dtype", _one_of(DType))
        method = self._of(tree, "method", _one_of(Method))
        gpu = self._of(tree, "gpu", self._gpu)
        unit = self._of(tree, "unit", lambda text: words.unit(operator, text)) if operator else None
        case = self._case(tree, operator, dtype) if operator and dtype else None
        provider = self._of(tree, "provider", str) if "provider" in tree.entries else ""
        tiers = self._tiers(tree.entries["tiers"]) if "tiers" in tree.entries else ()
        if not (case and method and gpu and unit and tiers) or provider is None:
            return None
        return Targets(
            case, gpu, method, tiers, name, self._source, provider, whole_call=unit.whole_call
        )

    def _operator(self, tree: Block) -> str:
        text = self._of(tree, "operator", str) or ""
        text = self._vocabulary.operators.get(text, text)
        # As its host calls it, which sees no folders of ours.
        return text.rpartition("/")[2] if ".py" in text else text

    def _case(self, tree: Block, operator: str, dtype: DType) -> Case | None:
        if "case" in tree.entries:
            return self._of(tree, "case", lambda text: words.case(operator, text, dtype))
        try:
            return words.case(operator, "", dtype)  # of a problem without axes
        except words.BadWords as exc:
            said = f"missing key: {exc}"
            self.refuse(tree, said, "add case: AXIS=VALUE,...", key=f"{tree.key}.case")
            return None

    def _gpu(self, text: str) -> str:
        known = self._vocabulary.gpus
        if text in known:
            return known[text]
        if text.startswith(_ANY_GPU):
            return text
        models = ", ".join(dict.fromkeys(known.values()))
        meant = nearest(text, known)
        aside = f" (did you mean {meant}?)" if meant else ""
        raise words.BadWords(
            f"expected a model of {models}, or what nvidia-smi calls another one "
            f"({_ANY_GPU}...), got {text!r:.60}{aside}"
        )

    def _tiers(self, tree: Tree) -> tuple[Tier, ...]:
        if not isinstance(tree, Block) or not tree.entries:
            said = f"expected {_EXPECTED['tiers']}"
            self.refuse(tree, said, "write goal: < 3.0 below it")
            return ()
        found: list[Tier] = []
        seen: dict[str, str] = {}
        for name, inner in tree.entries.items():
            self._require_name(inner, name)
            if twin := seen.get(name.casefold()):
                self.refuse(inner, f"called as {twin}, but for capitals", "rename one")
            seen[name.casefold()] = name
            one = self._read(inner, lambda text, name=name: words.tier(name, text))  # type: ignore[misc]
            found += [one] if one else []
        return tuple(found) if len(found) == len(tree.entries) else ()

    def _of(self, tree: Block, key: str, read: Callable[[str], T]) -> T | None:
        inner = tree.entries.get(key)
        return None if inner is None else self._read(inner, read)

    def _read(self, tree: Tree, read: Callable[[str], T]) -> T | None:
        """The value of a key, or None after noting what is wrong with it."""
        key = tree.key.rpartition(".")[2]
        text = tree.text if isinstance(tree, Scalar) else None
        if not text:
            self.refuse(tree, f"expected {_EXPECTED.get(key, _LIMIT)}", f"correct {key}")
            return None
        try:
            return read(text)
        except words.BadWords as exc:
            self.refuse(tree, str(exc), f"correct {key}")
            return None

    def _require_name(self, tree: Tree, name: str) -> None:
        if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
            self.refuse(tree, f"expected a name of 1 to {_LONGEST_NAME} characters", "rename it")


_LIMIT = "<= or < and a number of µs"
_EXPECTED = {
    "operator": "the name of an operator, as --operator takes it",
    "case": "AXIS=VALUE with commas between them, as --case writes it",
    "dtype": " or ".join(one.value for one in DType),
    "gpu": "a model of GPU, such as H100 SXM",
    "method": " or ".join(one.value for one in Method),
    "unit": "us/call, or the operator's own, such as us/head",
    "provider": "the name of a provider",
    "tiers": f"a mapping NAME: {_LIMIT}",
}


def _one_of(kind: type[E]) -> Callable[[str], E]:
    def read(text: str) -> E:
        found = next((one for one in kind if one.value == text), None)
        if found is None:
            known = ", ".join(str(one.value) for one in kind)
            raise words.BadWords(f"expected one of {known}, got {text!r:.60}")
        return found

    return read
