"""Where a program of the host lies."""

from __future__ import annotations

import glob
import os
import re
import shutil
from typing import List, Optional, Sequence


def program(name: str, path: Optional[str], places: Sequence[str]) -> Optional[str]:
    """`name` in the folders of `path` (None: of PATH), else the newest of the usual places.

    places: patterns with * for the version.
    """
    found = shutil.which(name, path=path)
    if found is not None:
        return found
    for place in places:
        for candidate in sorted(glob.glob(place), key=_numbers, reverse=True):
            if os.access(candidate, os.X_OK):
                return candidate
    return None


def _numbers(path: str) -> List[int]:
    """For sorting: cuda-12.10 is newer than cuda-12.9."""
    return [int(part) for part in re.findall(r"\d+", path)]
