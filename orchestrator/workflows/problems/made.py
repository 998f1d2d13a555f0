"""What problems of all formats are made into before they travel."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from orchestrator.errors import UsageError
from orchestrator.values.snapshot import Extra
from orchestrator.workflows.user_providers import PROVIDERS_FOLDER
from remote_payload.contract.case import Value
from remote_payload.contract.dtypes import DType
from remote_payload.contract.request import Provider
from remote_payload.operators import registry
from remote_payload.operators.user.protocol import REFERENCE, Protocol
from remote_payload.operators.user.sweep import Sweep

COMPILED = "torch-compile"
_FIRST_LETTER, _LONGEST_PART = 32, 200
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


@dataclass(frozen=True)
class Brought:
    """A provider that came with a problem, and its files by their paths in its own folder."""

    provider: Provider
    files: Extra


def named(brought: Sequence[Brought]) -> tuple[tuple[Provider, ...], Extra]:
    """All of them, each in a folder of its own. UsageError: two of one name."""
    names = [one.provider.name for one in brought]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise UsageError(
            f"two candidates are called {twice}", hint="Rename one, or leave it out of this run."
        )
    providers, files = [], []
    for one in brought:
        inside = f"{PROVIDERS_FOLDER}/{one.provider.name}"
        providers.append(replace(one.provider, target=f"{inside}/{one.provider.target}"))
        files += [(f"{inside}/{path}", content) for path, content in one.files]
    return tuple(providers), tuple(files)


def provider_name(text: str) -> str:
    """A name as providers have one, of what somebody called it."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-._") or "candidate"
    return f"{plain}-" if plain in (REFERENCE, COMPILED) else plain


def operator_name(text: str) -> str:
    """Likewise of an operator, which may not be called as one of ours."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.") or "problem"
    return f"{plain}-" if plain in registry.names() else plain


def described(
    title: str,
    axes: Mapping[str, Value],
    dtypes: Iterable[DType] | None = None,
    compiled: bool = False,
) -> Protocol:
    """What is known of a problem at home, as of an operator's file. axes: each with a value like
    those that it has."""
    sweep: Sweep = {name: (value,) for name, value in axes.items()}
    return Protocol(
        title=title,
        sweep=sweep,
        cpu_sweep=sweep,
        dtypes=tuple(dtypes) if dtypes is not None else None,
        providers=(COMPILED,) if compiled else (),
        baseline=REFERENCE,
        per="",
        unit="µs",
        precision="given",
        outputs=None,
    )


def inside(path: str, what: str) -> str:
    """A relative path that stays where it is put; UsageError."""
    parts = PurePosixPath(path).parts
    odd = any(ord(letter) < _FIRST_LETTER or letter == "\\" for letter in path)
    if not parts or path.startswith("/") or ".." in parts or odd or path.endswith("/"):
        raise UsageError(
            f"{what}: the path {path!r:.80} leads out of its folder, or is none",
            hint="Paths of sources are relative, and stay inside.",
        )
    if max(map(len, parts)) > _LONGEST_PART:
        raise UsageError(f"{what}: the path {path!r:.80} is too long", hint="Shorten it.")
    return PurePosixPath(path).as_posix()
