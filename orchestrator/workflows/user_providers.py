"""A user's own provider: what of it travels, and where in the snapshot it then stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.sync import sources
from orchestrator.sync.headers import COMPILED, HEADERS
from orchestrator.sync.neighbours import neighbours
from orchestrator.values.snapshot import Extra
from remote_payload.contract.request import Provider
from remote_payload.contract.tools.toolchain import BadFlag, Toolchain, require

# Inside the snapshot, where the user's own provider files travel to.
PROVIDERS_FOLDER = "providers"
# Files that are named, not modules.
FILES = (".py", ".cu")
# Sent for every edit of one of them; what is larger is seldom source.
MOST_FOLDER_BYTES = 100_000_000


def travelling(
    name: str,
    target: str,
    here: Path,
    toolchain: Toolchain = Toolchain(),
    destination_passing: bool | None = None,
) -> tuple[Provider, Extra]:
    """The provider as the payload knows it, and (path in the snapshot, local file or folder) pairs.

    target: "module:function", "path.py:function" or "path.cu:function"; or, with a folder that is
    to travel as a whole, "folder/:path.cu:function". Paths are relative to `here`; those of folders
    of headers to the file's folder, or to the folder that is named.
    UsageError: what is not there, a folder too large to be sources, a flag that is not taken.
    """
    try:
        require(toolchain)
    except BadFlag as exc:
        raise UsageError(f"provider {name}: {exc}", hint="Leave it out, or mend it.") from exc
    place, _, function = target.rpartition(":")
    folder, colon, inner = place.rpartition(":")
    inside = f"{PROVIDERS_FOLDER}/{name}"
    if not place.endswith(FILES):
        if "/" in place or place.endswith((*COMPILED, *HEADERS)):
            raise UsageError(
                f"--provider {name}={target}: {place} is neither a Python nor a CUDA file",
                hint="C++ is compiled by a Python file with torch's load; see docs/providers.md.",
            )
        return Provider(name, target, True, toolchain, destination_passing), ()
    if colon:
        base, extra = _folder(name, here / Path(folder).expanduser(), inner, inside)
        path = inner
    else:
        source = here / Path(place).expanduser()
        if not source.is_file():
            raise UsageError(
                f"--provider {name}={target}: there is no file {place}",
                hint="Give a path relative to where you are, then a colon and the function.",
            )
        # A folder of its own: no other provider's file is its neighbour.
        base, path = source.parent, source.name
        files = (source, *neighbours(source))
        extra = tuple((f"{inside}/{one.relative_to(base).as_posix()}", one) for one in files)
    said, headers = _headers(toolchain, base, inside, whole=bool(colon))
    target = f"{inside}/{Path(path).as_posix()}:{function}"
    return Provider(name, target, True, said, destination_passing), (*extra, *headers)


def _folder(name: str, folder: Path, inner: str, inside: str) -> tuple[Path, Extra]:
    """The folder as it travels, by the rules of git for what is a source."""
    if not folder.is_dir():
        raise UsageError(
            f"--provider {name}: there is no folder {folder}",
            hint="Write the folder, a colon, the file in it, a colon and the function.",
        )
    if ".." in Path(inner).parts or not (folder / inner).is_file():
        raise UsageError(
            f"--provider {name}: there is no file {inner} in {folder}",
            hint="The file is relative to the folder before it.",
        )
    extra = ((inside, folder),)
    size_bytes = sources.scan(folder, parts=(), extra=extra).snapshot.size_bytes
    if size_bytes > MOST_FOLDER_BYTES:
        raise UsageError(
            f"--provider {name}: {folder} holds {size_bytes / 1e6:,.0f} MB that would travel; "
            f"at most {MOST_FOLDER_BYTES / 1e6:,.0f} MB are sent as sources",
            hint="Name a smaller folder, or let git ignore what is no source.",
        )
    return folder, extra


def _headers(
    toolchain: Toolchain, base: Path, inside: str, whole: bool
) -> tuple[Toolchain, Sequence[tuple[str, Path]]]:
    """Folders of headers as the host knows them, and those that travel for it."""
    include, extra = [], []
    for folder in toolchain.include:
        if folder.startswith("/"):
            include.append(folder)
            continue
        if not (base / folder).is_dir():
            raise UsageError(
                f"there is no folder of headers {base / folder}",
                hint="include is relative to the file's folder, or an absolute path on the host.",
            )
        place = f"{inside}/{Path(folder).as_posix()}"
        include.append(place)
        if not whole:
            extra.append((place, base / folder))
    return replace(toolchain, include=tuple(include)), extra
