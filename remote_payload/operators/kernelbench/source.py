"""A problem's file as it lies on the host: executed with a case's sizes, once for each.

Only workers come here: whatever the file does, it does to a process that can be ended.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Mapping, Optional, Tuple

from remote_payload.operators import provider_file
from remote_payload.operators.adapted import redirect
from remote_payload.operators.kernelbench import reading
from remote_payload.operators.kernelbench.reading import Size

Sizes = Tuple[Tuple[str, Size], ...]


class Source:
    """The file; reading it raises what it raises."""

    def __init__(self, path: Path, root: Path) -> None:
        self.path, self._root = path, root
        self._text = path.read_bytes()
        self._made: Optional[Tuple[Sizes, ModuleType]] = None

    @property
    def names_a_gpu(self) -> bool:
        return redirect.names_a_gpu(self._text.decode("utf-8", "replace"))

    def module(self, sizes: Mapping[str, Size]) -> Any:
        """The file executed, with other numbers than it states; the last one is kept."""
        wanted = tuple(sizes.items())
        if self._made is None or self._made[0] != wanted:
            self._made = None
            self._made = (wanted, self._executed(sizes))
        return self._made[1]

    def _executed(self, sizes: Mapping[str, Size]) -> ModuleType:
        as_it_is = provider_file.load(self.path, self._root)
        if not sizes:
            return as_it_is
        tree = reading.with_sizes(reading.tree_of(self._text, self.path.name), sizes)
        made = ModuleType(f"{as_it_is.__name__}_sized")
        # Its imports find its neighbours as those of the file as it is do.
        for name in ("__builtins__", "__file__", "__package__"):
            made.__dict__[name] = as_it_is.__dict__[name]
        sys.modules[made.__name__] = made  # where a dataclass looks for what it is part of
        exec(compile(tree, str(self.path), "exec"), made.__dict__)
        return made
