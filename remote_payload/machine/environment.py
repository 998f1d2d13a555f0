"""What a job finds in its environment, whoever supervises it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Dict, List, Mapping


def of_job(given: Mapping[str, str], code: str, mark: str) -> Dict[str, str]:
    """Ours, with what the inventory gives. code: the folder of the payload; mark: NAME=value, by
    which a job's processes are known: a run's name may be given twice, in two workspaces."""
    env = dict(os.environ)
    env["PATH"] = os.pathsep.join([env.get("PATH", os.defpath), *cuda_folders()])
    # A log is UTF-8, whatever locale our login has; a provider may print any character.
    env["PYTHONIOENCODING"] = "utf-8:backslashreplace"
    env.update(given)
    # Ours comes first; what the host or the inventory put there stays behind it.
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [code, env.get("PYTHONPATH")]))
    env["PYTHONDONTWRITEBYTECODE"] = env["PYTHONUNBUFFERED"] = "1"
    name, _, value = mark.partition("=")
    env[name] = value
    return env


def cuda_folders() -> List[str]:
    """Toolkit folders that a non-login shell does not have on its PATH."""
    found = [Path("/usr/local/cuda/bin"), *Path("/usr/local").glob("cuda-*/bin")]
    # The plain one first, then by version: 12.10 is newer than 12.9.
    number = {path: [int(one) for one in re.findall(r"\d+", str(path))] for path in found}
    found[1:] = sorted(found[1:], key=lambda path: number[path], reverse=True)
    return [str(path) for path in found if path.is_dir()]
