"""Where the project is: the folder that holds what travels to the hosts."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.sync.sources import PARTS


def here() -> Path | None:
    """Where one stands; None where that folder has been removed."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def find(here: Path | None) -> Path | None:
    """The nearest folder, from `here` upwards, that holds csrc/ and remote_payload/."""
    return next((folder for folder in _upwards(here) if is_whole(folder)), None)


def root(here: Path | None, inventory_folder: Path) -> Path:
    """The project that one stands in; else the one beside the inventory.

    Where neither is whole, the nearest folder with one of the parts: what it lacks is said when it
    is read. UsageError: there is none.
    """
    found = find(here) or (inventory_folder if is_whole(inventory_folder) else None)
    begun = (folder for folder in _upwards(here) if any((folder / one).is_dir() for one in PARTS))
    found = found or next(begun, None)
    if found is None:
        parts = " and ".join(f"{part}/" for part in PARTS)
        raise UsageError(
            f"there is no project here: neither {here or 'a removed folder'} nor a folder above it "
            f"holds {parts}, nor does {inventory_folder}, the inventory's folder",
            hint="Go to the project, or to any folder in it.",
        )
    return found


def is_whole(folder: Path) -> bool:
    """Whether all that travels is there."""
    return all((folder / part).is_dir() for part in PARTS)


def _upwards(here: Path | None) -> tuple[Path, ...]:
    if here is None:
        return ()
    return (here.absolute(), *here.absolute().parents)
