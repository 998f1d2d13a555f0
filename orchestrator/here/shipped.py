"""What was installed beside the code: templates, baselines, and the sources that travel to hosts.

A wheel holds them in the package, below data/; a checkout, also one that is installed with -e,
where the repository keeps them. pyproject.toml leads from one to the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from orchestrator.errors import UsageError

_DATA = "data"
# Name in a wheel → place in the repository.
_PLACES = {"templates": "templates", "csrc": "csrc", "baselines": "benchmarks/baselines"}
_CACHE = "__pycache__"
# Asked for once, and at first: whoever gives up rights later may not find importlib any more.
_PACKAGE = Path(str(resources.files("orchestrator")))


def folder(name: str) -> Path:
    """The folder of that name; UsageError: the installation lacks it."""
    package = _PACKAGE
    places = (package / _DATA / name, package.parent / _PLACES[name])
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        raise UsageError(
            f"this installation is not whole: it has no {name}/, neither {places[0]} nor "
            f"{places[1]}",
            hint="Install it again: pip install --force-reinstall blackwell-sparsek",
        )
    return found


def project() -> Path:
    """The folder whose sources travel where no other is: the repository, or what stands for it."""
    return folder("csrc").parent


def is_installed(project: Path) -> bool:
    """Whether it only stands for a project: its parts lie apart, and no git knows of them."""
    return project == (_PACKAGE / _DATA).resolve()


def files() -> Iterator[tuple[str, Path]]:
    """(path in a snapshot, file) for all that an installed package sends."""
    beside = _PACKAGE.parent
    parts = {
        "csrc": folder("csrc"),
        "remote_payload": beside / "remote_payload",
        # Python finds it without the payload around it, so that anybody may import the kernel.
        "remote_payload/blackwell_sparsek": beside / "blackwell_sparsek",
    }
    for part, top in parts.items():
        for place, folders, names in os.walk(top):
            folders[:] = [name for name in folders if name != _CACHE]
            inside = Path(part, os.path.relpath(place, top))
            yield from ((str(inside / name), Path(place, name)) for name in names)
