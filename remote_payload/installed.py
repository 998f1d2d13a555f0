"""Where a program of the host lies."""

from __future__ import annotations

import glob
import os
import shutil
from typing import Optional, Sequence


def program(name: str, path: Optional[str], places: Sequence[str]) -> Optional[str]:
    """`name` in the folders of `path` (None: of PATH), else the newest of the usual places.

    places: patterns with * for the version.
    """
    found = shutil.which(name, path=path)
    if found is not None:
        return found
    for place in places:
        for candidate in sorted(glob.glob(place), reverse=True):
            if os.access(candidate, os.X_OK):
                return candidate
    return None
