"""A user's own provider as it was at a revision, out of what git keeps."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import committed
from orchestrator.store.kernels.users_provider import UsersProvider
from orchestrator.values.snapshot import Extra
from orchestrator.workflows.against.laid_out import Contents, contents, kept, lay_out
from orchestrator.workflows.user_providers import FILES, PROVIDERS_FOLDER, travelling
from remote_payload.contract.request import AT, Provider


@dataclass(frozen=True)
class Then:
    """A provider as it was. contents: of the files that travel for it; empty where, as `why` says,
    it was not there."""

    provider: Provider
    extra: Extra = ()
    contents: Contents = field(default_factory=dict)
    why: str = ""


def of_user_at(given: UsersProvider, here: Path, revision: str) -> Then:
    """A user's own provider out of what git keeps of its folder at a revision. UsageError: git does
    not know the revision there, or the folder is too large or not all of it can be had."""
    place, _, function = given.target.rpartition(":")
    if not place.endswith(FILES):
        why = f"{place} is a module of the host, of which git here knows nothing"
        return Then(Provider(f"{given.name}{AT}{revision}", given.target), why=why)
    folder, colon, inner = place.rpartition(":")
    path = here / Path(folder if colon else place).expanduser()
    base = path if colon else path.parent
    commit = committed.commit(base, revision)
    name = f"{given.name}{AT}{commit.short}"
    absent = Provider(name, given.target)
    with tempfile.TemporaryDirectory() as made:
        root = Path(made).resolve()
        then = lay_out(commit, base, root, whole=bool(colon))
        if not (then / (inner if colon else path.name)).is_file():
            return Then(absent, why=f"there is no {inner or path} at {commit.words}")
        target = f"{then}/:{inner}:{function}" if colon else f"{then / path.name}:{function}"
        made_of = given.toolchain, given.destination_passing
        try:
            twin, files = travelling(name, target, here, *made_of)
        except UsageError:
            return Then(absent, why=f"folders of its headers are not at {commit.words}")
        was = contents(files, f"{PROVIDERS_FOLDER}/{name}", root)
        return Then(twin, kept(files, root), was)
