"""Machine code of our library, for the report: what counters would have told less well."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Optional

from remote_payload.machine.toolkit import nvcc_places
from remote_payload.processes import bounded

FILE = "artifacts/trace/sparsek.sass"
_LIMIT_S = 60.0
_OUTPUT_LIMIT_BYTES = 16 << 20


def disassemble(library: Path, arch: str, job: Path) -> Optional[str]:
    """Write the listing of `library` for `arch` to FILE under `job`; why there is none, or None.

    arch: like "sm_90a". cuobjdump calls nvdisasm, so both have to be there.
    """
    places = os.pathsep.join(nvcc_places())
    program = shutil.which("cuobjdump", path=places)
    if program is None or shutil.which("nvdisasm", path=places) is None:
        return "the host has no cuobjdump with nvdisasm; they come with the CUDA toolkit"
    target = job / FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    argv = [program, "-sass", "-arch", arch, str(library)]
    ended = bounded.run(argv, target, _LIMIT_S, output_limit_bytes=_OUTPUT_LIMIT_BYTES)
    if ended.exit_code == 0:
        return None
    target.unlink()
    return f"cuobjdump failed: {ended.why or f'it ended with status {ended.exit_code}'}"
