"""What every worker has to know about the run, free of torch so that the parent can make it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from remote_payload.operators.user.described import Described

# Names the compiled kernel for `blackwell_sparsek`.
LIBRARY_VARIABLE = "BLACKWELL_SPARSEK_LIBRARY"


@dataclass(frozen=True)
class Setting:
    """device: "cuda" or "cpu". root: folder that relative targets start from.

    library: path of our compiled kernel; None if there is none, then `no_library` says why. On
    the CPU it is the emulated one. inputs: folder for what was drawn; empty if there is none.
    operator, operator_target: as in the request. builds: folder of what is compiled and kept.
    own: what a user's own operator was found to be.
    """

    device: str
    root: str
    seed: int
    library: Optional[str] = None
    no_library: str = ""
    inputs: str = ""
    operator: str = "attention"
    operator_target: str = ""
    builds: str = ""
    own: Optional[Described] = None
