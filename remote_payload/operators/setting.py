"""What every worker has to know about the run, free of torch so that the parent can make it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional, Tuple

from remote_payload.operators.user.described import Described

# Names the compiled kernel for `blackwell_sparsek`.
LIBRARY_VARIABLE = "BLACKWELL_SPARSEK_LIBRARY"


@dataclass(frozen=True)
class Library:
    """Our kernel, built of other sources than the run's own. folder: that of the snapshot which
    holds their csrc/; path, missing: as `library` and `no_library` of a Setting."""

    folder: str
    path: Optional[str]
    missing: str = ""


@dataclass(frozen=True)
class Setting:
    """device: "cuda" or "cpu". root: folder that relative targets start from.

    library: path of our compiled kernel; None if there is none, then `no_library` says why. On
    the CPU it is the emulated one. others: those of other sources. inputs: folder for what was
    drawn; empty if there is none.
    operator, operator_target: as in the request. own: what a user's own operator was found to be.
    builds: folder of what was compiled, kept; empty if nothing is to be. arch: what to compile for,
    "sm_90a"; empty: the device's own.
    compile_limit_s: for what one provider compiles. threads: of torch in a race, also its judge's;
    None: as many as it takes by itself. drawn: folder for the inputs of a check by one of our
    operators, which outlives the run; empty: they lie with the others.
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
    arch: str = ""
    compile_limit_s: float = 600.0
    others: Tuple[Library, ...] = ()
    drawn: str = ""
    threads: Optional[int] = None

    def of_sources(self, folder: str) -> Setting:
        """For a provider whose library is built of the sources in that folder; empty: as it is."""
        if not folder:
            return self
        none = Library(folder, None, "it was not built")
        found = next((one for one in self.others if one.folder == folder), none)
        return replace(self, library=found.path, no_library=found.missing)
