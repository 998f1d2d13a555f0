"""What went into a torch extension: which files were read, and where headers were looked for.

torch's compilers list what they read but for the headers of the system, and those are, to them,
also what a variable names (CPLUS_INCLUDE_PATH), what `-isystem` does, and all that a header
includes which says `#pragma GCC system_header`. So what our own files name by #include counts too.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Dict, List

from remote_payload.compiling import compiler
from remote_payload.compiling.kept import Kept
from remote_payload.processes import bounded

_ASK_LIMIT_S = 20.0
_SEARCH = re.compile(r"(?:\s|\A)-(?:I|isystem|iquote|idirafter)[\s=]*(\S+)")


def searched(given: Dict[str, Any]) -> List[str]:
    """The folders in which headers are looked for besides those of torch and of the system."""
    named = [os.path.abspath(str(each)) for each in given.get("extra_include_paths") or ()]
    flags = [*(given.get("extra_cflags") or ()), *(given.get("extra_cuda_cflags") or ())]
    named += _SEARCH.findall(" ".join(map(str, flags)))
    for _, value in compiler.in_force(compiler.HEADER_FOLDERS):
        named += value.split(os.pathsep)
    return [each for each in dict.fromkeys(named) if os.path.isabs(each)]


def read(given: Dict[str, Any], partial: Path, kept: Kept) -> List[str]:
    """The files that went into what was compiled in `partial`, but for those that were made there.
    Where the compilers listed none, all that they may have read."""
    files = [*_sources(given), *(_listed(partial) or kept.everything())]
    found = kept.named_by(files, [*searched(given), str(partial)])
    return [path for path in found if str(partial) not in path]


def _sources(given: Dict[str, Any]) -> List[str]:
    named = given.get("sources") or ()
    return [str(each) for each in ([named] if isinstance(named, (str, Path)) else named)]


def _listed(partial: Path) -> List[str]:
    """What the compilers read besides torch's own headers, by ninja's record of it."""
    ended, said = bounded.ask(("ninja", "-t", "deps"), _ASK_LIMIT_S, str(partial))
    if ended.exit_code != 0:
        return []
    lines = [line.strip() for line in said.splitlines() if line.startswith("    ")]
    return [os.path.join(str(partial), line) for line in lines]
