"""Which Nsight Compute this is, and what it says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from orchestrator.errors import HostUnfit

_VERSION = re.compile(r"\b(20\d\d)\.(\d+)\.(\d+)(?:\.\d+)? \(build \d+\)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")
_IDENTIFIER = re.compile(r"[A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*\Z")


@dataclass(frozen=True, order=True)
class NcuVersion:
    """The version as NVIDIA writes it: 2026.2.1."""

    year: int
    release: int
    patch: int

    def __str__(self) -> str:
        return f"{self.year}.{self.release}.{self.patch}"


@dataclass(frozen=True)
class Ncu:
    """An installed Nsight Compute, as it describes itself.

    options: the long options its --help names. sections: the identifiers of --list-sections.
    """

    path: PurePosixPath
    version: NcuVersion
    options: frozenset[str]
    sections: frozenset[str]


def find_version(text: str) -> NcuVersion | None:
    """The first version stated in `text` as in `2026.2.1.0 (build 38283040)`."""
    found = _VERSION.search(text)
    return NcuVersion(int(found[1]), int(found[2]), int(found[3])) if found else None


def parse_version(text: str) -> NcuVersion:
    """The version in the output of `ncu --version`. HostUnfit when it states none."""
    version = find_version(text)
    if version is None:
        said = text.strip().splitlines()[-1:] or ["nothing"]
        raise HostUnfit(
            f"ncu --version stated no version; it said: {said[0][:200]}",
            hint="Name another ncu; those of CUDA lie in /usr/local/cuda*/bin/ncu.",
        )
    return version


def describe(path: PurePosixPath, version: str, usage: str, sections: str) -> Ncu:
    """An Ncu from the outputs of `--version`, `--help` and `--list-sections`. HostUnfit as above.

    A section is a line of the list that starts with its identifier.
    """
    words = (line.split(maxsplit=1) for line in sections.splitlines())
    return Ncu(
        path,
        parse_version(version),
        frozenset(_OPTION.findall(usage)),
        frozenset(
            word[0]
            for word in words
            if len(word) > 1 and _IDENTIFIER.match(word[0]) and word[0] != "Identifier"
        ),
    )
