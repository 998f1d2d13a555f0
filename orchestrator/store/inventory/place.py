"""Where the inventory lies: looked for without anything being read."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import InventoryError

FILE_NAME = "inventory.yaml"


def find(start: Path | None) -> Path | None:
    """Return the inventory.yaml of start or the nearest folder above; None if there is none.

    start: None where one stands in a folder that has been removed: InventoryError.
    """
    if start is None:
        raise InventoryError(
            "the folder that you stand in has been removed",
            hint="go to one that is there, or name the file with --inventory",
        )
    places = (folder / FILE_NAME for folder in (start.absolute(), *start.absolute().parents))
    return next((place for place in places if place.is_file()), None)
