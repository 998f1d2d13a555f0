"""What ncu said went wrong is quoted, and not what it said last."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.contract.tools.ncu_command import complaint
from remote_payload.stages.ncu import ncu

CONNECTED = "==PROF== Connected to process 9012 (/usr/bin/python3.11)\n"
DISCONNECTED = "==PROF== Disconnected from process 9012\n"


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (
            f"{CONNECTED}==ERROR== Unknown Error on device 0.\npid 17416\n{DISCONNECTED}",
            "Unknown Error on device 0.",
        ),
        (
            f"{CONNECTED}==ERROR== Cuda driver is not compatible with Nsight Compute.\n"
            "==WARNING== Failed to load Nsight Compute CUDA modules.\n"
            "==ERROR== The application returned an error code (9).\n",
            "Cuda driver is not compatible with Nsight Compute. / "
            "Failed to load Nsight Compute CUDA modules.",
        ),
        (
            f"{CONNECTED}==ERROR== Failed to prepare kernel for profiling\n"
            "==ERROR== Unknown Error on device 0.\n"
            '==ERROR== Failed to profile "gemm" in process 9012\n'
            "==ERROR== The application returned an error code (9).\n",
            "Failed to prepare kernel for profiling / Unknown Error on device 0.",
        ),
        (
            f"{CONNECTED}{DISCONNECTED}==ERROR== The application returned an error code (1).\n",
            "The application returned an error code (1).",
        ),
        (
            f"{CONNECTED}Error: Unknown Error\n{DISCONNECTED}==WARNING== No kernels were profiled.\n",
            "Error: Unknown Error",
        ),
        (
            f'{CONNECTED}Traceback (most recent call last):\n  File "x.py", line 3, in <module>\n'
            "    raise RuntimeError('it failed')\nRuntimeError: CUDA error: no kernel image\n"
            f"{DISCONNECTED}",
            "RuntimeError: CUDA error: no kernel image",
        ),
        (f"{CONNECTED}step 1\nstep 2\n{DISCONNECTED}", "step 2"),
        (f"{CONNECTED}{DISCONNECTED}", ""),
        ("", ""),
    ],
)
def test_the_first_sentence_that_is_no_mere_consequence_is_quoted(output: str, words: str) -> None:
    assert complaint(output) == words


def test_an_ncu_that_ends_badly_is_quoted_by_its_cause(tmp_path: Path) -> None:
    broken = tmp_path / "ncu"
    broken.write_text(
        "#!/bin/sh\necho 'ncu: error while loading shared libraries: libfoo.so'\n"
        "echo 'run ncu --help for more'\nexit 127\n"
    )
    broken.chmod(0o755)
    with pytest.raises(ncu.Unavailable, match=r"status 127: ncu: error while loading shared"):
        ncu.meet(str(broken), tmp_path)
