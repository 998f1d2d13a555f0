"""A Definition of FlashInfer Trace as values. Standard library only; both programs read it.

The schema: flashinfer-ai/flashinfer-bench, docs/flashinfer-trace/definition.mdx and workload.mdx.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from typing import Dict, Mapping, Optional, Tuple, Union

from remote_payload.operators.adapted.node import Node
from remote_payload.operators.user.stated import NOT_PARSED

# Of the schema, with what torch calls them.
DTYPES: Dict[str, str] = {
    "float32": "float32",
    "float16": "float16",
    "bfloat16": "bfloat16",
    "float64": "float64",
    "float8_e4m3fn": "float8_e4m3fn",
    "float8_e5m2": "float8_e5m2",
    "float4_e2m1": "float4_e2m1fn_x2",
    "int64": "int64",
    "int32": "int32",
    "int16": "int16",
    "int8": "int8",
    "uint8": "uint8",
    "bool": "bool",
}
MOST_AXES = 64
_LONGEST_NAME = 120
RUN = "run"
# The axis by which a case names its workload, beside those of the definition.
WORKLOAD = "workload"
Shape = Optional[Tuple[str, ...]]
Number = Union[bool, int, float]


@dataclass(frozen=True)
class Spec:
    """One input or output. shape: its axes; None for a Python number, () for a tensor of none.
    dtype: as torch calls it."""

    name: str
    shape: Shape
    dtype: str


@dataclass(frozen=True)
class Definition:
    """axes: each with its value, None where it varies. source: of the reference, which has `run`.
    constraints: expressions about axes and inputs."""

    name: str
    op_type: str
    axes: Mapping[str, Optional[int]]
    inputs: Tuple[Spec, ...]
    outputs: Tuple[Spec, ...]
    source: str
    tags: Tuple[str, ...] = ()
    description: str = ""
    constraints: Tuple[str, ...] = ()

    @functools.cached_property
    def by_name(self) -> bool:
        """Whether the reference calls its parameters as the inputs are called, in another order:
        what its author meant are the names."""
        functions = (one for one in ast.parse(self.source).body if isinstance(one, ast.FunctionDef))
        run = [one.args for one in functions if one.name == RUN][-1]  # as Python has it
        parameters = [one.arg for one in run.args]
        names = [one.name for one in self.inputs]
        plain = not (run.posonlyargs or run.kwonlyargs or run.vararg)
        return plain and parameters != names and sorted(parameters) == sorted(names)

    @property
    def varying(self) -> Tuple[str, ...]:
        """The axes that a workload gives."""
        return tuple(name for name, value in self.axes.items() if value is None)

    def size(self, spec: Spec, axes: Mapping[str, int]) -> Tuple[int, ...]:
        """The shape in numbers; of a Python number, that of a tensor of none."""
        known = {**{n: v for n, v in self.axes.items() if v is not None}, **axes}
        return tuple(known[name] for name in spec.shape or ())


@dataclass(frozen=True)
class Stored:
    """An input of a workload that is no random one. value: a number; path, key: of a file of
    safetensors."""

    value: Optional[Number] = None
    path: str = ""
    key: str = ""


@dataclass(frozen=True)
class Workload:
    """refused: why it cannot be run, as far as that is known at home; empty if it can."""

    uuid: str
    axes: Mapping[str, int]
    stored: Mapping[str, Stored]
    refused: str = ""


def definition(node: Node) -> Definition:
    """What a Definition says; BadOperator names the key that is wrong."""
    axes = _axes(node.of("axes"))
    inputs, outputs = (_specs(node.of(name), axes) for name in ("inputs", "outputs"))
    both = {one.name for one in inputs} & {one.name for one in outputs}
    if both:
        raise node.of("outputs").bad(f"{min(both)!r} is an input as well")
    if not outputs:
        raise node.of("outputs").bad("expected at least one")
    described = node.maybe("description")
    return Definition(
        name=_name(node.of("name")),
        op_type=_name(node.of("op_type")),
        axes=axes,
        inputs=inputs,
        outputs=outputs,
        source=_source(node.of("reference")),
        tags=_texts(node.maybe("tags")),
        description=described.words() if described else "",
        constraints=_constraints(node.maybe("constraints")),
    )


def workload(node: Node, of: Definition) -> Workload:
    """One line of a file of workloads, or a Workload alone; BadOperator."""
    inner = node.maybe("workload") or node
    named = node.maybe("definition")
    if named is not None and named.value != of.name:
        raise named.expected(of.name)
    axes = {name: one.whole() for name, one in inner.of("axes").entries().items()}
    for name in of.varying:
        if name not in axes:
            raise inner.of("axes").bad(f"there is no {name!r} in it")
    for name in axes:
        if of.axes.get(name, axes[name]) not in (None, axes[name]):
            raise inner.of("axes").of(name).expected(str(of.axes[name]))
        if name not in of.axes:
            raise inner.of("axes").bad(f"{of.name} has no axis {name!r}")
    known = {one.name: one for one in of.inputs}
    stored = {}
    for name, one in inner.of("inputs").entries().items():
        if name not in known:
            raise one.bad(f"{of.name} has no such input")
        found = _stored(one, known[name])
        if found is not None:
            stored[name] = found
    varying = {name: value for name, value in axes.items() if of.axes[name] is None}
    refused = inner.maybe("refused")
    return Workload(inner.of("uuid").text(), varying, stored, refused.text() if refused else "")


def _axes(node: Node) -> Dict[str, Optional[int]]:
    entries = node.entries()
    if len(entries) > MOST_AXES:
        raise node.bad(f"has {len(entries)} axes; at most {MOST_AXES} are taken")
    found: Dict[str, Optional[int]] = {}
    for name, one in entries.items():
        if not name.isidentifier():
            raise node.bad(f"{name!r:.60} cannot be the name of an axis")
        kind = one.of("type").one_of(("const", "var"))
        found[name] = one.of("value").whole() if kind == "const" else None
    return found


def _specs(node: Node, axes: Mapping[str, Optional[int]]) -> Tuple[Spec, ...]:
    found = []
    for name, one in node.entries().items():
        if not name.isidentifier():
            raise node.bad(f"{name!r:.60} cannot be the name of a tensor")
        shape: Shape = None
        if one.of("shape").value is not None:
            shape = tuple(axis.text() for axis in one.of("shape").items())
            for axis in shape:
                if axis not in axes:
                    raise one.of("shape").bad(f"{axis!r:.60} is none of its axes")
        found.append(Spec(name, shape, DTYPES[one.of("dtype").one_of(tuple(DTYPES))]))
    return tuple(found)


def _source(node: Node) -> str:
    text = node.text()
    try:
        tree = ast.parse(text)
    except SyntaxError as exc:
        raise node.bad(f"no Python: {exc.msg}, line {exc.lineno or 1} of it") from None
    except NOT_PARSED as exc:
        raise node.bad(f"no Python: {exc or type(exc).__name__}") from None
    if not any(isinstance(one, ast.FunctionDef) and one.name == RUN for one in tree.body):
        raise node.bad("there is no function `run` in it")
    return text


def _constraints(node: Optional[Node]) -> Tuple[str, ...]:
    found = _texts(node)
    for number, text in enumerate(found):
        try:
            ast.parse(text, mode="eval")
        except (*NOT_PARSED, SyntaxError):
            assert node is not None  # there is a text of it
            raise node.items()[number].expected("an expression") from None
    return found


def _stored(node: Node, spec: Spec) -> Optional[Stored]:
    kind = node.of("type").one_of(("random", "scalar", "safetensors"))
    if kind == "safetensors":
        return Stored(path=node.of("path").text(), key=node.of("tensor_key").text())
    if kind == "random":
        return None
    value = node.of("value")
    if spec.shape is not None and spec.shape != ():
        raise node.bad(f"a scalar, and {spec.name} is a tensor of {', '.join(spec.shape)}")
    if not isinstance(value.value, (bool, int, float)):
        raise value.expected("a number, true or false")
    return Stored(value=value.value)


def _texts(node: Optional[Node]) -> Tuple[str, ...]:
    return tuple(one.text() for one in node.items()) if node is not None else ()


def _name(node: Node) -> str:
    text = node.text()
    plain = all(letter.isalnum() or letter in "_.-" for letter in text)
    if not plain or text[0] in ".-" or len(text) > _LONGEST_NAME:
        raise node.expected(f"a name of letters, digits, _ . and -, {_LONGEST_NAME} at the most")
    return text
