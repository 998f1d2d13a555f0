"""A FlashInfer Trace solution as a provider.

The schema: flashinfer-ai/flashinfer-bench, docs/flashinfer-trace/solution.mdx.
"""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.workflows.problems.made import Brought, inside, provider_name
from orchestrator.workflows.problems.recognise import text_of
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Binding
from remote_payload.operators.adapted import node
from remote_payload.operators.adapted.node import Node
from remote_payload.operators.flashinfer.reading import Definition

LANGUAGES = ("python", "triton", "cpp", "cuda")
_PYTHON = ("python", "triton")
_BINDINGS = {"tvm-ffi": Binding.TVM_FFI, "torch": Binding.TORCH}


def read(path: Path, of: Definition) -> Brought:
    """The provider of a solution's file; BadOperator names the key that is wrong, UsageError a path
    that leads out of its folder."""
    top = node.read(path.name, text_of(path))
    name = top.of("name").text()
    for_whom = top.of("definition").text()
    if for_whom != of.name:
        raise UsageError(
            f"{path.name}: definition: {for_whom} is what it solves, not {of.name}",
            hint="Name a solution of this definition, or the definition of that solution.",
        )
    spec = top.of("spec")
    language = spec.of("language").one_of(LANGUAGES)
    file, function = _entry(spec.of("entry_point"))
    sources = {
        inside(one.of("path").text(), path.name): one.of("content").text().encode()
        for one in top.of("sources").items()
    }
    if len(sources) != len(top.of("sources").items()):
        raise top.of("sources").bad("two of them have one path")
    for one in sources:
        if any(other.startswith(f"{one}/") for other in sources):
            raise top.of("sources").bad(f"{one!r:.60} is a file and a folder")
    if file not in sources:
        raise spec.of("entry_point").bad(f"there is no source {file!r:.60}")
    fills = spec.maybe("destination_passing_style")
    binding = spec.maybe("binding")
    bound = _BINDINGS[binding.one_of(tuple(_BINDINGS))] if binding else Binding.TVM_FFI
    provider = Provider(
        provider_name(name),
        f"{file}:{function}",
        required=True,
        destination_passing=fills.flag() if fills else True,
        binding=None if language in _PYTHON else bound,
    )
    return Brought(provider, tuple(sources.items()))


def names(path: Path) -> tuple[str, str]:
    """What a solution is called as a provider, and by whoever wrote it; BadOperator."""
    name = node.read(path.name, text_of(path)).of("name").text()
    return provider_name(name), name


def _entry(said: Node) -> tuple[str, str]:
    file, colons, function = said.text().partition("::")
    if not colons or not function.isidentifier():
        raise said.expected("file::function")
    return inside(file, said.file), function
