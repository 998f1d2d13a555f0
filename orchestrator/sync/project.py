"""Where the project is: the folder that holds what travels to the hosts."""

from __future__ import annotations

from pathlib import Path

from orchestrator.here import shipped

# Of a project, what travels.
PARTS = ("csrc", "remote_payload")
# Many a project has a csrc/ of its own that has nothing to do with ours.
_OURS = ("remote_payload", "csrc/attention/api.cu")


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
    """The project that one stands in; else the one beside the inventory; else what was installed.

    A folder that is ours by one of its parts, though not whole, is taken for a project too: what it
    lacks is said when it is read. UsageError: there is none, and the installation is not whole.
    """
    found = find(here) or (inventory_folder if is_whole(inventory_folder) else None)
    begun = (folder for folder in _upwards(here) if any((folder / one).exists() for one in _OURS))
    return found or next(begun, None) or shipped.project()


def is_whole(folder: Path) -> bool:
    """Whether all that travels is there."""
    return all((folder / part).is_dir() for part in PARTS)


def _upwards(here: Path | None) -> tuple[Path, ...]:
    if here is None:
        return ()
    return (here.absolute(), *here.absolute().parents)
