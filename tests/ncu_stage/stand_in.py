"""A real program in the place of ncu: it runs what it is given and says what ncu would say."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path

from orchestrator.ncu.flags import SECTIONS
from remote_payload.contract.words import Depth
from tests.ncu.places import SAMPLES

FIXTURES = Path(__file__).parent / "fixtures"
RAW = FIXTURES / "raw.csv"
_REAL_REPORT = SAMPLES / "ncu-rep" / "gh200_sm90_two_sections_2025.1.0.ncu-rep"
VERSION = (
    "NVIDIA (R) Nsight Compute Command Line Profiler\n"
    "Copyright (c) 2018-2024 NVIDIA Corporation\n"
    "Version 2025.1.0.0 (build 35237751) (public-release)"
)
# Words of the real one, from github.com/deepseek-ai/DeepGEMM/issues/46.
DENIED = (
    "==ERROR== ERR_NVGPUCTRPERM - The user does not have permission to access NVIDIA GPU "
    "Performance Counters on the target device 0. For instructions on enabling permissions and to "
    "get more information see https://developer.nvidia.com/ERR_NVGPUCTRPERM"
)
_LISTED = "\n".join(f"{name:45} Some Name   no   x.section" for name in SECTIONS[Depth.FULL])


class Mood(str, Enum):
    """What becomes of a call."""

    FINE = "fine"
    DENIED = "denied"
    NO_KERNELS = "no kernels"
    HANGS = "hangs"


_PROGRAM = """#!{python} -IS
import shutil, subprocess, sys, time

words = sys.argv[1:]


def after(option):
    return words[words.index(option) + 1]


if "--version" in words:
    print({version!r})
elif "--help" in words:
    print("  --config-file arg (=on)")
elif "--list-sections" in words:
    print({listed!r})
elif "--import" in words:
    sys.stdout.write(open({raw!r}).read())
else:
    name, export = after("--nvtx-include"), words.index("--export")
    mood = {moods!r}.get(name.rstrip("/"), {otherwise!r})
    print("==PROF== Connected to process 4711 (/usr/bin/python3)", flush=True)
    if mood == "hangs":
        subprocess.Popen(["sleep", "300"])
        time.sleep(300)
    if mood == "no kernels":
        print("==WARNING== No kernels were profiled.")
        print("Available Kernels:\\n1. vectorized_elementwise_kernel")
        sys.exit(0)
    code = subprocess.run(words[export + 2 :]).returncode
    if mood == "denied":
        print({denied!r})
        sys.exit(1)
    if code:
        print("==ERROR== The application returned an error code (%d)." % code)
        sys.exit(code)
    report = {report!r}
    if report:
        shutil.copy(report, words[export + 1])
    else:
        open(words[export + 1], "wb").write(b"NVR" + bytes(1) + b"a stand-in report")
    print("==PROF== Disconnected from process 4711")
"""


def install(folder: Path, otherwise: Mood, moods: dict[str, Mood] | None = None) -> Path:
    """Put a program `ncu` into `folder`. moods: by NVTX range; otherwise: for all the others."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "ncu"
    program.write_text(
        _PROGRAM.format(
            python=sys.executable,
            version=VERSION,
            listed=_LISTED,
            raw=str(RAW),
            moods={name: mood.value for name, mood in (moods or {}).items()},
            otherwise=otherwise.value,
            denied=DENIED,
            report=str(_REAL_REPORT) if _REAL_REPORT.exists() else "",
        )
    )
    program.chmod(0o755)
    return program
