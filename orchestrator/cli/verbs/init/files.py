"""The files of a project that begins: which there are, and what is in them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestrator.cli.verbs.init.computation import KINDS, Computation

_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class NewFile:
    """path: from the project's folder."""

    path: PurePosixPath
    text: str


@dataclass(frozen=True)
class Places:
    """Where the operator and the kernel lie, from the project's folder; the kernel's other files
    lie beside it."""

    operator: PurePosixPath
    kernel: PurePosixPath


def places(name: str, kind: str, beside: PurePosixPath | None) -> Places:
    """beside: the folder of the user's own function, which both have to find there."""
    ending = KINDS[kind][0][0]
    if beside is None:
        return Places(PurePosixPath("ops", f"{name}.py"), PurePosixPath("kernels", name + ending))
    return Places(beside / f"{name}_operator.py", beside / f"{name}{ending}")


def project_files(
    name: str, kind: str, computation: Computation, where: Places, with_inventory: bool
) -> tuple[NewFile, ...]:
    """All that a project consists of."""
    known = {one.name: getattr(computation, one.name) for one in fields(computation)}
    for one in dir(type(computation)):
        if isinstance(getattr(type(computation), one), property):
            known[one] = getattr(computation, one)
    known |= {"name": name, "places": where}
    environment = _environment()
    if computation.body:
        body = environment.get_template(f"bodies/{computation.body}.j2")
        known["body"] = body.module
    endings = KINDS[kind][0] if computation.body else KINDS[kind][0][:2]
    kernels = ((where.kernel.with_suffix(ending), f"{kind}{ending}.j2") for ending in endings)
    every = (
        (where.operator, "operator.py.j2"),
        *kernels,
        (PurePosixPath("kernels.yaml"), "kernels.yaml.j2"),
        *([(PurePosixPath("inventory.yaml"), "inventory.yaml.j2")] if with_inventory else ()),
    )
    return tuple(
        NewFile(path, environment.get_template(template).render(known)) for path, template in every
    )


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
