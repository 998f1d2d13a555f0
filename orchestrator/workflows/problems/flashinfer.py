"""A FlashInfer Trace definition with its workloads and solutions, made ready to travel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestrator.store.inventory.plain import read_plain
from orchestrator.values.snapshot import Extra
from orchestrator.workflows.own import OPERATORS_FOLDER, Beside, Own
from orchestrator.workflows.problems import solutions
from orchestrator.workflows.problems.made import described, named, operator_name
from orchestrator.workflows.problems.recognise import text_of
from remote_payload.contract.words import NO_INPUTS
from remote_payload.operators.adapted import formats, node
from remote_payload.operators.adapted.node import Node
from remote_payload.operators.flashinfer import reading, rules
from remote_payload.operators.flashinfer.reading import Definition, Workload

FORMAT = "flashinfer"
OPTIONS = ("--workloads", "--rules", "--solution")
LFS = b"version https://git-lfs.github.com/spec/v1"
_REFERENCE = "reference.py"


def own(path: Path, beside: Beside) -> Own:
    """The operator of a definition's file; BadOperator, UsageError."""
    document = node.read(path.name, text_of(path))
    definition = reading.definition(document)
    root = set_of(path)
    lines, files = _workloads(definition, root, beside.workloads)
    limits = _rules(definition, beside.rules)
    name = operator_name(definition.name)
    inside = f"{OPERATORS_FOLDER}/{name}"
    brought = [solutions.read(one, definition) for one in beside.solutions]
    providers, sources = named(brought)
    body: dict[str, Any] = {"definition": document.value, "workloads": lines}
    if limits is not None:
        body["rules"] = limits
    stored = tuple((f"{inside}/{place}", file) for place, file in files)
    made: Extra = (
        (f"{inside}/{formats.FILE}", formats.text(FORMAT, name, body)),
        (f"{inside}/{_REFERENCE}", definition.source.encode()),
    )
    said = described(definition.name, dict.fromkeys(definition.varying, 1))
    target = f"{inside}/{formats.FILE}"
    return Own(name, target, said, (*made, *stored, *sources), providers, FORMAT, path)


def set_of(path: Path) -> Path:
    """The folder of the trace set, from which its paths start."""
    above = [folder for folder in path.absolute().parents if folder.name == "definitions"]
    return above[-1].parent if above else path.absolute().parent


def _workloads(
    of: Definition, root: Path, given: Path | None
) -> tuple[list[Any], list[tuple[str, Path]]]:
    """The lines, each with its files by where they travel to, and those files. What lies beside the
    definitions is found without being named."""
    usual = root / "workloads" / of.op_type / f"{of.name}.jsonl"
    path = given or (usual if usual.is_file() else None)
    lines: list[Any] = []
    files: dict[Path, str] = {}
    for line in _lines(path) if path else ():
        plain = line.value
        one = reading.workload(line, of)
        if one.uuid in (known["uuid"] for known in lines):
            raise line.bad(f"the uuid {one.uuid} is there twice")
        inner = dict(plain.get("workload") or plain)
        inner["inputs"], refused = _travelling(inner["inputs"], one, root, files)
        if refused:
            inner["refused"] = refused
        lines.append(inner)
    return lines, [(place, file) for file, place in files.items()]


def _lines(path: Path) -> Iterator[Node]:
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if line.strip():
            yield node.read(f"{path.name}:{number}", line)


def _travelling(
    inputs: dict[str, Any], one: Workload, root: Path, files: dict[Path, str]
) -> tuple[dict[str, Any], str]:
    """The inputs, with paths as they are on a host; and why the workload cannot be run, if so."""
    found = dict(inputs)
    for name, stored in one.stored.items():
        if not stored.path:
            continue
        path = (root / stored.path).resolve()
        if problem := _missing(path, root):
            return found, f"{NO_INPUTS}: {name}: {stored.path} {problem}"
        place = files.setdefault(path, f"stored/{len(files)}-{path.name}")
        found[name] = {**found[name], "path": place}
    return found, ""


def _missing(path: Path, root: Path) -> str:
    if not path.is_relative_to(root.resolve()):
        return "leads out of the trace set"
    try:
        with path.open("rb") as file:
            pointer = file.read(len(LFS)) == LFS
    except OSError as exc:
        return f"is not here ({exc.strerror})"
    return "is a Git LFS pointer; git lfs pull brings the file" if pointer else ""


def _rules(of: Definition, path: Path | None) -> dict[str, Any] | None:
    """Their configuration's overrides for this definition: those of its op_type, then its own."""
    if path is None:
        return None
    top = Node(path.name, read_plain(path, text_of(path)))
    found: dict[str, Any] = {}
    known = {"op_type_config": of.op_type, "definition_config": of.name}
    for name, inner in known.items():
        section = top.maybe(name)
        mine = section.maybe(inner) if section else None
        for key, value in (mine.entries() if mine else {}).items():
            found.update(value.value if key == "extra" else {key: value.value})
    for name, one in top.entries().items():
        if name not in known:
            found[name] = one.value
    found = {name: value for name, value in found.items() if name in rules.KNOWN}
    rules.rules(of, Node(path.name, found))
    return found
